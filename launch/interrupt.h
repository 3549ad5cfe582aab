#pragma once

#include <atomic>
#include <functional>
#include <thread>

namespace braid {

/// Watches for Ctrl-C (SIGINT) while it lives, on a thread of its own and without a handler.
///
/// The first one is noted, so that a program can end in order and say what it has. At a second one
/// `give_up` is called, which must end the process; where the end takes longer than two seconds,
/// `be_late` is, or `give_up` where there is none.
/// Thread: make it before other threads start: they inherit that SIGINT is blocked.
class InterruptWatch {
 public:
  explicit InterruptWatch(std::function<void()> give_up, std::function<void()> be_late = nullptr);
  InterruptWatch(const InterruptWatch&) = delete;
  InterruptWatch& operator=(const InterruptWatch&) = delete;
  ~InterruptWatch();

  /// Any thread.
  bool interrupted() const { return interrupted_.load(std::memory_order_relaxed); }

 private:
  void Watch(const std::function<void()>& give_up, const std::function<void()>& be_late) noexcept;
  bool WaitForSecond() const noexcept;

  std::atomic<bool> interrupted_{false};
  std::atomic<bool> ended_{false};
  std::thread thread_;
};

}  // namespace braid
