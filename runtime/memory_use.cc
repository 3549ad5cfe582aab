#include "runtime/memory_use.h"

#include <fstream>
#include <sstream>
#include <string>

namespace braid {

std::uint64_t PeakMemoryBytes() {
  // The kernel's own high-water mark, in KiB; getrusage would inherit the parent's across exec.
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    if (!line.starts_with("VmHWM:")) continue;
    std::uint64_t kib = 0;
    std::istringstream(line.substr(6)) >> kib;
    return kib * 1024;
  }
  return 0;
}

}  // namespace braid
