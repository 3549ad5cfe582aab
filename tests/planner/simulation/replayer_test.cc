// A check is worth what it notices: true histories, each with one thing changed.
#include "tests/planner/simulation/history_replayer.h"
#include "tests/planner/simulation/test_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <functional>
#include <ostream>
#include <string>
#include <vector>

namespace braid {
namespace {

using ::testing::AnyOf;
using ::testing::Contains;
using ::testing::HasSubstr;

struct Tampering {
  std::string name;
  /// False where the fact is not one that it can change.
  std::function<bool(Fact&)> change;
  std::string notices;
  std::size_t skipped = 20;  ///< facts that could be changed but are left alone

  friend std::ostream& operator<<(std::ostream& out, const Tampering& tampering) {
    return out << tampering.name;
  }
};

template <typename Kind>
Tampering Change(std::string name, std::function<bool(Kind&)> change, std::string notices) {
  return {std::move(name),
          [change = std::move(change)](Fact& fact) {
            auto* kind = std::get_if<Kind>(&fact);
            return kind != nullptr && change(*kind);
          },
          std::move(notices)};
}

bool IsDecode(const StepPlan& plan) { return plan.requests.front().decode; }

std::vector<Tampering> Tamperings() {
  return {
      Change<StepStarted>(
          "NumberUsedAgain",
          [](StepStarted& fact) {
            fact.step.number -= 1;
            return true;
          },
          "its number is not above"),
      Change<StepStarted>(
          "StartsInThePast",
          [](StepStarted& fact) {
            fact.now_ns = 0;
            return true;
          },
          "time goes back"),
      Change<StepStarted>(
          "OwnerLeftOut",
          [](StepStarted& fact) {
            if (!IsDecode(fact.step.plan) || fact.step.plan.instances.size() < 2) return false;
            fact.step.plan.instances.pop_back();
            return true;
          },
          "outside the group"),
      Change<StepStarted>(
          "StrandSlotTaken",
          [](StepStarted& fact) {
            if (fact.step.strand == 0) return false;
            fact.step.strand = 0;
            return true;
          },
          "carries step"),
      Change<StepStarted>(
          "StrandSlotThatDoesNotExist",
          [](StepStarted& fact) {
            fact.step.strand = 3;
            return true;
          },
          "strand slot 3 of 3"),
      Change<StepStarted>(
          "ChunkTooLong",
          [](StepStarted& fact) {
            if (IsDecode(fact.step.plan)) return false;
            fact.step.plan.requests.front().rows += 1;
            return true;
          },
          "tokens"),
      Change<StepEnded>(
          "OnePassMore",
          [](StepEnded& fact) {
            if (!IsDecode(fact.step.plan)) return false;
            fact.step.repeats_done += 1;
            return true;
          },
          "gained KV of"),
      Change<StepEnded>(
          "TokenThatChangedItsSlot",
          [](StepEnded& fact) {
            if (!IsDecode(fact.step.plan)) return false;
            fact.after.front().extents.front().first_slot += 1;
            return true;
          },
          "older tokens in other slots"),
      Change<StepEnded>(
          "SlotOfAnother",
          [](StepEnded& fact) {
            if (!IsDecode(fact.step.plan) || fact.after.size() < 2) return false;
            KvExtent& last = fact.after[1].extents.back();
            const KvExtent& others = fact.after[0].extents.front();
            if (last.instance != others.instance) return false;
            last.count -= fact.step.repeats_done;
            fact.after[1].extents.push_back(
                {others.instance, others.first_slot, fact.step.repeats_done});
            return true;
          },
          "hold other tokens"),
      Change<StepEnded>(
          "SlotBeyondThePool",
          [](StepEnded& fact) {
            if (IsDecode(fact.step.plan)) return false;
            fact.after.front().extents.back().first_slot = 1 << 29;
            return true;
          },
          "do not exist"),
      Change<StepEnded>(
          "KvElsewhereThanPlanned",
          [](StepEnded& fact) {
            if (IsDecode(fact.step.plan) || fact.step.plan.instances.size() < 2) return false;
            KvShare& share = fact.step.plan.shares.front();
            for (const std::int32_t instance : fact.step.plan.instances) {
              if (instance == share.instance) continue;
              share.instance = instance;
              break;
            }
            return true;
          },
          "elsewhere than planned"),
      Change<StepEnded>(
          "TokenTooMany",
          [](StepEnded& fact) {
            fact.after.front().generated += 1;
            return true;
          },
          "says that it produced"),
      Change<StepEnded>(
          "LateToken",
          [](StepEnded& fact) {
            fact.after.front().last_token_ns += 1;
            return true;
          },
          "other times"),
      Change<StepEnded>(
          "DurationThatIsNotWhatPassed",
          [](StepEnded& fact) {
            fact.step.start_ns -= 1;
            return true;
          },
          "it says that it ran from"),
      Change<RequestLeft>(
          "EvictedUnseen",
          [](RequestLeft& fact) {
            if (fact.why != RequestLeft::Why::kFinished) return false;
            fact.why = RequestLeft::Why::kEvicted;
            return true;
          },
          "neither finished nor was rejected"),
      Change<RequestLeft>(
          "AnotherFinishes",
          [](RequestLeft& fact) {
            if (fact.request.request.id == 0) return false;
            fact.request.request.id -= 1;
            return true;
          },
          "request"),
  };
}

std::vector<std::string> CheckOf(const TestRun& run, const std::vector<Fact>& history) {
  HistoryReplayer replayer({.num_instances = run.cluster().num_instances(),
                            .kv_slots = run.costs().kv_slots(),
                            .max_strands = run.cluster().max_strands},
                           run.requests());
  return replayer.Check(history);
}

/// Long prompts over several instances beside short ones, under the policy that shares ranks.
class Replayer : public ::testing::Test {
 protected:
  Replayer() : run_(Spec(), recorder_) {}

