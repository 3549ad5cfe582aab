#pragma once

#include "base/dtype.h"
#include "device/cpu/cpu_operators.h"
#include "device/operators.h"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <random>
#include <string>
#include <vector>

namespace braid::testing {

inline constexpr DType kAllDTypes[] = {DType::kF32,  DType::kF16,  DType::kBF16,
                                       DType::kQ8_0, DType::kQ4_0, DType::kQ4_1};

/// Random weights in a format, with what each of them means in double (decoded here by the
/// format's definition, not by the code under test).
struct TestWeights {
  std::vector<std::byte> bytes;
  std::vector<double> values;  ///< [rows, cols]
  WeightView view;

  TestWeights(DType dtype, std::int32_t rows, std::int32_t cols, std::uint32_t seed);
  double at(std::int32_t row, std::int32_t col) const;
};

/// Random activations in [-1, 1), rows `stride` apart; what lies between the rows is NaN, so that
/// whoever reads it shows.
struct TestRows {
  std::vector<float> data;
  ActivationView view;

  TestRows(std::int32_t rows, std::int32_t cols, std::int32_t padding, std::uint32_t seed);
  float at(std::int32_t row, std::int32_t col) const { return view.row(row)[col]; }
  /// The rows without what lies between.
  std::vector<float> values() const;
  /// True while everything between the rows is still NaN.
  bool gaps_untouched() const;
};

/// The instruction sets of this CPU.
std::vector<InstructionSet> SupportedSets();

std::unique_ptr<Operators> MakeOperators(InstructionSet set, Numerics numerics = Numerics::kExact);
std::unique_ptr<Operators> MakeBestOperators(Numerics numerics = Numerics::kExact);

void RunForward(Operators& operators, const OperatorArgs& args);
void RunBackward(Operators& operators, const OperatorArgs& args);

/// True where both hold the same bits; NaN equals NaN.
bool SameBits(const std::vector<float>& a, const std::vector<float>& b);

/// max |a - b| / max |b|.
double RelativeError(const std::vector<float>& a, const std::vector<double>& b);

}  // namespace braid::testing
