#include "comm/collectives/ordered_sum.h"

#include <gtest/gtest.h>

#include <vector>

namespace braid {
namespace {

TEST(SumInOrder, AddsPiecesInTheOrderGiven) {
  // (1e8 - 1e8) + 1 is 1, 1e8 + (-1e8 + 1) is 0 in f32: only one order gives these bits.
  const std::vector<float> big(3000, 1e8F);
  const std::vector<float> minus(3000, -1e8F);
  const std::vector<float> one(3000, 1.0F);
  std::vector<float> sum(3000);
  const std::vector<const float*> in_order = {big.data(), minus.data(), one.data()};
  SumInOrder(in_order, sum.data(), sum.size());
  EXPECT_EQ(sum, one);
  const std::vector<const float*> other_order = {minus.data(), one.data(), big.data()};
  SumInOrder(other_order, sum.data(), sum.size());
  EXPECT_EQ(sum, std::vector<float>(3000, 0.0F));
}

TEST(SumInOrder, MayWriteOverAnyOfItsPieces) {
  for (std::size_t which = 0; which < 3; ++which) {
    std::vector<std::vector<float>> pieces(3, std::vector<float>(2500));
    for (std::size_t r = 0; r < 3; ++r) {
      for (std::size_t k = 0; k < 2500; ++k) pieces[r][k] = static_cast<float>(1000 * r + k);
    }
    const std::vector<const float*> pointers = {pieces[0].data(), pieces[1].data(),
                                                pieces[2].data()};
    SumInOrder(pointers, pieces[which].data(), 2500);
    for (std::size_t k = 0; k < 2500; ++k) {
      ASSERT_EQ(pieces[which][k], static_cast<float>(3000 + 3 * k));
    }
  }
}

TEST(SumInOrder, CopiesASinglePiece) {
  const std::vector<float> piece = {1.0F, 2.0F};
  const std::vector<const float*> pieces = {piece.data()};
  std::vector<float> sum(2);
  SumInOrder(pieces, sum.data(), 2);
  EXPECT_EQ(sum, piece);
}

}  // namespace
}  // namespace braid
