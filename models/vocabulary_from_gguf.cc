#include "models/vocabulary_from_gguf.h"

#include "models/metadata_reader.h"

#include <limits>
#include <string>
#include <vector>

namespace braid {
namespace {

Result<std::vector<std::string>> Strings(const GgufFile& file, const std::string& key) {
  const GgufValue* value = file.FindValue(key);
  if (value == nullptr) return std::vector<std::string>();
  const auto views = value->AsStrings();
  if (!views) return MetadataReader(file).WrongKind(key, *value, "a list of strings");
  return std::vector<std::string>(views->begin(), views->end());
}

Result<std::vector<float>> Scores(const GgufFile& file) {
  const std::string key = "tokenizer.ggml.scores";
  const GgufValue* value = file.FindValue(key);
  if (value == nullptr) return std::vector<float>();
  const auto numbers = value->AsNumbers();
  std::vector<float> scores;
  for (const double number : numbers.value_or(std::vector<double>())) {
    // Written so that NaN fails too.
    if (!(number >= -std::numeric_limits<float>::max() &&
          number <= std::numeric_limits<float>::max())) {
      return MetadataReader(file).WrongKind(key, *value, "finite numbers only");
    }
    scores.push_back(static_cast<float>(number));
  }
  if (!numbers) return MetadataReader(file).WrongKind(key, *value, "a list of numbers");
  return scores;
}

Result<std::vector<Vocabulary::TokenType>> Types(const GgufFile& file) {
  const std::string key = "tokenizer.ggml.token_type";
  const GgufValue* value = file.FindValue(key);
  if (value == nullptr) return std::vector<Vocabulary::TokenType>();
  const auto numbers = value->AsIntegers();
  if (!numbers) return MetadataReader(file).WrongKind(key, *value, "a list of whole numbers");
  std::vector<Vocabulary::TokenType> types;
  types.reserve(numbers->size());
  for (std::size_t i = 0; i < numbers->size(); ++i) {
    const std::int64_t type = (*numbers)[i];
    if (type < 0 || type > 6) {
      return InvalidArgument(file.name() + ": key " + key + " gives token " + std::to_string(i) +
                             " type " + std::to_string(type) + "; types are 0 to 6");
    }
    // 0 is "undefined", which old converters wrote for ordinary tokens.
    types.push_back(static_cast<Vocabulary::TokenType>(type == 0 ? 1 : type));
  }
  return types;
}

Status ReadFlags(const MetadataReader& keys, Vocabulary& vocabulary) {
  ASSIGN_OR_RETURN(const auto add_bos, keys.Bool("tokenizer.ggml.add_bos_token"));
  const bool default_bos = vocabulary.model == "llama" || vocabulary.pre_tokenizer == "llama-bpe" ||
                           vocabulary.pre_tokenizer == "llama3" ||
                           vocabulary.pre_tokenizer == "llama-v3";
  vocabulary.add_bos = add_bos.value_or(default_bos);
  ASSIGN_OR_RETURN(const auto add_space, keys.Bool("tokenizer.ggml.add_space_prefix"));
  vocabulary.add_space_prefix = add_space.value_or(true);
  return {};
}

Status ReadSpecialIds(const MetadataReader& keys, Vocabulary& vocabulary) {
  ASSIGN_OR_RETURN(vocabulary.bos_id, keys.TokenId("tokenizer.ggml.bos_token_id"));
  ASSIGN_OR_RETURN(vocabulary.eos_id, keys.TokenId("tokenizer.ggml.eos_token_id"));
  ASSIGN_OR_RETURN(vocabulary.eot_id, keys.TokenId("tokenizer.ggml.eot_token_id"));
  ASSIGN_OR_RETURN(vocabulary.unknown_id, keys.TokenId("tokenizer.ggml.unknown_token_id"));
  return {};
}

}  // namespace

Result<Vocabulary> VocabularyFromGguf(const GgufFile& file) {
  const MetadataReader keys(file);
  Vocabulary vocabulary;
  ASSIGN_OR_RETURN(const auto model, keys.String("tokenizer.ggml.model"));
  if (!model) return keys.Missing("tokenizer.ggml.model");
  vocabulary.model = *model;
  ASSIGN_OR_RETURN(const auto pre_tokenizer, keys.String("tokenizer.ggml.pre"));
  vocabulary.pre_tokenizer = pre_tokenizer.value_or("");
  if (!keys.Has("tokenizer.ggml.tokens")) return keys.Missing("tokenizer.ggml.tokens");
  ASSIGN_OR_RETURN(vocabulary.tokens, Strings(file, "tokenizer.ggml.tokens"));
  ASSIGN_OR_RETURN(vocabulary.merges, Strings(file, "tokenizer.ggml.merges"));
  ASSIGN_OR_RETURN(vocabulary.scores, Scores(file));
  ASSIGN_OR_RETURN(vocabulary.types, Types(file));
  RETURN_IF_ERROR(ReadSpecialIds(keys, vocabulary));
  RETURN_IF_ERROR(ReadFlags(keys, vocabulary));
  ASSIGN_OR_RETURN(const auto chat_template, keys.String("tokenizer.chat_template"));
  vocabulary.chat_template = chat_template.value_or("");
  return vocabulary;
}

}  // namespace braid
