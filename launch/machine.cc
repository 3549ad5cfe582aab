#include "launch/machine.h"

#include <sched.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <string_view>

namespace braid {
namespace {

/// The text behind "key<blanks>:" in a file of /proc.
std::string FieldOf(const std::string& file, std::string_view key) {
  std::ifstream lines(file);
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with(key)) continue;
    const std::size_t colon = line.find(':');
    if (colon == std::string::npos) continue;
    const std::size_t begin = line.find_first_not_of(" \t", colon + 1);
    return begin == std::string::npos ? "" : line.substr(begin);
  }
  return "";
}

std::uint64_t MemoryField(std::string_view key) {
  return std::strtoull(FieldOf("/proc/meminfo", key).c_str(), nullptr, 10) * 1024;
}

int UsableCores() {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof(set), &set) == 0) return CPU_COUNT(&set);
  return static_cast<int>(sysconf(_SC_NPROCESSORS_ONLN));
}

std::vector<std::string> InstructionSets() {
  std::vector<std::string> sets;
#if defined(__x86_64__)
  // The builtin takes literals only.
  if (__builtin_cpu_supports("avx2")) sets.emplace_back("avx2");
  if (__builtin_cpu_supports("fma")) sets.emplace_back("fma");
  if (__builtin_cpu_supports("avx512f")) sets.emplace_back("avx512f");
  if (__builtin_cpu_supports("avx512bw")) sets.emplace_back("avx512bw");
  if (__builtin_cpu_supports("avx512dq")) sets.emplace_back("avx512dq");
  if (__builtin_cpu_supports("avx512vl")) sets.emplace_back("avx512vl");
  if (__builtin_cpu_supports("avx512vnni")) sets.emplace_back("avx512vnni");
  if (__builtin_cpu_supports("avx512bf16")) sets.emplace_back("avx512bf16");
#endif
  return sets;
}

}  // namespace

Machine ThisMachine() {
  Machine machine;
  std::array<char, 256> host{};
  if (gethostname(host.data(), host.size() - 1) == 0) machine.host = host.data();
  machine.cpu = FieldOf("/proc/cpuinfo", "model name");
  machine.cores = UsableCores();
  machine.instruction_sets = InstructionSets();
  machine.memory_bytes = MemoryField("MemTotal");
  machine.available_bytes = MemoryField("MemAvailable");
  struct statvfs shared {};
  if (statvfs("/dev/shm", &shared) == 0) {
    machine.shared_memory_bytes = std::uint64_t{shared.f_blocks} * shared.f_frsize;
  }
  machine.is_root = geteuid() == 0;
  return machine;
}

}  // namespace braid
