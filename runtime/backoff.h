#pragma once

#include <chrono>

namespace braid {

/// What a rank does when it has nothing to do: yields the core for a while, so that an answer is
/// seen at once, then naps, so that another rank or program can use the core. A helper thread that
/// watched instead would steal from compute (a nap's timer costs 17-64 us of a core).
/// Thread: rank thread only.
class Backoff {
 public:
  void Progressed() { idle_ = false; }
  void Idle();

 private:
  static constexpr std::chrono::microseconds kYielding{500};
  static constexpr std::chrono::microseconds kNap{50};

  bool idle_ = false;
  std::chrono::steady_clock::time_point since_;
};

}  // namespace braid
