#include "engine/slot_ranges.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <random>
#include <vector>

namespace braid {
namespace {

/// The same as one flag a slot.
struct NaiveSlots {
  std::vector<bool> free;

  std::int32_t FreeFrom(std::int32_t first) const {
    std::int32_t count = 0;
    for (auto slot = static_cast<std::size_t>(first); slot < free.size() && free[slot]; ++slot) {
      ++count;
    }
    return count;
  }
  /// The shortest run of at least `count`; else the longest; of equal ones the first.
  SlotRanges::Range Find(std::int32_t count) const {
    SlotRanges::Range fits;
    SlotRanges::Range longest;
    for (std::int32_t first = 0; first < static_cast<std::int32_t>(free.size());) {
      const std::int32_t run = FreeFrom(first);
      if (run >= count && (fits.count == 0 || run < fits.count)) fits = {first, run};
      if (run > longest.count) longest = {first, run};
      first += std::max(1, run);
    }
    return fits.count > 0 ? SlotRanges::Range{fits.first, count} : longest;
  }
  void Set(SlotRanges::Range range, bool value) {
    for (std::int32_t slot = range.first; slot < range.first + range.count; ++slot) {
      free[static_cast<std::size_t>(slot)] = value;
    }
  }
};

TEST(SlotRanges, TakesTheShortestRunThatFitsElseTheLongest) {
  SlotRanges slots(20);
  ASSERT_EQ(slots.Take(20).count, 20);
  slots.Give({2, 3});
  slots.Give({8, 6});
  slots.Give({16, 4});
  const SlotRanges::Range fits = slots.Take(4);
  EXPECT_EQ(fits.first, 16);
  EXPECT_EQ(fits.count, 4);
  const SlotRanges::Range longest = slots.Take(9);
  EXPECT_EQ(longest.first, 8);
  EXPECT_EQ(longest.count, 6);
  EXPECT_EQ(slots.num_free(), 3);
}

TEST(SlotRanges, GivesNothingWhereNothingIsFreeOrWanted) {
  SlotRanges none(0);
  EXPECT_EQ(none.Take(1).count, 0);
  SlotRanges slots(4);
  EXPECT_EQ(slots.Take(0).count, 0);
  EXPECT_EQ(slots.TakeAt(4, 1), 0);
  EXPECT_EQ(slots.TakeAt(3, 5), 1);
  EXPECT_EQ(slots.TakeAt(3, 1), 0);
  slots.Give({3, 0});
  EXPECT_EQ(slots.num_free(), 3);
}

TEST(SlotRanges, KeepsTheBooksOfOneFlagASlot) {
  std::mt19937_64 random(3);
  const auto below = [&random](std::int32_t bound) {
    return static_cast<std::int32_t>(random() % static_cast<std::uint64_t>(bound));
  };
  for (const std::int32_t size : {1, 7, 64, 300}) {
    SlotRanges slots(size);
    NaiveSlots naive{std::vector<bool>(static_cast<std::size_t>(size), true)};
    std::vector<SlotRanges::Range> held;
    for (int i = 0; i < 3'000; ++i) {
      const std::int32_t count = 1 + below(1 + size / 3);
      if (below(2) == 0) {
        const SlotRanges::Range expected = naive.Find(count);
        const SlotRanges::Range taken = slots.Take(count);
        ASSERT_EQ(taken.count, expected.count);
        if (taken.count == 0) continue;
        ASSERT_EQ(taken.first, expected.first);
        naive.Set(taken, false);
        held.push_back(taken);
      } else if (below(3) == 0) {
        const std::int32_t first = below(size);
        const std::int32_t expected = std::min(count, naive.FreeFrom(first));
        ASSERT_EQ(slots.TakeAt(first, count), expected);
        if (expected == 0) continue;
        naive.Set({first, expected}, false);
        held.push_back({first, expected});
      } else if (!held.empty()) {
        // A part of what is held, so that ranges are cut anywhere.
        std::swap(held[static_cast<std::size_t>(below(static_cast<std::int32_t>(held.size())))],
                  held.back());
        SlotRanges::Range& range = held.back();
        const std::int32_t part = 1 + below(range.count);
        slots.Give({range.first, part});
        naive.Set({range.first, part}, true);
        range = {range.first + part, range.count - part};
        if (range.count == 0) held.pop_back();
      }
      ASSERT_EQ(slots.num_free(), std::count(naive.free.begin(), naive.free.end(), true));
    }
  }
}

}  // namespace
}  // namespace braid
