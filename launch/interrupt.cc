#include "launch/interrupt.h"

#include <csignal>
#include <ctime>
#include <utility>

namespace braid {
namespace {

constexpr int kGraceSeconds = 2;

sigset_t JustInterrupt() {
  sigset_t set;
  sigemptyset(&set);
  sigaddset(&set, SIGINT);
  return set;
}

/// Waits for SIGINT; false after a tenth of a second without one.
bool WaitForInterrupt(const sigset_t& set) {
  const timespec pause{.tv_sec = 0, .tv_nsec = 100'000'000};
  return sigtimedwait(&set, nullptr, &pause) == SIGINT;
}

}  // namespace

InterruptWatch::InterruptWatch(std::function<void()> give_up, std::function<void()> be_late) {
  const sigset_t set = JustInterrupt();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::thread([this, give_up = std::move(give_up), be_late = std::move(be_late)] {
    Watch(give_up, be_late);
  });
}

InterruptWatch::~InterruptWatch() {
  ended_.store(true);
  thread_.join();
  const sigset_t set = JustInterrupt();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

/// False where the end takes longer than the time it is given.
bool InterruptWatch::WaitForSecond() const noexcept {
  const sigset_t set = JustInterrupt();
  for (int tenth = 0; tenth < kGraceSeconds * 10 && !ended_.load(); ++tenth) {
    if (WaitForInterrupt(set)) return true;
  }
  return false;
}

void InterruptWatch::Watch(const std::function<void()>& give_up,
                           const std::function<void()>& be_late) noexcept {
  const sigset_t set = JustInterrupt();
  while (!ended_.load()) {
    if (!WaitForInterrupt(set)) continue;
    interrupted_.store(true);
    bool again = WaitForSecond();
    if (!again && !ended_.load() && be_late != nullptr) {
      be_late();
      while (!again && !ended_.load()) again = WaitForInterrupt(set);
    }
    if (!ended_.load()) give_up();
  }
}

}  // namespace braid
