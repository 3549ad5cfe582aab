#include "tests/device/operator_data.h"

#include "gtest/gtest.h"
#include <cmath>
#include <limits>

namespace braid::testing {
namespace {

constexpr std::int32_t kWidths[] = {1, 15, 16, 17, 48, 101, 2048};

/// Runs `run` for each instruction set and expects the bits of the scalar one from all.
template <typename Function>
std::vector<float> OnEverySet(Function run) {
  const std::vector<float> expected = run(*MakeOperators(InstructionSet::kScalar));
  for (const InstructionSet set : SupportedSets()) {
    EXPECT_TRUE(SameBits(run(*MakeOperators(set)), expected)) << InstructionSetName(set);
  }
  return expected;
}

TEST(RmsNorm, MatchesADoubleReferenceInPlaceAndNot) {
  for (const std::int32_t width : kWidths) {
    const TestRows x(5, width, 3, 1);
    const std::vector<float> weight = TestRows(1, width, 0, 2).values();
    std::vector<double> expected;
    for (std::int32_t r = 0; r < 5; ++r) {
      double squares = 0;
      for (std::int32_t c = 0; c < width; ++c) squares += std::pow(x.at(r, c), 2);
      for (std::int32_t c = 0; c < width; ++c) {
        expected.push_back(x.at(r, c) / std::sqrt(squares / width + 1e-5) *
                           weight[static_cast<std::size_t>(c)]);
      }
    }
    for (const bool in_place : {false, true}) {
      const std::vector<float> out = OnEverySet([&](Operators& operators) {
        TestRows from(5, width, 3, 1);
        TestRows to(5, width, 4, 3);
        TestRows& written = in_place ? from : to;
        RunForward(
            operators,
            RmsNormArgs{.x = from.view, .weight = weight, .epsilon = 1e-5F, .out = written.view});
        EXPECT_TRUE(written.gaps_untouched());
        return written.values();
      });
      EXPECT_LT(RelativeError(out, expected), 1e-6) << width;
    }
  }
}

TEST(SwiGlu, MatchesADoubleReferenceAlsoWhereItWritesOverAnInput) {
  for (const std::int32_t width : kWidths) {
    TestRows gate(3, width, 2, 4);
    const TestRows up(3, width, 1, 5);
    for (std::int32_t c = 0; c < width; ++c) gate.view.row(1)[c] *= 30;
    std::vector<double> expected;
    for (std::int32_t r = 0; r < 3; ++r) {
      for (std::int32_t c = 0; c < width; ++c) {
        const double g = gate.at(r, c);
        expected.push_back(g / (1 + std::exp(-g)) * up.at(r, c));
      }
    }
    const std::vector<float> out = OnEverySet([&](Operators& operators) {
      TestRows to(3, width, 2, 4);
      std::copy(gate.data.begin(), gate.data.end(), to.data.begin());
      RunForward(operators, SwiGluArgs{.gate = to.view, .up = up.view, .out = to.view});
      EXPECT_TRUE(to.gaps_untouched());
      return to.values();
    });
    EXPECT_LT(RelativeError(out, expected), 1e-6) << width;
  }
}

TEST(SwiGlu, IsZeroFarBelowAndTheProductFarAboveAndCarriesNan) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  std::vector<float> gate = {-200, -1e30F, 200, 0, nan, 1};
  std::vector<float> up = {2, 2, 2, 2, 2, nan};
  std::vector<float> out(6);
  const auto view = [](std::vector<float>& v) {
    return ActivationView{.data = v.data(), .rows = 1, .cols = 6, .stride = 6};
  };
  RunForward(*MakeBestOperators(),
             SwiGluArgs{.gate = view(gate), .up = view(up), .out = view(out)});
  EXPECT_EQ(out[0], 0);
  EXPECT_EQ(out[1], 0);
  EXPECT_EQ(out[2], 400);
  EXPECT_EQ(out[3], 0);
  EXPECT_TRUE(std::isnan(out[4]));
  EXPECT_TRUE(std::isnan(out[5]));
}

TEST(Add, AddsRowsWithTheirOwnStrides) {
  for (const std::int32_t width : kWidths) {
    const TestRows y(4, width, 6, 7);
    const TestRows before(4, width, 2, 6);
    const std::vector<float> out = OnEverySet([&](Operators& operators) {
      TestRows x(4, width, 2, 6);
      RunForward(operators, AddArgs{.x = x.view, .y = y.view});
      EXPECT_TRUE(x.gaps_untouched());
      return x.values();
    });
    for (std::int32_t r = 0; r < 4; ++r) {
      for (std::int32_t c = 0; c < width; ++c) {
        EXPECT_EQ(out[static_cast<std::size_t>(r * width + c)], before.at(r, c) + y.at(r, c));
      }
    }
  }
}

TEST(SelectRows, CopiesRowsInTheOrderAskedForAndAgain) {
  const TestRows x(6, 33, 2, 8);
  const std::vector<std::int32_t> rows = {5, 0, 5};
  TestRows out(3, 33, 1, 9);
  RunForward(*MakeBestOperators(), SelectRowsArgs{.x = x.view, .rows = rows, .out = out.view});
  for (std::int32_t i = 0; i < 3; ++i) {
    for (std::int32_t c = 0; c < 33; ++c) {
      EXPECT_EQ(out.at(i, c), x.at(rows[static_cast<std::size_t>(i)], c));
    }
  }
  EXPECT_TRUE(out.gaps_untouched());
}

TEST(Embed, WidensRowsOfEveryFormatAndGivesZerosOutsideTheShard) {
  for (const DType dtype : kAllDTypes) {
    const std::int32_t width = DTypeBlockElements(dtype) == 1 ? 75 : 96;
    const TestWeights table(dtype, 10, width, 10);
    const std::vector<std::int32_t> tokens = {20, 29, 19, 30, 25, 0};
    const std::vector<float> out = OnEverySet([&](Operators& operators) {
      TestRows to(6, width, 2, 11);
      RunForward(
          operators,
          EmbedArgs{.table = table.view, .first_token = 20, .tokens = tokens, .out = to.view});
      EXPECT_TRUE(to.gaps_untouched());
      return to.values();
    });
    std::vector<double> expected;
    for (const std::int32_t token : tokens) {
      for (std::int32_t c = 0; c < width; ++c) {
        expected.push_back(token >= 20 && token < 30 ? table.at(token - 20, c) : 0.0);
      }
    }
    EXPECT_LT(RelativeError(out, expected), 1e-7) << DTypeName(dtype);
  }
}

TEST(StoreKv, WritesEachRowIntoItsSlotAndNothingElse) {
  const TestRows k(3, 10, 2, 12);
  const TestRows v(3, 10, 1, 13);
  const std::vector<std::int32_t> slots = {4, 0, 2};
  std::vector<float> keys(50, -7.0F);
  std::vector<float> values(50, -7.0F);
  const KvView cache = {
      .keys = keys.data(), .values = values.data(), .num_slots = 5, .kv_heads = 2, .head_dim = 5};
  RunForward(*MakeBestOperators(),
             StoreKvArgs{.k = k.view, .v = v.view, .slots = slots, .cache = cache});
  for (std::int32_t i = 0; i < 3; ++i) {
    for (std::int32_t c = 0; c < 10; ++c) {
      const auto at = static_cast<std::size_t>(slots[static_cast<std::size_t>(i)] * 10 + c);
      EXPECT_EQ(keys[at], k.at(i, c));
      EXPECT_EQ(values[at], v.at(i, c));
    }
  }
  for (const std::size_t slot : {1U, 3U}) {
    for (std::size_t c = 0; c < 10; ++c) {
      EXPECT_EQ(keys[slot * 10 + c], -7.0F);
      EXPECT_EQ(values[slot * 10 + c], -7.0F);
    }
  }
}

struct Pairing {
  bool interleaved;
  bool normalised;
  std::int32_t rotated;  // dimensions
};

std::vector<double> RotateReference(const TestRows& x, const Pairing& pairing,
                                    const std::vector<std::int32_t>& positions,
                                    const std::vector<float>& frequencies,
                                    const std::vector<float>& norm) {
  constexpr std::size_t kDim = 20;
  std::vector<double> out;
  for (std::int32_t r = 0; r < x.view.rows; ++r) {
    for (std::int32_t h = 0; h < 3; ++h) {
      std::vector<double> head(x.view.row(r) + h * 20, x.view.row(r) + (h + 1) * 20);
      double squares = 0;
      for (const double value : head) squares += value * value;
      for (std::size_t d = 0; pairing.normalised && d < kDim; ++d) {
        head[d] *= norm[d] / std::sqrt(squares / kDim + 1e-6);
      }
      const std::size_t pairs = frequencies.size();
      for (std::size_t i = 0; i < pairs; ++i) {
        const std::size_t a = pairing.interleaved ? 2 * i : i;
        const std::size_t b = pairing.interleaved ? 2 * i + 1 : i + pairs;
        const double angle =
            positions[static_cast<std::size_t>(r)] * static_cast<double>(frequencies[i]);
        const double first = head[a];
        const double second = head[b];
        head[a] = first * std::cos(angle) - second * std::sin(angle);
        head[b] = first * std::sin(angle) + second * std::cos(angle);
      }
      out.insert(out.end(), head.begin(), head.end());
    }
  }
  return out;
}

TEST(Rotate, MatchesADoubleReferenceForBothPairingsWholePartialAndNormalised) {
  const std::vector<std::int32_t> positions = {0, 1, 7, 131071};
  const std::vector<float> norm = TestRows(1, 20, 0, 14).values();
  const TestRows x(4, 60, 5, 15);
  for (const bool interleaved : {true, false}) {
    for (const bool normalised : {true, false}) {
      for (const std::int32_t rotated : {20, 12, 2}) {
        const Pairing pairing = {interleaved, normalised, rotated};
        std::vector<float> frequencies;
        for (int i = 0; i < rotated / 2; ++i) {
          frequencies.push_back(std::pow(10000.0F, -2.0F * static_cast<float>(i) / 20.0F));
        }
        const std::vector<float> out = OnEverySet([&](Operators& operators) {
          TestRows to(4, 60, 5, 15);
          RunForward(operators, RotateArgs{.x = to.view,
                                           .head_dim = 20,
                                           .positions = positions,
                                           .frequencies = frequencies,
                                           .interleaved = interleaved,
                                           .norm_weight = normalised ? std::span<const float>(norm)
                                                                     : std::span<const float>(),
                                           .norm_epsilon = 1e-6F});
          EXPECT_TRUE(to.gaps_untouched());
          return to.values();
        });
        EXPECT_LT(RelativeError(out, RotateReference(x, pairing, positions, frequencies, norm)),
                  1e-6)
            << interleaved << normalised << rotated;
      }
    }
  }
}

TEST(RowWiseOperators, GiveTheSameBitsWhateverTheOrderOfTheirTiles) {
  const auto operators = MakeBestOperators();
  const TestRows gate(600, 2048, 0, 16);
  const TestRows up(600, 2048, 0, 17);
  TestRows forward(600, 2048, 0, 18);
  TestRows backward(600, 2048, 0, 19);
  const SwiGluArgs args = {.gate = gate.view, .up = up.view, .out = forward.view};
  ASSERT_GT(operators->NumTiles(args), 1);
  RunForward(*operators, args);
  SwiGluArgs other = args;
  other.out = backward.view;
  RunBackward(*operators, other);
  EXPECT_TRUE(SameBits(forward.values(), backward.values()));
}

TEST(RowWiseOperators, DoNothingForZeroRows) {
  const auto operators = MakeBestOperators();
  const std::vector<float> weight(16, 1.0F);
  for (const OperatorArgs& args :
       {OperatorArgs(RmsNormArgs{.x = {.cols = 16}, .weight = weight, .out = {}}),
        OperatorArgs(EmbedArgs{}), OperatorArgs(RotateArgs{}), OperatorArgs(StoreKvArgs{}),
        OperatorArgs(SwiGluArgs{}), OperatorArgs(AddArgs{}), OperatorArgs(SelectRowsArgs{})}) {
    ASSERT_EQ(operators->NumTiles(args), 1);
    operators->RunTile(args, 0);
  }
}

}  // namespace
}  // namespace braid::testing
