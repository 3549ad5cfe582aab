#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace braid {

/// What this machine has, as far as it tells.
struct Machine {
  std::string host;
  std::string cpu;                            ///< model name
  int cores = 0;                              ///< that this process may use
  std::vector<std::string> instruction_sets;  ///< those of interest that it has
  std::uint64_t memory_bytes = 0;
  std::uint64_t available_bytes = 0;      ///< without swapping
  std::uint64_t shared_memory_bytes = 0;  ///< size of /dev/shm; 0: there is none
  bool is_root = false;
};

Machine ThisMachine();

}  // namespace braid
