#include "engine/kv_book.h"

#include "tests/engine/scripted.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <map>
#include <random>
#include <set>
#include <utility>
#include <vector>

namespace braid {
namespace {

using Slot = std::pair<std::int32_t, std::int32_t>;  // instance, slot

std::vector<Slot> Slots(const std::vector<KvExtent>& extents) {
  std::vector<Slot> slots;
  for (const KvExtent& extent : extents) {
    for (std::int32_t i = 0; i < extent.count; ++i) {
      slots.emplace_back(extent.instance, extent.first_slot + i);
    }
  }
  return slots;
}

std::vector<Slot> SlotsOf(const RequestState& request) { return Slots(request.extents); }

std::int32_t CountOf(const std::vector<KvExtent>& extents) {
  std::int32_t count = 0;
  for (const KvExtent& extent : extents) count += extent.count;
  return count;
}

/// `tokens` new tokens of `request`, as a step brings them.
void Add(KvBook& book, std::vector<RequestState>& requests, std::size_t request, KvShare share) {
  ASSERT_TRUE(book.Reserve({&share, 1}));
  book.HoldNext(requests[request], share, requests);
  book.Release({&share, 1});
  book.Append(requests[request], share);
  KvBook::LetGo(requests[request]);
}

/// A book, its requests, and beside them the slot of every token, one by one.
class Books {
 public:
  Books(std::uint64_t seed, std::int32_t num_instances, std::int32_t num_slots)
      : random_(seed),
        num_instances_(num_instances),
        num_slots_(num_slots),
        book_(num_instances, num_slots),
        requests_(12),
        tokens_(12) {}

  std::int32_t Below(std::int64_t bound) {
    return static_cast<std::int32_t>(random_() % static_cast<std::uint64_t>(bound));
  }

  void Grow() {
    const std::size_t index = AnyRequest();
    RequestState& request = requests_[index];
    request.phase = Below(2) == 0 ? Phase::kDecode : Phase::kPrefill;
    const std::int32_t instance = Below(num_instances_);
    const std::int32_t count = 1 + Below(Below(4) == 0 ? num_slots_ : 5);
    const std::vector<KvShare> shares = {{.instance = instance, .tokens = count}};
    const bool fits = num_slots_ - Used(instance) >= count;
    ASSERT_EQ(book_.Reserve(shares), fits);
    if (!fits) return;
    ASSERT_EQ(book_.instances()[static_cast<std::size_t>(instance)].reserved, count);
    // As a step does that ends after `filled` of its passes, others drawing slots in between.
    const std::int32_t filled = request.phase == Phase::kDecode ? 1 + Below(count) : count;
    book_.HoldNext(request, shares.front(), requests_);
    ASSERT_EQ(CountOf(HeldBy(request)), count);
    const std::vector<Slot> held = Slots(HeldBy(request));
    if (Below(2) == 0) DrawBeside(index);
    book_.Release(shares);
    book_.Append(request, {.instance = instance, .tokens = filled});
    KvBook::LetGo(request);
    ASSERT_TRUE(HeldBy(request).empty());
    request.kv_tokens += filled;
    const std::size_t before = tokens_[index].size();
    Follow(index, before, {instance, filled});
    // What was held is what it got, in this order.
    for (std::int32_t i = 0; i < filled; ++i) {
      const auto place = static_cast<std::size_t>(i);
      ASSERT_EQ(tokens_[index][before + place], held[place]);
    }
  }

  void Move() {
    const std::size_t index = AnyRequest();
    RequestState& request = requests_[index];
    if (request.owners.empty()) return;
    const KvShare owner =
        request.owners[static_cast<std::size_t>(Below(std::ssize(request.owners)))];
    const std::int32_t count = 1 + Below(owner.tokens);
    const std::int32_t to = Below(num_instances_);
    if (to == owner.instance || num_slots_ - Used(to) < count) return;
    std::vector<Slot> before = tokens_[index];
    const KvShare share = {.instance = to, .tokens = count};
    ASSERT_TRUE(book_.Reserve({&share, 1}));
    book_.HoldForMove(request, share, requests_);
    if (Below(2) == 0) DrawBeside(index);
    book_.Release({&share, 1});
    book_.Move(request, owner.instance, share);
    KvBook::LetGo(request);
    ASSERT_TRUE(HeldBy(request).empty());
    // The last `count` of the tokens that were there, in the same order, are elsewhere.
    const std::vector<Slot> now = SlotsOf(request);
    ASSERT_EQ(now.size(), before.size());
    std::int32_t left = count;
    for (std::size_t i = before.size(); i-- > 0;) {
      if (before[i].first == owner.instance && left > 0) {
        ASSERT_EQ(now[i].first, to);
        --left;
      } else {
        ASSERT_EQ(now[i], before[i]);
      }
    }
    tokens_[index] = now;
  }

