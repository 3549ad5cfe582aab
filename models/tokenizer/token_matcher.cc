#include "models/tokenizer/token_matcher.h"

namespace braid {
namespace {

std::uint64_t Edge(std::uint32_t node, char byte) {
  return (std::uint64_t{node} << 8) | static_cast<unsigned char>(byte);
}

}  // namespace

TokenMatcher::TokenMatcher() : ids_{-1}, first_bytes_{} {}

void TokenMatcher::Add(std::string_view name, std::int32_t id) {
  if (name.empty()) return;
  first_bytes_[static_cast<unsigned char>(name.front())] = true;
  std::uint32_t node = kRoot;
  for (const char byte : name) {
    const auto [edge, is_new] =
        edges_.try_emplace(Edge(node, byte), static_cast<std::uint32_t>(ids_.size()));
    if (is_new) ids_.push_back(-1);
    node = edge->second;
  }
  if (ids_[node] < 0) ids_[node] = id;
}

TokenMatcher::Fragment TokenMatcher::LongestAt(std::string_view text, std::size_t position) const {
  Fragment longest{{}, -1};
  std::uint32_t node = kRoot;
  for (std::size_t end = position; end < text.size(); ++end) {
    const auto edge = edges_.find(Edge(node, text[end]));
    if (edge == edges_.end()) break;
    node = edge->second;
    if (ids_[node] >= 0) longest = {text.substr(position, end + 1 - position), ids_[node]};
  }
  return longest;
}

std::vector<TokenMatcher::Fragment> TokenMatcher::Split(std::string_view text) const {
  std::vector<Fragment> fragments;
  std::size_t begin = 0;  // of the ordinary text before `position`
  std::size_t position = 0;
  const auto end_ordinary_text = [&] {
    if (begin < position) fragments.push_back({text.substr(begin, position - begin), -1});
  };
  while (position < text.size()) {
    const bool may_begin = first_bytes_[static_cast<unsigned char>(text[position])];
    const Fragment found = may_begin ? LongestAt(text, position) : Fragment{{}, -1};
    if (found.id < 0) {
      ++position;
      continue;
    }
    end_ordinary_text();
    fragments.push_back(found);
    position += found.text.size();
    begin = position;
  }
  end_ordinary_text();
  return fragments;
}

}  // namespace braid
