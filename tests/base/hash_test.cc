#include "base/hash.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace braid {
namespace {

TEST(Hash, ChangesWithEveryByteAndWithLength) {
  std::set<std::uint64_t> seen;
  std::vector<std::byte> bytes(40);
  seen.insert(HashBytes(bytes));
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    bytes[i] = std::byte{1};
    EXPECT_TRUE(seen.insert(HashBytes(bytes)).second) << "byte " << i;
    bytes[i] = std::byte{0};
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_TRUE(seen.insert(HashBytes(std::span(bytes).first(size))).second) << "size " << size;
  }
}

TEST(Hash, DependsOnTheOrderOfWhatIsAdded) {
  Hasher ab;
  ab.Add(std::uint64_t{1});
  ab.Add(std::uint64_t{2});
  Hasher ba;
  ba.Add(std::uint64_t{2});
  ba.Add(std::uint64_t{1});
  EXPECT_NE(ab.Value(), ba.Value());
}

}  // namespace
}  // namespace braid