  void Drop() {
    const std::size_t index = AnyRequest();
    book_.Drop(requests_[index]);
    requests_[index] = RequestState();
    tokens_[index].clear();
  }

  void Share() {
    const std::size_t index = AnyRequest();
    const std::size_t from = AnyRequest();
    if (index == from || !tokens_[index].empty() || tokens_[from].empty()) return;
    const std::int32_t count = 1 + Below(std::ssize(tokens_[from]));
    book_.Share(requests_[index], requests_[from], count);
    requests_[index].kv_tokens = count;
    tokens_[index].assign(tokens_[from].begin(), tokens_[from].begin() + count);
    ASSERT_EQ(SlotsOf(requests_[index]), tokens_[index]);
  }

  void Check() {
    std::map<Slot, int> owners;
    for (std::size_t i = 0; i < requests_.size(); ++i) {
      ASSERT_EQ(SlotsOf(requests_[i]), tokens_[i]) << "tokens of request " << i << " moved";
      std::map<std::int32_t, std::int32_t> counts;
      for (const Slot& slot : tokens_[i]) {
        ++owners[slot];
        ++counts[slot.first];
        ASSERT_GE(slot.second, 0);
        ASSERT_LT(slot.second, num_slots_);
      }
      ASSERT_EQ(requests_[i].owners.size(), counts.size());
      for (const KvShare& owner : requests_[i].owners) {
        ASSERT_EQ(owner.tokens, counts[owner.instance]);
        ASSERT_EQ(owner.tokens, requests_[i].TokensIn(owner.instance));
      }
    }
    std::set<Slot> kept;
    for (RequestState request : requests_) {
      ASSERT_EQ(request.held, 0);
      request.held = num_slots_ * num_instances_;
      for (const Slot& slot : Slots(HeldBy(request))) {
        ASSERT_TRUE(kept.insert(slot).second) << "a slot kept for two";
        ASSERT_FALSE(owners.contains(slot)) << "a slot in use kept for another";
      }
    }
    for (std::int32_t i = 0; i < num_instances_; ++i) {
      const InstanceState& instance = book_.instances()[static_cast<std::size_t>(i)];
      ASSERT_EQ(instance.used, Used(i));
      ASSERT_EQ(instance.reserved, 0);
      ASSERT_EQ(instance.free(), num_slots_ - Used(i));
    }
    ASSERT_EQ(book_.used(), static_cast<std::int64_t>(owners.size()));
  }

 private:
  std::size_t AnyRequest() { return static_cast<std::size_t>(Below(std::ssize(requests_))); }

  /// Another request draws slots, and lets go of them, while `index` holds some.
  void DrawBeside(std::size_t index) {
    const std::size_t other = AnyRequest();
    const std::int32_t instance = Below(num_instances_);
    const std::int64_t free = book_.instances()[static_cast<std::size_t>(instance)].free();
    if (other == index || free == 0) return;
    const KvShare share = {.instance = instance, .tokens = 1 + Below(free)};
    ASSERT_TRUE(book_.Reserve({&share, 1}));
    book_.HoldNext(requests_[other], share, requests_);
    std::set<Slot> used;
    for (const std::vector<Slot>& slots : tokens_) used.insert(slots.begin(), slots.end());
    for (const std::size_t holder : {index, other}) {
      for (const Slot& slot : Slots(HeldBy(requests_[holder]))) {
        ASSERT_TRUE(used.insert(slot).second) << "a slot held twice, or held and used";
      }
    }
    book_.Release({&share, 1});
    KvBook::LetGo(requests_[other]);
  }

  /// Different slots of `instance` that hold a token.
  std::int32_t Used(std::int32_t instance) const {
    std::set<Slot> used;
    for (const std::vector<Slot>& slots : tokens_) {
      for (const Slot& slot : slots) {
        if (slot.first == instance) used.insert(slot);
      }
    }
    return static_cast<std::int32_t>(used.size());
  }

  /// The tokens from `first` on are new: in `instance`, and in slots that nobody had.
  void Follow(std::size_t index, std::size_t first, const KvShare& added) {
    const std::vector<Slot> now = SlotsOf(requests_[index]);
    ASSERT_EQ(now.size(), first + static_cast<std::size_t>(added.tokens));
    std::set<Slot> used;
    for (const std::vector<Slot>& slots : tokens_) used.insert(slots.begin(), slots.end());
    for (std::size_t i = first; i < now.size(); ++i) {
      ASSERT_EQ(now[i].first, added.instance);
      ASSERT_TRUE(used.insert(now[i]).second) << "a slot used twice";
    }
    tokens_[index].insert(tokens_[index].end(), now.begin() + static_cast<std::ptrdiff_t>(first),
                          now.end());
  }

