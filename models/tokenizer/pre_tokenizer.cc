#include "models/tokenizer/pre_tokenizer.h"

#include "models/tokenizer/utf8.h"

#include <array>
#include <initializer_list>
#include <utility>

// Unicode's White_Space, for use within brackets. PCRE2's \s also takes U+180E, which has not been
// a space since Unicode 6.3 and is none for the tokenizers that vocabularies were trained with.
#define BRAID_SPACE R"(\p{Z}\t-\r\x{85})"

namespace braid {
namespace {

// Source: GPT-2's encoder, with \s spelled out.
constexpr const char* kGpt2Words =
    "'s|'t|'re|'ve|'m|'ll|'d"
    R"(| ?\p{L}+| ?\p{N}+| ?[^)" BRAID_SPACE R"(\p{L}\p{N}]+)"
    "|[" BRAID_SPACE "]+(?![^" BRAID_SPACE "])|[" BRAID_SPACE "]+";

// What the words of Llama 3 and Qwen2 have in common before and behind their numbers.
// Source: `pre_tokenizer` in the tokenizer.json of Llama-3-8B and of Qwen2-7B.
#define BRAID_WORDS_BEFORE_NUMBERS \
  "(?i:'s|'t|'re|'ve|'m|'ll|'d)"   \
  R"(|[^\r\n\p{L}\p{N}]?\p{L}+|)"
#define BRAID_WORDS_BEHIND_NUMBERS             \
  "| ?[^" BRAID_SPACE R"(\p{L}\p{N}]+[\r\n]*)" \
  "|[" BRAID_SPACE R"(]*[\r\n]+)"              \
  "|[" BRAID_SPACE "]+(?![^" BRAID_SPACE "])|[" BRAID_SPACE "]+"

constexpr const char* kLlama3Words =
    BRAID_WORDS_BEFORE_NUMBERS R"(\p{N}{1,3})" BRAID_WORDS_BEHIND_NUMBERS;
constexpr const char* kQwen2Words =
    BRAID_WORDS_BEFORE_NUMBERS R"(\p{N})" BRAID_WORDS_BEHIND_NUMBERS;

struct Rule {
  std::string_view name;
  std::vector<const char*> patterns;  // each cuts what the one before it left
  bool whole_words_first = false;
};

std::vector<Rule> KnownRules() {
  // "default" is what llama.cpp does where a file names no pre-tokenizer: none of the trained
  // ones, but what such files are run with.
  const std::vector<const char*> fallback = {R"([\p{P}$+<=>^~|]+)", kGpt2Words, R"(\p{N}+)",
                                             "[0-9][0-9][0-9]"};
  const std::vector<const char*> single_digits = {R"(\p{N})", kGpt2Words};
  return {
      {"smollm", single_digits},
      {"starcoder", single_digits},
      {"gpt-2", {kGpt2Words}},
      {"llama-bpe", {kLlama3Words}, true},
      {"llama3", {kLlama3Words}, true},
      {"llama-v3", {kLlama3Words}, true},
      {"qwen2", {kQwen2Words}},
      {"deepseek-r1-qwen", {kQwen2Words}},
      {"default", fallback},
  };
}

}  // namespace

Result<PreTokenizer> PreTokenizer::Make(std::string_view name) {
  if (name.empty()) name = "default";
  std::string known;
  for (const Rule& rule : KnownRules()) {
    if (rule.name == name) {
      PreTokenizer made;
      made.whole_words_first_ = rule.whole_words_first;
      for (const char* pattern : rule.patterns) {
        ASSIGN_OR_RETURN(Regex stage, Regex::Compile(pattern));
        made.stages_.push_back(std::move(stage));
      }
      return made;
    }
    known += (known.empty() ? "" : ", ") + std::string(rule.name);
  }
  return InvalidArgument("the pre-tokenizer '" + std::string(name) +
                         "' (tokenizer.ggml.pre) is not known; known are: " + known);
}

std::vector<std::string_view> PreTokenizer::Split(std::string_view text) const {
  std::vector<Regex::Matcher> matchers;
  for (const Regex& stage : stages_) matchers.emplace_back(stage);
  std::vector<std::string_view> words;
  std::size_t begin = 0;  // of the valid text that has not been cut yet
  std::size_t position = 0;
  while (position < text.size()) {
    const Utf8Unit unit = ReadUtf8(text, position);
    if (unit.kind != Utf8Unit::Kind::kCharacter) {
      SplitWith(matchers, text.substr(begin, position - begin), &words);
      for (std::size_t i = 0; i < unit.num_bytes; ++i)
        words.push_back(text.substr(position + i, 1));
      begin = position + unit.num_bytes;
    }
    position += unit.num_bytes;
  }
  SplitWith(matchers, text.substr(begin), &words);
  return words;
}

void PreTokenizer::SplitWith(std::span<const Regex::Matcher> matchers, std::string_view text,
                             std::vector<std::string_view>* words) {
  if (text.empty()) return;
  if (matchers.empty()) {
    words->push_back(text);
    return;
  }
  const auto later = matchers.subspan(1);
  std::size_t position = 0;
  while (position < text.size()) {
    const auto match = matchers.front().Find(text, position);
    if (!match) break;
    SplitWith(later, text.substr(position, match->begin - position), words);
    SplitWith(later, text.substr(match->begin, match->end - match->begin), words);
    position = match->end;
  }
  SplitWith(later, text.substr(position), words);
}

}  // namespace braid
