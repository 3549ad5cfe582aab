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

InterruptWatch::InterruptWatch(std::function<void()> give_up) {
  const sigset_t set = JustInterrupt();
  pthread_sigmask(SIG_BLOCK, &set, nullptr);
  thread_ = std::thread([this, give_up = std::move(give_up)] { Watch(give_up); });
}

InterruptWatch::~InterruptWatch() {
  ended_.store(true);
  thread_.join();
  const sigset_t set = JustInterrupt();
  pthread_sigmask(SIG_UNBLOCK, &set, nullptr);
}

void InterruptWatch::Watch(const std::function<void()>& give_up) noexcept {
  const sigset_t set = JustInterrupt();
  while (!ended_.load()) {
    if (!WaitForInterrupt(set)) continue;
    interrupted_.store(true);
    for (int tenth = 0; tenth < kGraceSeconds * 10 && !ended_.load(); ++tenth) {
      if (WaitForInterrupt(set)) break;
    }
    if (!ended_.load()) give_up();
  }
}

}  // namespace braid