  std::mt19937_64 random_;
  std::int32_t num_instances_;
  std::int32_t num_slots_;
  KvBook book_;
  std::vector<RequestState> requests_;
  std::vector<std::vector<Slot>> tokens_;
};

void RunRandomly(bool with_sharing) {
  for (const std::int32_t num_slots : {3, 40, 500}) {
    for (std::uint64_t seed = 0; seed < 4; ++seed) {
      Books books(seed, 3, num_slots);
      for (int i = 0; i < 700; ++i) {
        const std::int32_t what = books.Below(10);
        if (what < 6) {
          books.Grow();
        } else if (what < 8) {
          books.Move();
        } else if (what < 9 || !with_sharing) {
          books.Drop();
        } else {
          books.Share();
        }
        books.Check();
        if (::testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

TEST(KvBook, KeepsTheBooksOfOneEntryAToken) { RunRandomly(false); }

TEST(KvBook, CountsOwnersOfSharedSlots) { RunRandomly(true); }

TEST(KvBook, ReservesAllOrNothing) {
  KvBook book(2, 10);
  EXPECT_FALSE(book.Reserve(std::vector<KvShare>{{0, 4}, {1, 11}}));
  EXPECT_EQ(book.instance(0).reserved, 0);
  // The same instance twice counts twice.
  EXPECT_FALSE(book.Reserve(std::vector<KvShare>{{0, 6}, {0, 6}}));
  EXPECT_TRUE(book.Reserve(std::vector<KvShare>{{0, 4}, {0, 6}}));
  EXPECT_EQ(book.instance(0).free(), 0);
}

TEST(KvBook, TakesGrantsBackBeforeItIsFull) {
  KvBook book(1, 100);
  std::vector<RequestState> requests(2);
  for (RequestState& request : requests) request.phase = Phase::kDecode;
  Add(book, requests, 0, {0, 1});
  EXPECT_GT(requests[0].granted, 0);
  EXPECT_EQ(book.instance(0).free(), 99) << "what is granted is not used";
  Add(book, requests, 1, {0, 99});
  EXPECT_EQ(requests[0].granted, 0);
  EXPECT_EQ(book.used(), 100);
}

TEST(KvBook, GrowsInPlaceAndKeepsExtentsFew) {
  KvBook book(1, 4'000);
  std::vector<RequestState> requests(4);
  for (RequestState& request : requests) request.phase = Phase::kDecode;
  for (int token = 0; token < 640; ++token) {
    for (std::size_t i = 0; i < requests.size(); ++i) Add(book, requests, i, {0, 1});
  }
  for (const RequestState& request : requests) EXPECT_LE(request.extents.size(), 11U);
}

TEST(KvBook, KeepsWhatARunHeldUntilOthersNeedIt) {
  KvBook book(1, 200);
  std::vector<RequestState> requests(2);
  for (RequestState& request : requests) request.phase = Phase::kDecode;
  // The second lies behind the first, so that a long run of the first has to go elsewhere.
  Add(book, requests, 0, {0, 1});
  Add(book, requests, 1, {0, 1});
  const KvShare run = {.instance = 0, .tokens = requests[0].granted + 20};
  ASSERT_TRUE(book.Reserve({&run, 1}));
  book.HoldNext(requests[0], run, requests);
  ASSERT_EQ(HeldBy(requests[0]).size(), 2U);
  const std::vector<Slot> first = Slots(HeldBy(requests[0]));
  book.Release({&run, 1});
  book.Append(requests[0], {.instance = 0, .tokens = 2});
  KvBook::LetGo(requests[0]);
  EXPECT_EQ(book.used(), 4);
  // The next run goes on where the last one would have.
  const KvShare rest = {.instance = 0, .tokens = run.tokens - 2};
  ASSERT_TRUE(book.Reserve({&rest, 1}));
  book.HoldNext(requests[0], rest, requests);
  EXPECT_EQ(Slots(HeldBy(requests[0])), std::vector<Slot>(first.begin() + 2, first.end()));
  book.Release({&rest, 1});
  KvBook::LetGo(requests[0]);
  // Nothing is lost: the other can have all that is left.
  Add(book, requests, 1, {0, 196});
  EXPECT_EQ(requests[0].granted, 0);
  EXPECT_TRUE(requests[0].ahead.empty());
  EXPECT_EQ(book.used(), 200);
}

TEST(KvBook, KeepsSharedSlotsUntilTheLastOwnerLetsGo) {
  KvBook book(2, 50);
  std::vector<RequestState> requests(3);
  Add(book, requests, 0, {0, 20});
  Add(book, requests, 0, {1, 10});
  requests[0].kv_tokens = 30;
  book.Share(requests[1], requests[0], 25);
  book.Share(requests[2], requests[0], 8);
  EXPECT_EQ(book.used(), 30);
  EXPECT_EQ(requests[1].TokensIn(1), 5);
  book.Drop(requests[0]);
  EXPECT_EQ(book.used(), 25);
  book.Drop(requests[1]);
  EXPECT_EQ(book.used(), 8);
  book.Drop(requests[2]);
  EXPECT_EQ(book.used(), 0);
}

}  // namespace
}  // namespace braid
