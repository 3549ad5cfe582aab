// Texts and vocabularies for the tokenizers. The first byte chooses: small vocabularies that are in
// order and a text for them, or a vocabulary made of the input, and a text.
//
// With a vocabulary in order: every text is given back, whole and bit by bit. With any vocabulary:
// Make refuses it, or whatever is encoded decodes.

#include "models/chat.h"
#include "models/tokenizer.h"
#include "models/tokenizer/space_marker.h"
#include "models/tokenizer/utf8_stream.h"
#include "tests/tokenizer/small_vocabularies.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <iterator>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace braid {
namespace {

constexpr const char* kPreTokenizers[] = {"smollm", "gpt-2", "llama-bpe", "qwen2", "default"};

// Takes values off the front of the input; zeros once that is used up.
class Input {
 public:
  explicit Input(std::string_view bytes) : rest_(bytes) {}

  std::uint8_t Byte() {
    if (rest_.empty()) return 0;
    const auto byte = static_cast<std::uint8_t>(rest_.front());
    rest_.remove_prefix(1);
    return byte;
  }
  std::string Text(std::size_t max_bytes) {
    const std::size_t wanted = Byte() % (max_bytes + 1);
    std::string text(rest_.substr(0, wanted));
    rest_.remove_prefix(text.size());
    return text;
  }
  std::string_view Rest() const { return rest_; }

 private:
  std::string_view rest_;
};

void Require(bool condition) {
  if (!condition) std::abort();
}

std::string Stream(const Tokenizer& tokenizer, const std::vector<std::int32_t>& ids) {
  Utf8Stream stream;
  std::string text;
  for (const std::int32_t id : ids) text += stream.Push(tokenizer.Decode(id));
  return text + stream.Finish();
}

void CheckAnyText(const Tokenizer& tokenizer, std::string_view text) {
  for (const bool parse_special : {false, true}) {
    const auto ids = tokenizer.Encode(text, parse_special, true);
    for (const std::int32_t id : ids) Require(id >= 0 && id < tokenizer.vocab_size());
    static_cast<void>(tokenizer.DecodeAll(ids));
    static_cast<void>(Stream(tokenizer, ids));
  }
}

constexpr std::uint8_t kNumChoices = 4 * std::size(kPreTokenizers);

// Bit 0: the kind; bit 1: a space before SentencePiece's text; the rest: the pre-tokenizer.
std::unique_ptr<Tokenizer> MakeSmall(std::uint8_t choice) {
  Vocabulary vocabulary = choice % 2 == 0 ? SmallSentencePiece() : SmallByteLevel();
  vocabulary.add_space_prefix = (choice & 2) != 0;
  vocabulary.pre_tokenizer = kPreTokenizers[choice / 4];
  auto tokenizer = Tokenizer::Make(std::move(vocabulary));
  Require(tokenizer.ok());
  return std::move(tokenizer).value();
}

void FuzzText(std::uint8_t choice, std::string_view text) {
  // Making them takes far longer than a text.
  static const std::vector<std::unique_ptr<Tokenizer>> tokenizers = [] {
    std::vector<std::unique_ptr<Tokenizer>> made;
    for (std::uint8_t i = 0; i < kNumChoices; ++i) made.push_back(MakeSmall(i));
    return made;
  }();
  choice = static_cast<std::uint8_t>(choice % kNumChoices);
  const Tokenizer& tokenizer = *tokenizers[choice];
  CheckAnyText(tokenizer, text);
  const bool is_lossless = choice % 2 != 0 || text.find(kSpaceMarker) == std::string_view::npos;
  const auto ids = tokenizer.Encode(text, false, false);
  if (is_lossless) Require(tokenizer.DecodeAll(ids) == text);
}

void FuzzVocabulary(std::uint8_t choice, Input input) {
  Vocabulary vocabulary;
  if (choice % 4 != 0) vocabulary = choice % 2 == 0 ? SmallSentencePiece() : SmallByteLevel();
  vocabulary.model = (choice & 1) == 0 ? "llama" : "gpt2";
  vocabulary.pre_tokenizer = kPreTokenizers[(choice >> 2) % std::size(kPreTokenizers)];
  for (int i = input.Byte() % 32; i > 0; --i) {
    vocabulary.tokens.push_back(input.Text(12));
    vocabulary.types.push_back(static_cast<Vocabulary::TokenType>(input.Byte() % 8));
    vocabulary.scores.push_back(static_cast<float>(static_cast<std::int8_t>(input.Byte())));
  }
  for (int i = input.Byte() % 16; i > 0; --i) vocabulary.merges.push_back(input.Text(12));
  vocabulary.bos_id = static_cast<std::int8_t>(input.Byte());
  vocabulary.eos_id = static_cast<std::int8_t>(input.Byte());
  vocabulary.unknown_id = static_cast<std::int8_t>(input.Byte());
  vocabulary.add_bos = input.Byte() % 2 != 0;
  if (input.Byte() % 4 == 0) vocabulary.types.clear();
  if (input.Byte() % 4 == 0) vocabulary.scores.clear();
  const auto tokenizer = Tokenizer::Make(std::move(vocabulary));
  if (tokenizer.ok()) CheckAnyText(**tokenizer, input.Rest());
}

void FuzzChat(Input input) {
  const std::string role = input.Text(12);
  const std::string content = input.Text(32);
  const std::vector<ChatMessage> messages = {{role, content}};
  const auto prompt = FormatChat(input.Rest(), messages);
  Require(!prompt.ok() || prompt->find(content) != std::string::npos);
}

}  // namespace
}  // namespace braid

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace braid;
  Input input(std::string_view(reinterpret_cast<const char*>(data), size));
  const std::uint8_t what = input.Byte();
  const std::uint8_t choice = input.Byte();
  switch (what % 4) {
    case 0:
    case 1:
      FuzzText(choice, input.Rest());
      break;
    case 2:
      FuzzVocabulary(choice, input);
      break;
    default:
      FuzzChat(input);
      break;
  }
  return 0;
}
