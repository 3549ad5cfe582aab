#pragma once

#include "plan/step.h"

#include <algorithm>
#include <cstdint>
#include <random>

namespace braid {

/// Which requests a random step has.
struct StepRecipe {
  std::int32_t degree = 2;
  std::int32_t num_striped = 0;
  std::int32_t num_mastered = 0;
  std::int32_t num_masters = 1;     ///< over how many instances mastered requests are spread
  std::int32_t max_new_tokens = 9;  ///< of a striped request
  std::int32_t max_earlier_tokens = 20;
  std::int32_t max_mastered_rows = 1;
  OverlapMode overlap = OverlapMode::kNone;
};

/// Writes steps whose KV lies anywhere in the group, in pieces of any size. Every token id of a
/// step is different from every other, so that a row can be told by its token.
class RandomSteps {
 public:
  explicit RandomSteps(std::uint64_t seed) : random_(seed) {}

  Step Make(const StepRecipe& recipe) {
    Step step;
    step.number = ++number_;
    step.overlap = recipe.overlap;
    // Instance numbers are not places in the ring.
    for (std::int32_t i = 0; i < recipe.degree; ++i) step.instances.push_back(3 * i + 1);
    next_slot_.assign(static_cast<std::size_t>(3 * recipe.degree), 0);
    next_token_ = 0;
    for (std::int32_t r = 0; r < recipe.num_striped + recipe.num_mastered; ++r) {
      step.requests.push_back(MakeRequest(recipe, step, r));
    }
    std::shuffle(step.requests.begin(), step.requests.end(), random_);
    return step;
  }

  std::int32_t Below(std::int32_t bound) {
    return static_cast<std::int32_t>(random_() % static_cast<std::uint64_t>(bound));
  }

 private:
  StepRequest MakeRequest(const StepRecipe& recipe, const Step& step, std::int32_t index) {
    const bool striped = index < recipe.num_striped;
    StepRequest request;
    request.id = 100 + static_cast<std::uint64_t>(index);
    request.first_position = Below(recipe.max_earlier_tokens + 1);
    Place(request.first_position, step, &request);
    const std::int32_t rows = 1 + Below(striped ? recipe.max_new_tokens : recipe.max_mastered_rows);
    for (std::int32_t i = 0; i < rows; ++i) request.tokens.push_back(next_token_++);
    request.sampled_rows = Below(2);
    if (!striped) {
      request.master = step.instances[static_cast<std::size_t>((index - recipe.num_striped) %
                                                               recipe.num_masters)];
      AddExtent(request.master, rows, &request);
      return request;
    }
    Place(rows, step, &request);
    if (Below(3) > 0) return request;
    for (const std::int32_t instance : step.instances) {
      if (Below(2) == 0) request.ring.push_back(instance);
    }
    return request;
  }

  void Place(std::int32_t tokens, const Step& step, StepRequest* request) {
    while (tokens > 0) {
      const std::int32_t count = 1 + Below(tokens);
      const auto place =
          static_cast<std::size_t>(Below(static_cast<std::int32_t>(step.instances.size())));
      AddExtent(step.instances[place], count, request);
      tokens -= count;
    }
  }

  void AddExtent(std::int32_t instance, std::int32_t count, StepRequest* request) {
    std::int32_t& next = next_slot_[static_cast<std::size_t>(instance)];
    next += Below(3);  // slots of others
    request->kv.push_back({instance, next, count});
    next += count;
  }

  std::mt19937_64 random_;
  std::uint64_t number_ = 0;
  std::vector<std::int32_t> next_slot_;
  std::int32_t next_token_ = 0;
};

}  // namespace braid
