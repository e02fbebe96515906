#include "apps/passwd/prompt.hpp"

#include <signal.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <string>
#include <utility>

namespace troupe::passwd_tool {

namespace {

/// Of a password in MQTT [MQTT-3.1.3.6].
constexpr size_t longest_password = 65535;

constexpr std::array ending_signals{SIGINT, SIGTERM, SIGHUP, SIGQUIT};

/// As it was; for the handler, which can reach nothing else.
termios usual_terminal;

void restore_and_end(int signal_number) {
  tcsetattr(STDIN_FILENO, TCSANOW, &usual_terminal);
  // The default action was restored when the handler was called.
  raise(signal_number);
}

/// Keeps a terminal from showing what is typed, for as long as it lives.
class quiet_terminal {
public:
  quiet_terminal() : is_terminal_(isatty(STDIN_FILENO) != 0) {
    if (!is_terminal_ || tcgetattr(STDIN_FILENO, &usual_terminal) != 0)
      return;
    struct sigaction handling {};
    handling.sa_handler = restore_and_end;
    handling.sa_flags = static_cast<int>(SA_RESETHAND);
    for (size_t i = 0; i < ending_signals.size(); ++i)
      sigaction(ending_signals[i], &handling, &before_[i]);
    auto quiet = usual_terminal;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    // What was typed before is no password.
    is_quiet_ = tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet) == 0;
  }
  quiet_terminal(const quiet_terminal&) = delete;
  quiet_terminal& operator=(const quiet_terminal&) = delete;
  ~quiet_terminal() {
    if (!is_terminal_)
      return;
    tcsetattr(STDIN_FILENO, TCSANOW, &usual_terminal);
    for (size_t i = 0; i < ending_signals.size(); ++i)
      sigaction(ending_signals[i], &before_[i], nullptr);
  }

  /// Whether what is typed would be shown all the same.
  bool has_failed() const noexcept { return is_terminal_ && !is_quiet_; }

private:
  bool is_terminal_;
  bool is_quiet_ = false;
  std::array<struct sigaction, ending_signals.size()> before_{};
};

/// One line of standard input, byte by byte so that nothing of it remains in
/// some buffer, and nothing behind it is consumed.
security::secret read_line() {
  std::string line;
  // Growing would leave copies behind.
  line.reserve(longest_password + 3);
  char next = 0;
  while (line.size() <= longest_password + 1) {
    auto count = ::read(STDIN_FILENO, &next, 1);
    if (count < 0 && errno == EINTR)
      continue;
    if (count <= 0 || next == '\n')
      break;
    line += next;
  }
  if (!line.empty() && line.back() == '\r')
    line.pop_back();
  return security::secret{std::move(line)};
}

} // namespace

checked<security::secret> ask(const char* question, std::FILE* talk) {
  quiet_terminal quiet;
  if (quiet.has_failed())
    return explanation{"the terminal would show the password"};
  std::fprintf(talk, "%s: ", question);
  std::fflush(talk);
  auto line = read_line();
  std::fputc('\n', talk);
  std::fflush(talk);
  if (line.empty())
    return explanation{"Empty password."};
  if (line.view().size() > longest_password)
    return explanation{"The password has more than 65535 bytes, which no MQTT "
                       "client can send."};
  return line;
}

} // namespace troupe::passwd_tool
