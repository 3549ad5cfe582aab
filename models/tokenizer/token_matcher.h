#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace braid {

/// Finds the tokens that are recognised by name in a text, before anything else looks at it.
/// Thread: const but for Add; any thread.
class TokenMatcher {
 public:
  /// A stretch of text, or a token that stood in it by name.
  struct Fragment {
    std::string_view text;
    std::int32_t id;  ///< -1: ordinary text
  };

  TokenMatcher();

  /// Makes `name` stand for `id`. The first id of a name stays; an empty name is never found.
  void Add(std::string_view name, std::int32_t id);

  /// Cuts `text` at the names in it: from left to right, and the longest where several begin at
  /// one place. No fragment is empty.
  /// Cost: linear in the text, times the length of the longest name at worst.
  std::vector<Fragment> Split(std::string_view text) const;

 private:
  static constexpr std::uint32_t kRoot = 0;

  Fragment LongestAt(std::string_view text, std::size_t position) const;

  // A trie of the names; an edge is (node, byte).
  std::unordered_map<std::uint64_t, std::uint32_t> edges_;
  std::vector<std::int32_t> ids_;      // by node; -1: no name ends there
  std::array<bool, 256> first_bytes_;  // most bytes of a text begin no name
};

}  // namespace braid
