#pragma once

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <cstdint>
#include <memory>
#include <string>

namespace troupe::test {

/// What goes wrong, and when.
struct fault_plan {
  enum class operation : uint8_t { append, sync };

  /// Operations on files that are written, so far.
  uint64_t count = 0;
  /// The n-th of them fails, 0: none, and all after it as long as it is set.
  uint64_t first_failure = 0;
  bool only_once = false;
  /// Half of the bytes are written before an append fails.
  bool tears = false;
  rocksdb::IOStatus error = rocksdb::IOStatus::NoSpace("a test wants it so");

  bool fails() {
    ++count;
    return first_failure != 0
           && (only_once ? count == first_failure : count >= first_failure);
  }
};

class faulty_file : public rocksdb::FSWritableFileOwnerWrapper {
public:
  faulty_file(std::unique_ptr<rocksdb::FSWritableFile>&& file, fault_plan& plan)
      : FSWritableFileOwnerWrapper(std::move(file)), plan_(plan) {}

  rocksdb::IOStatus Append(const rocksdb::Slice& bytes,
                           const rocksdb::IOOptions& options,
                           rocksdb::IODebugContext* context) override {
    if (!plan_.fails())
      return FSWritableFileOwnerWrapper::Append(bytes, options, context);
    if (plan_.tears)
      FSWritableFileOwnerWrapper::Append(
          rocksdb::Slice{bytes.data(), bytes.size() / 2}, options, context)
          .PermitUncheckedError();
    return plan_.error;
  }
  rocksdb::IOStatus Append(const rocksdb::Slice& bytes,
                           const rocksdb::IOOptions& options,
                           const rocksdb::DataVerificationInfo&,
                           rocksdb::IODebugContext* context) override {
    return Append(bytes, options, context);
  }
  rocksdb::IOStatus Sync(const rocksdb::IOOptions& options,
                         rocksdb::IODebugContext* context) override {
    return plan_.fails() ? plan_.error
                         : FSWritableFileOwnerWrapper::Sync(options, context);
  }

private:
  fault_plan& plan_;
};

/// The system's files, but writing them fails as planned.
class faulty_file_system : public rocksdb::FileSystemWrapper {
public:
  explicit faulty_file_system(fault_plan& plan)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), plan_(plan) {}

  const char* Name() const override { return "faulty"; }

  rocksdb::IOStatus
  NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                  std::unique_ptr<rocksdb::FSWritableFile>* file,
                  rocksdb::IODebugContext* context) override {
    if (plan_.fails())
      return plan_.error;
    auto status =
        FileSystemWrapper::NewWritableFile(name, options, file, context);
    if (status.ok())
      *file = std::make_unique<faulty_file>(std::move(*file), plan_);
    return status;
  }

private:
  fault_plan& plan_;
};

/// An environment of such files.
class faulty_env {
public:
  fault_plan plan;

  rocksdb::Env* get() { return env_.get(); }

private:
  std::unique_ptr<rocksdb::Env> env_ =
      rocksdb::NewCompositeEnv(std::make_shared<faulty_file_system>(plan));
};

} // namespace troupe::test
