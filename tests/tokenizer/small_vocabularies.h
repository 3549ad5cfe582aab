#pragma once

#include "models/tokenizer.h"
#include "models/tokenizer/byte_alphabet.h"
#include "models/tokenizer/space_marker.h"

#include <array>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

namespace braid {

/// Appends a token to `vocabulary`, and its score where its kind has scores; returns its id.
inline std::int32_t AddToken(Vocabulary* vocabulary, const std::string& text,
                             Vocabulary::TokenType type = Vocabulary::TokenType::kNormal,
                             float score = 0) {
  vocabulary->tokens.push_back(text);
  vocabulary->types.push_back(type);
  if (vocabulary->model == "llama") vocabulary->scores.push_back(score);
  return static_cast<std::int32_t>(vocabulary->tokens.size()) - 1;
}

/// SentencePiece with all bytes: "<unk>" 0, "<s>" 1, "</s>" 2, bytes from 3, then pieces of
/// "hello world" and a few more, and the user-defined "<tag>". It asks for no BOS.
inline Vocabulary SmallSentencePiece() {
  Vocabulary vocabulary;
  vocabulary.model = "llama";
  vocabulary.unknown_id = AddToken(&vocabulary, "<unk>", Vocabulary::TokenType::kUnknown);
  vocabulary.bos_id = AddToken(&vocabulary, "<s>", Vocabulary::TokenType::kControl);
  vocabulary.eos_id = AddToken(&vocabulary, "</s>", Vocabulary::TokenType::kControl);
  for (int byte = 0; byte < 256; ++byte) {
    std::array<char, 8> name{};
    std::snprintf(name.data(), name.size(), "<0x%02X>", static_cast<unsigned>(byte));
    AddToken(&vocabulary, name.data(), Vocabulary::TokenType::kByte);
  }
  float score = 0;
  for (const char* piece :
       {"_h",     "el", "lo",   "_w", "or",   "ld",       "_hel", "_hello", "_wor",
        "_world", "__", "____", "aa", "aaaa", "aaaaaaaa", "_",    "h",      "e",
        "l",      "o",  "w",    "r",  "d",    "a",        "é",    "日"}) {
    std::string marked;
    for (const char* c = piece; *c != '\0'; ++c) {
      AppendWithMarkers(*c == '_' ? std::string(" ") : std::string(1, *c), &marked);
    }
    AddToken(&vocabulary, marked, Vocabulary::TokenType::kNormal, score);
    score -= 1;
  }
  AddToken(&vocabulary, "<tag>", Vocabulary::TokenType::kUserDefined);
  return vocabulary;
}

/// Byte-level BPE with all bytes as ids 0 to 255, merges for "hello", " world", runs of spaces and
/// "a" and one character of three bytes, the control tokens "<|im_start|>" and "<|im_end|>" (EOS),
/// and the user-defined "<tag>".
inline Vocabulary SmallByteLevel() {
  Vocabulary vocabulary;
  vocabulary.model = "gpt2";
  vocabulary.pre_tokenizer = "smollm";
  const ByteAlphabet alphabet;
  for (int byte = 0; byte < 256; ++byte) {
    AddToken(&vocabulary, alphabet.CharacterOf(static_cast<std::uint8_t>(byte)));
  }
  const auto add_merge = [&](std::string_view left, std::string_view right) {
    const std::string left_token = alphabet.FromBytes(left);
    const std::string right_token = alphabet.FromBytes(right);
    AddToken(&vocabulary, left_token + right_token);
    vocabulary.merges.push_back(left_token + " " + right_token);
  };
  add_merge("h", "e");
  add_merge("l", "l");
  add_merge("ll", "o");
  add_merge("he", "llo");
  add_merge(" ", "w");
  add_merge("o", "r");
  add_merge(" w", "or");
  add_merge(" wor", "l");
  add_merge(" worl", "d");
  add_merge(" ", " ");
  add_merge("  ", "  ");
  add_merge("a", "a");
  add_merge("aa", "aa");
  // A character of three bytes, in two steps.
  add_merge("\xE6", "\x97");
  add_merge("\xE6\x97", "\xA5");
  AddToken(&vocabulary, "<|im_start|>", Vocabulary::TokenType::kControl);
  vocabulary.eos_id = AddToken(&vocabulary, "<|im_end|>", Vocabulary::TokenType::kControl);
  AddToken(&vocabulary, "<tag>", Vocabulary::TokenType::kUserDefined);
  return vocabulary;
}

}  // namespace braid
