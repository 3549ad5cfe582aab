#include "device/cpu/instruction_set.h"

#include <cpuid.h>

#include <string>

namespace braid {
namespace {

/// Not every compiler's __builtin_cpu_supports knows this one.
bool HasF16c() {
  unsigned eax = 0;
  unsigned ebx = 0;
  unsigned ecx = 0;
  unsigned edx = 0;
  return __get_cpuid(1, &eax, &ebx, &ecx, &edx) != 0 && (ecx & bit_F16C) != 0;
}

bool HasAvx2() {
  return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && HasF16c();
}

bool HasAvx512() {
  return HasAvx2() && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
         __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
}

}  // namespace

std::string_view InstructionSetName(InstructionSet set) {
  switch (set) {
    case InstructionSet::kScalar:
      return "scalar";
    case InstructionSet::kAvx2:
      return "avx2";
    case InstructionSet::kAvx512:
      return "avx512";
  }
  return "unknown";
}

bool CpuSupports(InstructionSet set) {
  switch (set) {
    case InstructionSet::kScalar:
      return true;
    case InstructionSet::kAvx2:
      return HasAvx2();
    case InstructionSet::kAvx512:
      return HasAvx512();
  }
  return false;
}

Result<InstructionSet> BestInstructionSet() {
  if (HasAvx512()) return InstructionSet::kAvx512;
  if (HasAvx2()) return InstructionSet::kAvx2;
  std::string missing;
  if (!__builtin_cpu_supports("avx2")) missing += " AVX2";
  if (!__builtin_cpu_supports("fma")) missing += " FMA";
  if (!HasF16c()) missing += " F16C";
  return Unavailable("this CPU lacks" + missing +
                     "; Braid's CPU operators need AVX2, FMA and F16C (Intel Haswell of 2013, AMD "
                     "Excavator of 2015, or later; in a virtual machine, pass the host's CPU "
                     "features through)");
}

}  // namespace braid
