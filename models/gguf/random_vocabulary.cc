#include "models/gguf/random_vocabulary.h"

#include "base/status.h"

#include <cstdio>
#include <string>

namespace braid {
namespace {

constexpr std::string_view kWordMark = "\xE2\x96\x81";  // U+2581, SentencePiece's space

class Builder {
 public:
  explicit Builder(std::int32_t size) : size_(static_cast<std::size_t>(size)) {}

  bool full() const { return vocabulary_.tokens.size() >= size_; }

  void Add(std::string token, Vocabulary::TokenType type) {
    if (full()) return;
    const bool piece = type == Vocabulary::TokenType::kNormal;
    vocabulary_.scores.push_back(piece ? -static_cast<float>(vocabulary_.tokens.size()) : 0.0F);
    vocabulary_.tokens.push_back(std::move(token));
    vocabulary_.types.push_back(type);
  }

  void AddPiece(std::string token) { Add(std::move(token), Vocabulary::TokenType::kNormal); }

  Vocabulary Take() { return std::move(vocabulary_); }

 private:
  std::size_t size_;
  Vocabulary vocabulary_;
};

// All words of `length` lowercase letters, bare and after the word mark.
void AddWords(std::size_t length, Builder& builder) {
  std::string word(length, 'a');
  while (!builder.full()) {
    builder.AddPiece(word);
    builder.AddPiece(std::string(kWordMark) + word);
    std::size_t i = length;
    while (i > 0 && word[i - 1] == 'z') word[--i] = 'a';
    if (i == 0) return;
    ++word[i - 1];
  }
}

}  // namespace

Vocabulary MakeRandomVocabulary(std::int32_t size) {
  BRAID_CHECK(size >= kLeastRandomVocabulary);
  Builder builder(size);
  builder.Add("<unk>", Vocabulary::TokenType::kUnknown);
  builder.Add("<s>", Vocabulary::TokenType::kControl);
  builder.Add("</s>", Vocabulary::TokenType::kControl);
  for (int byte = 0; byte < 256; ++byte) {
    char name[8];
    std::snprintf(name, sizeof name, "<0x%02X>", static_cast<unsigned>(byte));
    builder.Add(name, Vocabulary::TokenType::kByte);
  }
  builder.AddPiece(std::string(kWordMark));
  for (const char c : std::string_view(".,!?'-:;\"()0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
    builder.AddPiece(std::string(1, c));
  }
  for (std::size_t length = 1; !builder.full(); ++length) AddWords(length, builder);

  Vocabulary vocabulary = builder.Take();
  vocabulary.model = "llama";
  vocabulary.bos_id = 1;
  vocabulary.eos_id = 2;
  vocabulary.unknown_id = 0;
  vocabulary.add_bos = true;
  return vocabulary;
}

}  // namespace braid
