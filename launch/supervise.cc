#include "launch/supervise.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <vector>

namespace braid {
namespace {

constexpr int kCannotExecute = 127;

/// A file descriptor that is closed with it.
class Descriptor {
 public:
  explicit Descriptor(int number) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { Close(); }

  int get() const { return number_; }
  void Close() {
    if (number_ >= 0) close(number_);
    number_ = -1;
  }

 private:
  int number_;
};

sigset_t PassedOn() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  sigaddset(&set, SIGTERM);
  return set;
}

/// In the child, between fork and exec: nothing here may allocate.
[[noreturn]] void Become(char* const* argv, int error_pipe, const sigset_t& mask) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  dup2(error_pipe, STDERR_FILENO);
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  execvp(argv[0], argv);
  _exit(kCannotExecute);
}

void WriteAll(const char* data, std::size_t size) {
  while (size > 0) {
    const ssize_t count = write(STDERR_FILENO, data, size);
    if (count < 0 && errno == EINTR) continue;
    if (count <= 0) return;
    data += count;
    size -= static_cast<std::size_t>(count);
  }
}

/// Copies what is there; false at the end.
bool Relay(int from, SupervisedEnd& end) {
  std::array<char, 4096> buffer;
  const ssize_t count = read(from, buffer.data(), buffer.size());
  if (count < 0 && errno == EINTR) return true;
  if (count <= 0) return false;
  end.spoke = true;
  WriteAll(buffer.data(), static_cast<std::size_t>(count));
  return true;
}

void PassOn(int signals, pid_t child, SupervisedEnd& end) {
  signalfd_siginfo info{};
  if (read(signals, &info, sizeof(info)) != sizeof(info)) return;
  end.signal = static_cast<int>(info.ssi_signo);
  // What the kernel sends for a key goes to the whole group of processes.
  if (info.ssi_code != SI_KERNEL) kill(child, end.signal);
}

/// Until the child has closed its standard error, as it does when it ends.
void Watch(pid_t child, int errors, int signals, SupervisedEnd& end) {
  std::array<pollfd, 2> polled = {pollfd{.fd = errors, .events = POLLIN, .revents = 0},
                                  pollfd{.fd = signals, .events = POLLIN, .revents = 0}};
  while (true) {
    if (poll(polled.data(), polled.size(), -1) < 0 && errno != EINTR) return;
    if (polled[1].revents != 0) PassOn(signals, child, end);
    if (polled[0].revents != 0 && !Relay(errors, end)) return;
  }
}

int WaitFor(pid_t child) {
  int status = 0;
  while (waitpid(child, &status, 0) < 0 && errno == EINTR) {
  }
  return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

}  // namespace

Result<SupervisedEnd> Supervise(const MpirunLine& line) {
  for (const auto& [name, value] : line.variables) setenv(name.c_str(), value.c_str(), 1);
  std::vector<std::string> words = line.arguments;
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);

  std::array<int, 2> ends = {-1, -1};
  if (pipe2(ends.data(), O_CLOEXEC) != 0) {
    return Unavailable(fmt::format("cannot make a pipe: {}", std::strerror(errno)));
  }
  Descriptor errors(ends[0]);
  Descriptor errors_in(ends[1]);
  const sigset_t passed_on = PassedOn();
  sigset_t mask;
  sigprocmask(SIG_BLOCK, &passed_on, &mask);
  Descriptor signals(signalfd(-1, &passed_on, SFD_CLOEXEC));

  const pid_t child = fork();
  if (child == 0) Become(argv.data(), errors_in.get(), mask);
  if (child < 0) return Unavailable(fmt::format("cannot fork: {}", std::strerror(errno)));
  errors_in.Close();
  SupervisedEnd end;
  Watch(child, errors.get(), signals.get(), end);
  end.exit_code = WaitFor(child);
  sigprocmask(SIG_SETMASK, &mask, nullptr);
  if (end.exit_code == kCannotExecute && !end.spoke) {
    return Unavailable(fmt::format("cannot start {}", line.arguments[0]));
  }
  return end;
}

}  // namespace braid
