#pragma once

#include <cstddef>
#include <span>

namespace braid {

/// out[k] = ((pieces[0][k] + pieces[1][k]) + pieces[2][k]) + ..., in f32, for k < count.
/// Shapes: pieces [ranks] of [count]; out [count], which may be one of the pieces.
/// Cost:   count * (ranks - 1) additions; reads each piece once, writes out once.
/// The same bits whatever the split of a vector into calls.
void SumInOrder(std::span<const float* const> pieces, float* out, std::size_t count);

}  // namespace braid
