#include "runtime/backoff.h"

#include <thread>

namespace braid {

void Backoff::Idle() {
  const auto now = std::chrono::steady_clock::now();
  if (!idle_) {
    idle_ = true;
    since_ = now;
  }
  if (now - since_ < kYielding) {
    std::this_thread::yield();
  } else {
    std::this_thread::sleep_for(kNap);
  }
}

}  // namespace braid
