#pragma once

#include "models/tokenizer.h"

#include <cstdint>

namespace braid {

/// Fewest tokens of MakeRandomVocabulary: <unk>, <s>, </s> and the 256 bytes.
inline constexpr std::int32_t kLeastRandomVocabulary = 259;

/// A SentencePiece-style vocabulary of `size` >= kLeastRandomVocabulary tokens, made up but whole:
/// <unk>, <s>, </s>, 256 byte tokens, then pieces that every longer piece can be merged from, in
/// falling order of score: the word mark, letters, letters after the mark, then pairs, triples...
/// Thread: any.
Vocabulary MakeRandomVocabulary(std::int32_t size);

}  // namespace braid
