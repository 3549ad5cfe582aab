#include "tests/device/operator_data.h"

#include "gtest/gtest.h"
#include <cmath>
#include <limits>

namespace braid::testing {
namespace {

struct Shape {
  std::int32_t rows, cols, depth;
};

// Expects every output within `tolerance` of the sum in double, relative to the sum of the terms'
// magnitudes: what rounding can do to a sum does not shrink where its terms cancel.
void ExpectNearReference(const std::vector<float>& out, const TestRows& x, const TestWeights& w,
                         double tolerance) {
  double worst = 0;
  for (std::int32_t r = 0; r < x.view.rows; ++r) {
    for (std::int32_t n = 0; n < w.view.rows; ++n) {
      double sum = 0;
      double magnitude = 1e-30;
      for (std::int32_t k = 0; k < w.view.cols; ++k) {
        const double term = static_cast<double>(x.at(r, k)) * w.at(n, k);
        sum += term;
        magnitude += std::abs(term);
      }
      const auto at = static_cast<std::size_t>(r * w.view.rows + n);
      const double error = std::abs(static_cast<double>(out[at]) - sum) / magnitude;
      worst = error <= worst ? worst : error;  // NaN stays
    }
  }
  EXPECT_LT(worst, tolerance);
}

std::vector<double> Reference(const TestRows& x, const TestWeights& w,
                              const std::vector<float>& bias) {
  std::vector<double> out;
  for (std::int32_t r = 0; r < x.view.rows; ++r) {
    for (std::int32_t n = 0; n < w.view.rows; ++n) {
      double sum = bias.empty() ? 0.0 : static_cast<double>(bias[static_cast<std::size_t>(n)]);
      for (std::int32_t k = 0; k < w.view.cols; ++k) {
        sum += static_cast<double>(x.at(r, k)) * w.at(n, k);
      }
      out.push_back(sum);
    }
  }
  return out;
}

std::vector<float> Multiply(Operators& operators, const TestRows& x, const TestWeights& w,
                            const std::vector<float>& bias = {}) {
  TestRows out(x.view.rows, w.view.rows, 3, 99);
  RunForward(operators, MatMulArgs{.x = x.view, .weight = w.view, .bias = bias, .out = out.view});
  EXPECT_TRUE(out.gaps_untouched());
  return out.values();
}

std::vector<Shape> ShapesFor(DType dtype) {
  std::vector<Shape> shapes;
  for (const std::int32_t rows : {1, 2, 3, 5, 8, 12, 13, 24, 25, 29, 70}) {
    shapes.push_back({.rows = rows, .cols = 29, .depth = 96});
  }
  shapes.push_back({.rows = 1, .cols = 1, .depth = 32});
  shapes.push_back({.rows = 37, .cols = 1, .depth = 1120});  // two slices of K
  shapes.push_back({.rows = 150, .cols = 5, .depth = 64});   // two blocks of rows
  shapes.push_back({.rows = 26, .cols = 3, .depth = 6240});  // two panels
  if (DTypeBlockElements(dtype) == 1) {
    for (const std::int32_t depth : {1, 15, 17, 31, 100, 1033}) {
      shapes.push_back({.rows = 4, .cols = 6, .depth = depth});
      shapes.push_back({.rows = 30, .cols = 7, .depth = depth});
    }
  }
  return shapes;
}

class MatMul : public ::testing::TestWithParam<DType> {};

TEST_P(MatMul, MatchesADoubleReferenceOverOddShapesOnEveryInstructionSet) {
  for (const InstructionSet set : SupportedSets()) {
    const auto operators = MakeOperators(set);
    for (const Shape& shape : ShapesFor(GetParam())) {
      const TestRows x(shape.rows, shape.depth, 5, 1);
      const TestWeights w(GetParam(), shape.cols, shape.depth, 2);
      SCOPED_TRACE(std::string(InstructionSetName(set)) + " rows " + std::to_string(shape.rows) +
                   " cols " + std::to_string(shape.cols) + " depth " + std::to_string(shape.depth));
      ExpectNearReference(Multiply(*operators, x, w), x, w, 5e-7);
    }
  }
}

TEST_P(MatMul, GivesTheSameBitsOnEveryInstructionSet) {
  for (const Shape& shape : ShapesFor(GetParam())) {
    const TestRows x(shape.rows, shape.depth, 5, 3);
    const TestWeights w(GetParam(), shape.cols, shape.depth, 4);
    const auto scalar = MakeOperators(InstructionSet::kScalar);
    const std::vector<float> expected = Multiply(*scalar, x, w);
    for (const InstructionSet set : SupportedSets()) {
      EXPECT_TRUE(SameBits(Multiply(*MakeOperators(set), x, w), expected))
          << InstructionSetName(set) << " rows " << shape.rows << " depth " << shape.depth;
    }
  }
}

TEST_P(MatMul, GivesARowTheSameBitsAloneAndInAnyBatch) {
  const TestWeights w(GetParam(), 41, 1120, 5);
  const TestRows all(70, 1120, 0, 6);
  for (const InstructionSet set : SupportedSets()) {
    const auto operators = MakeOperators(set);
    const std::vector<float> together = Multiply(*operators, all, w);
    for (const std::int32_t rows : {1, 2, 7, 12, 17, 33}) {
      for (std::int32_t first = 0; first < 70; first += rows) {
        TestRows some(std::min(rows, 70 - first), 1120, 0, 7);
        for (std::int32_t r = 0; r < some.view.rows; ++r) {
          std::copy_n(all.view.row(first + r), 1120, some.view.row(r));
        }
        const std::vector<float> expected(together.begin() + first * 41,
                                          together.begin() + (first + some.view.rows) * 41);
        ASSERT_TRUE(SameBits(Multiply(*operators, some, w), expected))
            << InstructionSetName(set) << " rows " << rows << " first " << first;
      }
    }
  }
}

TEST_P(MatMul, GivesTheSameBitsWhateverTheOrderOfItsTiles) {
  const auto operators = MakeBestOperators();
  for (const std::int32_t rows : {1, 20, 200}) {
    const TestRows x(rows, 2048, 0, 8);
    const TestWeights w(GetParam(), 700, 2048, 9);
    TestRows forward(rows, 700, 0, 10);
    TestRows backward(rows, 700, 0, 11);
    const MatMulArgs to_forward = {.x = x.view, .weight = w.view, .bias = {}, .out = forward.view};
    MatMulArgs to_backward = to_forward;
    to_backward.out = backward.view;
    ASSERT_GT(operators->NumTiles(to_forward), 1);
    RunForward(*operators, to_forward);
    RunBackward(*operators, to_backward);
    EXPECT_TRUE(SameBits(forward.values(), backward.values())) << rows;
  }
}

TEST_P(MatMul, IsFastWithinTheStatedToleranceOfExact) {
  const auto exact = MakeBestOperators(Numerics::kExact);
  const auto fast = MakeBestOperators(Numerics::kFast);
  for (const Shape& shape : ShapesFor(GetParam())) {
    const TestRows x(shape.rows, shape.depth, 0, 12);
    const TestWeights w(GetParam(), shape.cols, shape.depth, 13);
    const std::vector<float> expected = Multiply(*exact, x, w);
    EXPECT_LE(RelativeError(Multiply(*fast, x, w), {expected.begin(), expected.end()}), 1e-5);
  }
}

TEST_P(MatMul, AddsABiasOncePerOutput) {
  const auto operators = MakeBestOperators();
  for (const std::int32_t rows : {1, 30}) {
    const TestRows x(rows, 64, 0, 14);
    const TestWeights w(GetParam(), 31, 64, 15);
    const std::vector<float> bias = TestRows(1, 31, 0, 16).values();
    EXPECT_LT(RelativeError(Multiply(*operators, x, w, bias), Reference(x, w, bias)), 2e-6);
  }
}

TEST_P(MatMul, LeavesZeroRowsAlone) {
  const auto operators = MakeBestOperators();
  const TestRows x(0, 64, 0, 17);
  const TestWeights w(GetParam(), 31, 64, 18);
  const MatMulArgs args = {.x = x.view, .weight = w.view, .bias = {}, .out = {}};
  EXPECT_EQ(operators->NumTiles(args), 1);
  operators->RunTile(args, 0);
}

TEST_P(MatMul, CarriesNanAndInfinityIntoTheirRowsOnly) {
  const auto operators = MakeBestOperators();
  for (const std::int32_t rows : {3, 40}) {
    TestRows x(rows, 64, 0, 19);
    x.view.row(0)[63] = std::numeric_limits<float>::quiet_NaN();
    x.view.row(1)[5] = std::numeric_limits<float>::infinity();
    const TestWeights w(GetParam(), 9, 64, 20);
    const std::vector<float> out = Multiply(*operators, x, w);
    for (std::size_t n = 0; n < 9; ++n) {
      EXPECT_TRUE(std::isnan(out[n]));
      EXPECT_FALSE(std::isfinite(out[9 + n]));
      EXPECT_TRUE(std::isfinite(out[18 + n]));
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Every, MatMul, ::testing::ValuesIn(kAllDTypes),
                         [](const auto& dtype) { return std::string(DTypeName(dtype.param)); });

TEST(CpuOperators, RefuseAnInstructionSetThatTheCpuLacks) {
  if (CpuSupports(InstructionSet::kAvx512)) {
    GTEST_SKIP() << "this CPU has every instruction set";
  }
  const auto operators = MakeCpuOperators({.instruction_set = InstructionSet::kAvx512});
  ASSERT_FALSE(operators.ok());
  EXPECT_EQ(operators.error().code(), StatusCode::kUnavailable);
}

TEST(CpuOperators, TakeTheBestInstructionSetByDefault) {
  const auto best = BestInstructionSet();
  ASSERT_TRUE(best.ok());
  EXPECT_EQ(*best, SupportedSets().back());
  EXPECT_TRUE(MakeCpuOperators({}).ok());
}

}  // namespace
}  // namespace braid::testing
