#include "engine/extents.h"

#include "base/status.h"

#include <algorithm>
#include <cstddef>
#include <utility>

namespace braid {

void AddExtent(std::vector<KvExtent>& extents, const KvExtent& more) {
  if (more.count == 0) return;
  if (!extents.empty()) {
    KvExtent& last = extents.back();
    if (last.instance == more.instance && last.first_slot + last.count == more.first_slot) {
      last.count += more.count;
      return;
    }
  }
  extents.push_back(more);
}

void TakeFirst(std::vector<KvExtent>& from, std::int32_t count, std::vector<KvExtent>& extents) {
  std::size_t used_up = 0;
  while (count > 0) {
    BRAID_CHECK(used_up < from.size());
    KvExtent& first = from[used_up];
    const std::int32_t taken = std::min(count, first.count);
    AddExtent(extents, {first.instance, first.first_slot, taken});
    first.first_slot += taken;
    first.count -= taken;
    if (first.count == 0) ++used_up;
    count -= taken;
  }
  from.erase(from.begin(), from.begin() + static_cast<std::ptrdiff_t>(used_up));
}

void Fill(std::vector<KvExtent>& extents, std::int32_t tokens, std::int32_t& granted,
          std::vector<KvExtent>& ahead) {
  const std::int32_t behind = std::min(granted, tokens);
  if (behind > 0) {
    extents.back().count += behind;
    granted -= behind;
    tokens -= behind;
  }
  if (tokens == 0) return;
  TakeFirst(ahead, tokens, extents);
  // What is left of an extent that was begun now lies behind the last token.
  if (ahead.empty()) return;
  const KvExtent& last = extents.back();
  const KvExtent& next = ahead.front();
  if (next.instance != last.instance || next.first_slot != last.first_slot + last.count) return;
  granted = next.count;
  ahead.erase(ahead.begin());
}

void MoveLast(std::vector<KvExtent>& extents, std::int32_t from, std::int32_t tokens,
              std::vector<KvExtent>& to, std::vector<KvExtent>& left) {
  // From the tail: the order of tokens stays, so the moved part of an extent is its end.
  std::vector<std::int32_t> moved(extents.size());
  for (std::size_t i = extents.size(); i-- > 0 && tokens > 0;) {
    if (extents[i].instance != from) continue;
    moved[i] = std::min(tokens, extents[i].count);
    tokens -= moved[i];
  }
  BRAID_CHECK(tokens == 0);
  std::vector<KvExtent> after;
  for (std::size_t i = 0; i < extents.size(); ++i) {
    KvExtent stays = extents[i];
    stays.count -= moved[i];
    AddExtent(after, stays);
    TakeFirst(to, moved[i], after);
    AddExtent(left, {stays.instance, stays.first_slot + stays.count, moved[i]});
  }
  extents = std::move(after);
}

}  // namespace braid
