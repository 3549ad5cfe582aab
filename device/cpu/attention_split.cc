#include "device/cpu/attention_split.h"

#include "device/cpu/kernel_table.h"
#include "device/cpu/work_split.h"

#include <algorithm>

namespace braid {
namespace {

// What attention sustains, only to size tiles.
constexpr double kAttentionFlopsPerSecond = 60e9;

double EstimateSeconds(const AttentionArgs& args, const AttentionPiece& piece, std::size_t group) {
  const RequestRows& request = args.requests[static_cast<std::size_t>(piece.request)];
  const auto last_row = (piece.first_pair + piece.num_pairs - 1) / static_cast<int>(group);
  const double tokens = request.first_position + last_row + 1;
  const double floats = tokens * args.cache.head_dim;
  const double arithmetic = 4.0 * floats * piece.num_pairs / kAttentionFlopsPerSecond;
  const double memory = 2.0 * sizeof(float) * floats / kBytesPerSecond;
  return 1e-6 + std::max(arithmetic, memory);
}

}  // namespace

void HeadGroups::Assign(std::span<const std::int32_t> kv_head_of, std::int32_t kv_heads) {
  heads.clear();
  starts.assign(1, 0);
  for (std::int32_t kv = 0; kv < kv_heads; ++kv) {
    for (std::size_t h = 0; h < kv_head_of.size(); ++h) {
      if (kv_head_of[h] == kv) heads.push_back(static_cast<std::int32_t>(h));
    }
    starts.push_back(static_cast<std::int32_t>(heads.size()));
  }
}

std::span<const std::int32_t> HeadGroups::of(std::int32_t kv_head) const {
  const auto begin = static_cast<std::size_t>(starts[static_cast<std::size_t>(kv_head)]);
  const auto end = static_cast<std::size_t>(starts[static_cast<std::size_t>(kv_head) + 1]);
  return std::span(heads).subspan(begin, end - begin);
}

void AttentionSplit::Assign(const AttentionArgs& args) {
  groups.Assign(args.kv_head_of, args.cache.kv_heads);
  pieces.clear();
  tile_starts.assign(1, 0);
  double seconds = 0;
  for (std::size_t r = 0; r < args.requests.size(); ++r) {
    for (std::int32_t kv = 0; kv < args.cache.kv_heads; ++kv) {
      const std::size_t group = groups.of(kv).size();
      const std::int32_t pairs = args.requests[r].num_rows * static_cast<std::int32_t>(group);
      for (std::int32_t first = 0; first < pairs; first += kAttentionPairs) {
        const AttentionPiece piece = {.request = static_cast<std::int32_t>(r),
                                      .kv_head = kv,
                                      .first_pair = first,
                                      .num_pairs = std::min(kAttentionPairs, pairs - first)};
        const double cost = EstimateSeconds(args, piece, group);
        if (seconds > 0 && seconds + cost > kTileSeconds) {
          tile_starts.push_back(static_cast<std::int32_t>(pieces.size()));
          seconds = 0;
        }
        pieces.push_back(piece);
        seconds += cost;
      }
    }
  }
  tile_starts.push_back(static_cast<std::int32_t>(pieces.size()));
}

std::int32_t AttentionSplit::num_tiles() const {
  return static_cast<std::int32_t>(tile_starts.size()) - 1;
}

}  // namespace braid
