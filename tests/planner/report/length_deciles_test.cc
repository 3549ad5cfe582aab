#include "planner/sim/report/length_deciles.h"

#include <gtest/gtest.h>

#include <cstdint>

namespace braid {
namespace {

TEST(LengthDeciles, CutsTheRequestsIntoTenEqualPartsByLength) {
  LengthDeciles lengths;
  // In an order that is not that of lengths; those of the longest tenth fail.
  for (std::int64_t i = 0; i < 1'000; ++i) {
    const std::int64_t tokens = i * 7 % 1'000 + 1;
    lengths.Add(tokens, tokens <= 900);
  }
  const auto deciles = lengths.Deciles();
  for (std::size_t d = 0; d < 10; ++d) {
    const auto first = static_cast<std::int64_t>(d) * 100 + 1;
    EXPECT_EQ(deciles[d].min_tokens, first);
    EXPECT_EQ(deciles[d].max_tokens, first + 99);
    EXPECT_EQ(deciles[d].requests, 100);
    EXPECT_EQ(deciles[d].attainment, d == 9 ? 0 : 1);
  }
}

TEST(LengthDeciles, EqualLengthsCountInProportionWhateverTheirOrder) {
  LengthDeciles lengths;
  for (int i = 0; i < 100; ++i) lengths.Add(50, i < 70);
  for (const LengthDecile& decile : lengths.Deciles()) {
    EXPECT_EQ(decile.requests, 10);
    EXPECT_DOUBLE_EQ(decile.attainment, 0.7);
    EXPECT_EQ(decile.min_tokens, 50);
  }
}

TEST(LengthDeciles, ALengthAcrossACutIsSharedByBothSides) {
  LengthDeciles lengths;
  for (int i = 0; i < 5; ++i) lengths.Add(1, true);
  for (int i = 0; i < 10; ++i) lengths.Add(2, false);  // half in the first tenth of 100
  for (int i = 0; i < 85; ++i) lengths.Add(3, true);
  const auto deciles = lengths.Deciles();
  EXPECT_DOUBLE_EQ(deciles[0].attainment, 0.5);
  EXPECT_DOUBLE_EQ(deciles[1].attainment, 0.5);
  EXPECT_DOUBLE_EQ(deciles[2].attainment, 1);
}

TEST(LengthDeciles, FewerThanTenRequestsStillFillAllDeciles) {
  LengthDeciles lengths;
  lengths.Add(10, true);
  lengths.Add(20, false);
  lengths.Add(30, true);
  double requests = 0;
  double met = 0;
  for (const LengthDecile& decile : lengths.Deciles()) {
    EXPECT_DOUBLE_EQ(decile.requests, 0.3);
    requests += decile.requests;
    met += decile.requests * decile.attainment;
  }
  EXPECT_NEAR(requests, 3, 1e-12);
  EXPECT_NEAR(met, 2, 1e-12);
}

TEST(LengthDeciles, OfNoRequestsAreMet) {
  for (const LengthDecile& decile : LengthDeciles().Deciles()) EXPECT_EQ(decile.attainment, 1);
}

TEST(LengthDeciles, CountsBucketsWhereThereAreTooManyLengthsAndStaysNear) {
  // Every length once, three times as many as are counted exactly; the longer, the later.
  const auto most = static_cast<std::int64_t>(3 * LengthDeciles::kMostLengths);
  LengthDeciles upward;
  LengthDeciles downward;
  for (std::int64_t i = 1; i <= most; ++i) {
    upward.Add(i, i <= most / 2);
    downward.Add(most + 1 - i, most + 1 - i <= most / 2);
  }
  const auto deciles = upward.Deciles();
  const auto others = downward.Deciles();
  for (std::size_t d = 0; d < 10; ++d) {
    const double first = static_cast<double>(most) * static_cast<double>(d) / 10;
    EXPECT_NEAR(static_cast<double>(deciles[d].min_tokens), first, first / 256 + 1);
    EXPECT_NEAR(deciles[d].requests, static_cast<double>(most) / 10, 1e-6);
    EXPECT_NEAR(deciles[d].attainment, d < 5 ? 1 : 0, 0.02);
    EXPECT_EQ(deciles[d].min_tokens, others[d].min_tokens);
    EXPECT_EQ(deciles[d].max_tokens, others[d].max_tokens);
    EXPECT_EQ(deciles[d].attainment, others[d].attainment) << "whatever the order";
  }
  EXPECT_EQ(deciles[9].max_tokens, most);
}

}  // namespace
}  // namespace braid
