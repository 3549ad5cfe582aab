#include "launch/comparison.h"

#include "launch/splits.h"
#include "launch/verify_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <cmath>
#include <limits>

namespace braid {
namespace {

using testing::HasSubstr;
using Row = std::array<float, 3>;

ReferenceLogits TwoRows() {
  ReferenceLogits reference(3);
  reference.Add(Row{1.0F, -4.0F, 2.0F});
  reference.Add(Row{3.0F, 2.9999F, 0.0F});
  return reference;
}

TEST(BestToken, IsTheLowestOfEqualOnes) { EXPECT_EQ(BestToken(Row{1.0F, 5.0F, 5.0F}), 1); }

TEST(LogitComparison, FindsNoDifferenceInEqualRows) {
  const ReferenceLogits reference = TwoRows();
  LogitComparison comparison(reference, 0, 1e-4);
  comparison.Add(0, reference.row(0));
  comparison.Add(1, reference.row(1));
  EXPECT_EQ(comparison.difference().relative_difference, 0);
  EXPECT_EQ(comparison.difference().tokens, 2);
  EXPECT_EQ(comparison.difference().equal_tokens, 2);
  EXPECT_TRUE(comparison.difference().IsEqual(0));
}

TEST(LogitComparison, RelatesTheLargestDifferenceToTheLargestLogitOfAllRows) {
  const ReferenceLogits reference = TwoRows();
  LogitComparison comparison(reference, 0, 1e-4);
  comparison.Add(1, Row{3.0F, 2.9999F, 1.0F});
  EXPECT_DOUBLE_EQ(comparison.difference().relative_difference, 0.25);
  EXPECT_FALSE(comparison.difference().IsEqual(0.1));
}

TEST(LogitComparison, CountsANearTieWhereTheReferencesTwoBestLogitsAreClose) {
  const ReferenceLogits reference = TwoRows();
  LogitComparison comparison(reference, 1, 1e-3);
  comparison.Add(0, Row{1.0F, -4.0F, 2.0F});
  comparison.Add(1, Row{2.9999F, 3.0F, 0.0F});
  const SplitDifference& difference = comparison.difference();
  EXPECT_EQ(difference.tokens, 1);
  EXPECT_EQ(difference.equal_tokens, 0);
  ASSERT_EQ(difference.near_ties.size(), 1U);
  EXPECT_EQ(difference.near_ties[0].expected, 0);
  EXPECT_EQ(difference.near_ties[0].found, 1);
  EXPECT_NEAR(difference.near_ties[0].gap, 1e-4 / 4, 1e-6);
  EXPECT_TRUE(difference.IsEqual(1e-3));
}

TEST(LogitComparison, ExcusesNoOtherTokenThatDiffers) {
  const ReferenceLogits reference = TwoRows();
  LogitComparison comparison(reference, 0, 1e-3);
  comparison.Add(0, Row{2.0F, -4.0F, 1.9F});
  EXPECT_TRUE(comparison.difference().near_ties.empty());
  EXPECT_FALSE(comparison.difference().IsEqual(1));
}

TEST(LogitComparison, NeverTakesWhatIsNotANumberForEqual) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  const ReferenceLogits reference = TwoRows();
  LogitComparison comparison(reference, 0, 1e-4);
  comparison.Add(0, Row{1.0F, kNan, 2.0F});
  EXPECT_TRUE(std::isinf(comparison.difference().relative_difference));

  ReferenceLogits broken(3);
  broken.Add(Row{kNan, 1.0F, 2.0F});
  LogitComparison with_broken(broken, 0, 1e-4);
  with_broken.Add(0, Row{kNan, 1.0F, 2.0F});
  EXPECT_FALSE(with_broken.difference().IsEqual(1e-4));
}

TEST(Splits, AreEachDegreeAloneAndThenEveryPair) {
  std::vector<std::string> names;
  for (const Mesh& mesh : SplitsOf({2, 4}, {3})) names.push_back(SplitName(mesh));
  EXPECT_EQ(names,
            (std::vector<std::string>{"tp 2", "tp 4", "pp 3", "tp 2 x pp 3", "tp 4 x pp 3"}));
  EXPECT_TRUE(SplitsOf({}, {}).empty());
}

TEST(Splits, NameTheOneThatTheModelCannotDo) {
  ModelSpec spec;
  spec.num_layers = 5;
  spec.num_heads = 8;
  spec.num_kv_heads = 4;
  spec.head_dim = 8;
  spec.model_dim = 64;
  spec.ffn_dim = 172;
  spec.vocab_size = 512;
  EXPECT_TRUE(CheckSplits(spec, SplitsOf({2, 8}, {5})).ok());
  EXPECT_THAT(CheckSplits(spec, SplitsOf({9}, {})).message(), HasSubstr("split tp 9"));
  EXPECT_THAT(CheckSplits(spec, SplitsOf({2}, {6})).message(), HasSubstr("split pp 6"));
}

VerifyReport SomeReport() {
  VerifyReport report{.rows = 10, .splits = {}};
  report.splits.push_back({.mesh = {2, 1},
                           .difference = {.relative_difference = 1e-6,
                                          .rows = 10,
                                          .tokens = 4,
                                          .equal_tokens = 3,
                                          .near_ties = {{7, 1, 2, 1e-7}}},
                           .tolerance = 1e-4});
  return report;
}

TEST(VerifyReportTest, SaysThatAllAreEqualAndShowsNearTies) {
  const std::string text = VerifyTable(SomeReport());
  EXPECT_THAT(text, HasSubstr("tp 2"));
  EXPECT_THAT(text, HasSubstr("3 of 4"));
  EXPECT_THAT(text, HasSubstr("near tie, tp 2: position 7, token 2 instead of 1"));
  EXPECT_THAT(text, HasSubstr("all equal: 1 splits"));
}

TEST(VerifyReportTest, SaysHowManySplitsDiffer) {
  VerifyReport report = SomeReport();
  report.splits[0].difference.relative_difference = 0.5;
  EXPECT_FALSE(report.all_equal());
  EXPECT_THAT(VerifyTable(report), HasSubstr("DIFFERENT"));
  EXPECT_THAT(VerifyTable(report), HasSubstr("1 of 1 splits differ"));
}

TEST(VerifyReportTest, SurvivesJsonEvenWhereADifferenceIsInfinite) {
  VerifyReport report = SomeReport();
  report.splits[0].difference.relative_difference = std::numeric_limits<double>::infinity();
  const Result<VerifyReport> again = ParseVerifyJson(VerifyJson(report));
  ASSERT_TRUE(again.ok()) << again.error().message();
  EXPECT_EQ(VerifyTable(*again), VerifyTable(report));
  EXPECT_FALSE(ParseVerifyJson("{}").ok());
  EXPECT_FALSE(ParseVerifyJson("no").ok());
}

}  // namespace
}  // namespace braid