  void SetUp() override {
    ASSERT_TRUE(run_.ok());
    ASSERT_TRUE(run_.Run().ok());
    history_ = recorder_.facts();
    ASSERT_TRUE(CheckOf(run_, history_).empty());
  }

  static TestRunSpec Spec() {
    TestRunSpec spec;
    spec.workload = NamedTraffic("mixed", 1, 40);
    return spec;
  }

  HistoryRecorder recorder_;
  TestRun run_;
  std::vector<Fact> history_;
};

TEST_F(Replayer, NoticesWhatIsChanged) {
  for (const Tampering& tampering : Tamperings()) {
    std::vector<Fact> changed = history_;
    std::size_t candidates = 0;
    for (const Fact& fact : history_) {
      Fact copy = fact;
      candidates += tampering.change(copy) ? 1 : 0;
    }
    ASSERT_GT(candidates, 0U) << tampering.name;
    std::size_t skip = std::min(tampering.skipped, candidates - 1);
    for (std::size_t i = 0; i < changed.size(); ++i) {
      Fact copy = changed[i];
      if (!tampering.change(copy) || skip-- > 0) continue;
      changed[i] = copy;
      break;
    }
    EXPECT_THAT(CheckOf(run_, changed), Contains(HasSubstr(tampering.notices))) << tampering.name;
  }
}

TEST_F(Replayer, NoticesFactsThatAreMissing) {
  for (std::size_t i = 0; i < history_.size(); i += 1 + history_.size() / 50) {
    std::vector<Fact> changed = history_;
    changed.erase(changed.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(CheckOf(run_, changed).empty()) << "fact " << i;
  }
}

TEST_F(Replayer, NoticesFactsThatHappenTwice) {
  for (std::size_t i = 0; i < history_.size(); i += 1 + history_.size() / 50) {
    std::vector<Fact> changed = history_;
    changed.insert(changed.begin() + static_cast<std::ptrdiff_t>(i), history_[i]);
    EXPECT_FALSE(CheckOf(run_, changed).empty()) << "fact " << i;
  }
}

TEST_F(Replayer, NoticesAPoolThatIsTooSmall) {
  HistoryReplayer replayer({.num_instances = 4, .kv_slots = 1'000, .max_strands = 3},
                           run_.requests());
  EXPECT_THAT(replayer.Check(history_), Contains(HasSubstr("promises")));
}

TEST_F(Replayer, NoticesThatSomebodyWasForgotten) {
  std::vector<Request> requests = run_.requests();
  requests.push_back({.id = 999, .prompt_tokens = 5, .output_tokens = 5});
  HistoryReplayer replayer(
      {.num_instances = 4, .kv_slots = run_.costs().kv_slots(), .max_strands = 3}, requests);
  EXPECT_THAT(replayer.Check(history_), Contains(HasSubstr("request 999 neither finished")));
}

}  // namespace
}  // namespace braid
