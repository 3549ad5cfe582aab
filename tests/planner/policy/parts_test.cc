// The parts that policies share.
#include "planner/policy/future_memory.h"
#include "planner/policy/length_estimate.h"
#include "planner/policy/on_time.h"
#include "planner/policy/placement.h"
#include "planner/policy/request_set.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <random>
#include <vector>

namespace braid {
namespace {

class Draws {
 public:
  explicit Draws(std::uint64_t seed) : random_(seed) {}
  std::int64_t operator()(std::int64_t low, std::int64_t high) {
    return low + static_cast<std::int64_t>(random_() % static_cast<std::uint64_t>(high - low + 1));
  }

 private:
  std::mt19937_64 random_;
};

/// Token by token: everybody grows by one until it ends.
std::int64_t HighWaterByHand(std::vector<MemoryClaim> claims) {
  std::int64_t most = 0;
  while (!claims.empty()) {
    std::int64_t held = 0;
    for (const MemoryClaim& claim : claims) held += claim.held;
    most = std::max(most, held);
    std::erase_if(claims, [](const MemoryClaim& claim) { return claim.left == 0; });
    for (MemoryClaim& claim : claims) {
      ++claim.held;
      --claim.left;
    }
  }
  return most;
}

TEST(FutureHighWater, IsWhatGrowingTokenByTokenReaches) {
  Draws draw(1);
  for (int round = 0; round < 500; ++round) {
    std::vector<MemoryClaim> claims;
    for (std::int64_t i = draw(0, 8); i > 0; --i) claims.push_back({draw(1, 200), draw(0, 60)});
    const std::int64_t expected = HighWaterByHand(claims);
    EXPECT_EQ(FutureHighWater(claims), expected);
  }
}

TEST(FutureMemory, AdmitsWhatLookingAtAllClaimsAnewWouldAdmit) {
  Draws draw(7);
  FutureMemory memory;
  std::size_t refused = 0;
  std::size_t admitted = 0;
  for (int round = 0; round < 300; ++round) {
    memory.Clear();
    std::vector<MemoryClaim> claims;
    const std::int64_t slots = draw(100, 6'000);
    // Few different rests, as an estimate gives, or many, as an oracle does.
    const std::int64_t most_left = draw(0, 1) == 0 ? 3 : 400;
    for (int i = 0; i < 60; ++i) {
      const MemoryClaim claim = {.held = draw(1, 200), .left = draw(0, most_left)};
      std::vector<MemoryClaim> all = claims;
      all.push_back(claim);
      const std::int64_t high_water = FutureHighWater(all);
      const bool fits = memory.Fits(claim, slots);
      ASSERT_EQ(fits, high_water <= slots) << "round " << round << ", claim " << i;
      ++(fits ? admitted : refused);
      // One that does not fit joins too now and then: the only request of an idle cluster does.
      if (!fits && draw(0, 19) != 0) continue;
      claims.push_back(claim);
      memory.Add(claim);
      ASSERT_EQ(memory.high_water(), high_water);
      ASSERT_EQ(memory.size(), claims.size());
    }
  }
  EXPECT_GT(refused, 1'000U);
  EXPECT_GT(admitted, 1'000U);
}

TEST(RequestSet, KeepsTheOrderOfAdditionThroughRemovals) {
  Draws draw(2);
  RequestSet set;
  std::vector<std::int32_t> places;
  std::vector<RequestIndex> expected;
  for (int round = 0; round < 5'000; ++round) {
    if (expected.size() < 40 && draw(0, 1) == 0) {
      const auto request = static_cast<RequestIndex>(draw(0, 99));
      if (std::find(expected.begin(), expected.end(), request) != expected.end()) continue;
      set.Add(request, places);
      expected.push_back(request);
    } else if (!expected.empty()) {
      const auto place = draw(0, std::ssize(expected) - 1);
      set.Remove(expected[static_cast<std::size_t>(place)], places);
      expected.erase(expected.begin() + place);
    }
    std::vector<RequestIndex> got;
    set.ForEach([&](RequestIndex request) { got.push_back(request); });
    ASSERT_EQ(got, expected);
    ASSERT_EQ(set.size(), expected.size());
    ASSERT_EQ(set.Newest(), expected.empty() ? kNoIndex : expected.back());
  }
}

std::vector<FreeSlots> RandomGroup(Draws& draw) {
  std::vector<FreeSlots> group;
  for (std::int32_t i = 0; i < static_cast<std::int32_t>(draw(1, 5)); ++i) {
    group.push_back({.instance = i, .slots = draw(0, 50)});
  }
  return group;
}

TEST(Placement, TakesJustWhatIsThereOrNothing) {
  Draws draw(3);
  for (int round = 0; round < 2'000; ++round) {
    const std::vector<FreeSlots> before = RandomGroup(draw);
    std::int64_t room = 0;
    for (const FreeSlots& free : before) room += free.slots;
    const std::int64_t tokens = draw(1, 120);
    const bool evenly = draw(0, 1) == 0;
    std::vector<FreeSlots> group = before;
    std::vector<KvShare> shares;
    const bool fits = evenly ? SpreadEvenly(tokens, group, shares)
                             : PackTightly(tokens, draw(0, 20), group, shares);
    ASSERT_EQ(fits, tokens <= room);
    if (!fits) {
      EXPECT_TRUE(shares.empty());
      continue;
    }
    std::int64_t placed = 0;
    for (const KvShare& share : shares) {
      EXPECT_GT(share.tokens, 0);
      placed += share.tokens;
    }
    EXPECT_EQ(placed, tokens);
    for (std::size_t i = 0; i < group.size(); ++i) {
      std::int64_t taken = 0;
      for (const KvShare& share : shares) {
        taken += share.instance == before[i].instance ? share.tokens : 0;
      }
      EXPECT_EQ(group[i].slots, before[i].slots - taken);
      EXPECT_GE(group[i].slots, 0);
    }
  }
}

TEST(Placement, SpreadsEvenlyWhereSlotsAllow) {
  std::vector<FreeSlots> group = {{0, 100}, {1, 5}, {2, 100}};
  std::vector<KvShare> shares;
  ASSERT_TRUE(SpreadEvenly(60, group, shares));
  EXPECT_EQ(group[0].slots + group[2].slots, 145);
  EXPECT_EQ(group[1].slots, 0);
  EXPECT_LE(std::abs(group[0].slots - group[2].slots), 1);
}

TEST(Placement, PacksIntoOneInstanceWithHeadroomWhereOneHasIt) {
  std::vector<FreeSlots> group = {{0, 65}, {1, 90}};
  std::vector<KvShare> shares;
  ASSERT_TRUE(PackTightly(60, 20, group, shares));
  EXPECT_EQ(shares, (std::vector<KvShare>{{1, 60}}));
}

TEST(LengthEstimate, KnowsWithAnOracleAndGuessesWithout) {
  RequestState state;
  state.request.output_tokens = 90;
  state.request.max_output_tokens = 400;
  state.generated = 30;
  EXPECT_EQ(LengthEstimate(true).Left(state), 60);
  EXPECT_EQ(LengthEstimate(true).Most(state), 60);
  LengthEstimate guess(false);
  EXPECT_EQ(guess.Most(state), 370);
  for (int i = 0; i < 5'000; ++i) guess.Finished(100);
  EXPECT_NEAR(static_cast<double>(guess.Left(state)), 70, 1);
  state.generated = 200;
  EXPECT_GT(guess.Left(state), 0) << "it goes on, so more is to come";
  state.generated = 400;
  EXPECT_EQ(guess.Left(state), 0);
}

/// Jobs done when due, of those in `chosen`, one after the other by due date.
bool AllInTime(std::vector<DueWork> jobs, unsigned chosen) {
  std::vector<DueWork> kept;
  for (std::size_t i = 0; i < jobs.size(); ++i) {
    if ((chosen >> i & 1U) != 0) kept.push_back(jobs[i]);
  }
  std::sort(kept.begin(), kept.end(),
            [](const DueWork& a, const DueWork& b) { return a.due_ns < b.due_ns; });
  double done_ns = 0;
  for (const DueWork& job : kept) {
    done_ns += job.work_ns;
    if (done_ns > static_cast<double>(job.due_ns)) return false;
  }
  return true;
}

TEST(OnTime, GivesUpAsFewAsPossible) {
  Draws draw(4);
  for (int round = 0; round < 300; ++round) {
    std::vector<DueWork> jobs;
    for (std::int64_t i = draw(1, 9); i > 0; --i) {
      jobs.push_back({.work_ns = static_cast<double>(draw(1, 40)), .due_ns = draw(1, 120)});
    }
    int best = 0;
    for (unsigned chosen = 0; chosen < 1U << jobs.size(); ++chosen) {
      if (AllInTime(jobs, chosen)) best = std::max(best, __builtin_popcount(chosen));
    }
    std::vector<DueWork> copy = jobs;
    std::vector<DueWork*> pointers;
    for (DueWork& job : copy) pointers.push_back(&job);
    OnTime().Choose(0, pointers);
    unsigned chosen = 0;
    for (std::size_t i = 0; i < copy.size(); ++i) {
      chosen |= copy[i].on_time ? 1U << i : 0U;
    }
    EXPECT_TRUE(AllInTime(jobs, chosen));
    EXPECT_EQ(__builtin_popcount(chosen), best);
  }
}

}  // namespace
}  // namespace braid
