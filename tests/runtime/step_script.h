#pragma once

#include "plan/step.h"

#include <algorithm>
#include <cstdint>
#include <span>
#include <vector>

namespace braid {

/// A request whose tokens are all known beforehand, handed out in pieces. Its KV lies in extents of
/// uneven length spread over the pool, so that nothing may rely on consecutive slots.
class ScriptedRequest {
 public:
  /// `tokens` drawn from [0, vocab_size) by a fixed rule. Request i of at most kMaxRequests owns
  /// the slots s with (s / 3) % kMaxRequests == i.
  ScriptedRequest(std::uint64_t id, std::int32_t num_tokens, std::int32_t vocab_size) : id_(id) {
    std::uint64_t state = 77 + id * 1000;
    for (std::int32_t i = 0; i < num_tokens; ++i) {
      state = state * 6364136223846793005ULL + 1442695040888963407ULL;
      tokens_.push_back(
          static_cast<std::int32_t>((state >> 33) % static_cast<std::uint64_t>(vocab_size)));
    }
  }

  static constexpr std::int32_t kMaxRequests = 4;

  std::uint64_t id() const { return id_; }
  std::span<const std::int32_t> tokens() const { return tokens_; }
  std::int32_t position() const { return position_; }

  /// The next `count` tokens as a part of a step; the last `sampled` of them yield logits.
  StepRequest Next(std::int32_t count, std::int32_t sampled) {
    StepRequest request;
    request.id = id_;
    request.first_position = position_;
    request.tokens.assign(tokens_.begin() + position_, tokens_.begin() + position_ + count);
    request.sampled_rows = sampled;
    position_ += count;
    constexpr std::int32_t kExtent = 3;
    for (std::int32_t first = 0; first < position_; first += kExtent) {
      const std::int32_t stripe = first / kExtent * kMaxRequests + static_cast<std::int32_t>(id_);
      request.kv.push_back({0, stripe * kExtent, std::min(kExtent, position_ - first)});
    }
    return request;
  }

  /// Slots that a pool needs for kMaxRequests requests of this many tokens.
  static std::int32_t PoolSize(std::int32_t num_tokens) {
    return (num_tokens + 3) / 3 * 3 * kMaxRequests;
  }

 private:
  std::uint64_t id_;
  std::vector<std::int32_t> tokens_;
  std::int32_t position_ = 0;
};

inline Step MakeStep(std::uint64_t number, std::vector<StepRequest> requests,
                     std::int32_t slot = 0) {
  Step step;
  step.number = number;
  step.instances = {0};
  step.slot = slot;
  step.requests = std::move(requests);
  return step;
}

}  // namespace braid
