#include "models/tokenizer/pre_tokenizer.h"

#include "models/tokenizer/utf8.h"

#include <string>
#include <utility>

namespace braid {
namespace {

// Unicode's White_Space, for use within brackets. PCRE2's \s also takes U+180E, which has not been
// a space since Unicode 6.3 and is none for the tokenizers that vocabularies were trained with.
constexpr const char* kSpace = R"(\p{Z}\t-\r\x{85})";

// Runs of space: the last one before a word is left for that word.
std::string Blanks() {
  const std::string space = kSpace;
  return "[" + space + "]+(?![^" + space + "])|[" + space + "]+";
}

// Source: GPT-2's encoder, with \s spelled out.
std::string Gpt2Words() {
  return R"('s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^)" + std::string(kSpace) +
         R"(\p{L}\p{N}]+|)" + Blanks();
}

// The words of Llama 3 and Qwen2, which differ in how many digits make a number.
// Source: `pre_tokenizer` in the tokenizer.json of Llama-3-8B and of Qwen2-7B.
std::string WordsWithNumbers(const std::string& number) {
  const std::string space = kSpace;
  return R"((?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|)" + number + "| ?[^" + space +
         R"(\p{L}\p{N}]+[\r\n]*|[)" + space + R"(]*[\r\n]+|)" + Blanks();
}

struct Rule {
  std::string_view name;
  std::vector<std::string> patterns;  // each cuts what the one before it left
  bool whole_words_first = false;
};

std::vector<Rule> KnownRules() {
  const std::vector<std::string> single_digits = {R"(\p{N})", Gpt2Words()};
  const std::vector<std::string> llama3 = {WordsWithNumbers(R"(\p{N}{1,3})")};
  const std::vector<std::string> qwen2 = {WordsWithNumbers(R"(\p{N})")};
  // "default" is what llama.cpp does where a file names no pre-tokenizer: none of the trained
  // ones, but what such files are run with.
  const std::vector<std::string> fallback = {R"([\p{P}$+<=>^~|]+)", Gpt2Words(), R"(\p{N}+)",
                                             "[0-9][0-9][0-9]"};
  return {
      {"smollm", single_digits}, {"starcoder", single_digits},
      {"gpt-2", {Gpt2Words()}},  {"llama-bpe", llama3, true},
      {"llama3", llama3, true},  {"llama-v3", llama3, true},
      {"qwen2", qwen2},          {"deepseek-r1-qwen", qwen2},
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
      for (const std::string& pattern : rule.patterns) {
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
