#pragma once

#include <future>
#include <memory>

namespace troupe::actors {

/// Waits until everybody has let go of a token.
class reload_end {
public:
  /// Once.
  std::shared_ptr<const void> make_token();
  /// Blocks. False: somebody did not for too long.
  bool wait();

private:
  std::shared_ptr<std::promise<void>> done_ =
      std::make_shared<std::promise<void>>();
};

} // namespace troupe::actors
