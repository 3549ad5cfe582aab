#include "models/gguf/writer.h"
#include "models/vocabulary_from_gguf.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <limits>
#include <string>

namespace braid {
namespace {

using ::testing::HasSubstr;

Result<Vocabulary> Read(const std::function<void(GgufWriter&)>& add) {
  GgufWriter writer;
  add(writer);
  const std::vector<std::byte> bytes = writer.ToBytes();
  ASSIGN_OR_RETURN(const GgufFile file, GgufFile::FromMemory(bytes, "v.gguf"));
  return VocabularyFromGguf(file);
}

void AddTokens(GgufWriter& writer, std::string_view model) {
  writer.AddString("tokenizer.ggml.model", model);
  writer.AddStrings("tokenizer.ggml.tokens", std::array<std::string, 2>{"a", "b"});
}

TEST(VocabularyFromGguf, ReadsByteLevelBpe) {
  const auto vocabulary = Read([](GgufWriter& writer) {
    AddTokens(writer, "gpt2");
    writer.AddString("tokenizer.ggml.pre", "smollm");
    writer.AddStrings("tokenizer.ggml.merges", std::array<std::string, 1>{"a b"});
    writer.AddUint32("tokenizer.ggml.eot_token_id", 1);
    writer.AddBool("tokenizer.ggml.add_space_prefix", false);
    writer.AddString("tokenizer.chat_template", "{{ x }}");
  });
  ASSERT_TRUE(vocabulary.ok()) << vocabulary.error().message();
  EXPECT_EQ(vocabulary->model, "gpt2");
  EXPECT_EQ(vocabulary->pre_tokenizer, "smollm");
  EXPECT_THAT(vocabulary->merges, ::testing::ElementsAre("a b"));
  EXPECT_EQ(vocabulary->eot_id, 1);
  EXPECT_EQ(vocabulary->bos_id, -1);
  EXPECT_FALSE(vocabulary->add_space_prefix);
  EXPECT_EQ(vocabulary->chat_template, "{{ x }}");
}

TEST(VocabularyFromGguf, AddsBosByDefaultOnlyWhereTheFormatDoes) {
  EXPECT_TRUE(Read([](GgufWriter& w) { AddTokens(w, "llama"); })->add_bos);
  EXPECT_FALSE(Read([](GgufWriter& w) { AddTokens(w, "gpt2"); })->add_bos);
  EXPECT_TRUE(Read([](GgufWriter& w) {
                AddTokens(w, "gpt2");
                w.AddString("tokenizer.ggml.pre", "llama-bpe");
              })->add_bos);
  EXPECT_FALSE(Read([](GgufWriter& w) {
                 AddTokens(w, "llama");
                 w.AddBool("tokenizer.ggml.add_bos_token", false);
               })->add_bos);
}

TEST(VocabularyFromGguf, ReadsTheLargestIdAsNone) {
  const auto vocabulary = Read([](GgufWriter& w) {
    AddTokens(w, "llama");
    w.AddUint32("tokenizer.ggml.bos_token_id", 4294967295U);
    w.AddUint32("tokenizer.ggml.eos_token_id", 1);
  });
  EXPECT_EQ(vocabulary->bos_id, -1);
  EXPECT_EQ(vocabulary->eos_id, 1);
}

TEST(VocabularyFromGguf, NamesTheKeyThatIsWrong) {
  EXPECT_THAT(Read([](GgufWriter&) {}).error().message(), HasSubstr("tokenizer.ggml.model"));
  EXPECT_THAT(
      Read([](GgufWriter& w) { w.AddString("tokenizer.ggml.model", "llama"); }).error().message(),
      HasSubstr("tokenizer.ggml.tokens is missing"));
  EXPECT_THAT(Read([](GgufWriter& w) {
                w.AddString("tokenizer.ggml.model", "llama");
                w.AddInts("tokenizer.ggml.tokens", std::array<std::int32_t, 1>{1});
              })
                  .error()
                  .message(),
              HasSubstr("expected a list of strings"));
  EXPECT_THAT(Read([](GgufWriter& w) {
                AddTokens(w, "llama");
                w.AddInts("tokenizer.ggml.token_type", std::array<std::int32_t, 2>{1, 7});
              })
                  .error()
                  .message(),
              HasSubstr("token 1 type 7"));
  EXPECT_THAT(Read([](GgufWriter& w) {
                AddTokens(w, "llama");
                w.AddFloats("tokenizer.ggml.scores",
                            std::array<float, 2>{0, std::numeric_limits<float>::quiet_NaN()});
              })
                  .error()
                  .message(),
              HasSubstr("finite"));
  EXPECT_THAT(Read([](GgufWriter& w) {
                AddTokens(w, "llama");
                w.AddUint32("tokenizer.ggml.bos_token_id", 3000000000U);
              })
                  .error()
                  .message(),
              HasSubstr("a token id"));
  EXPECT_THAT(Read([](GgufWriter& w) {
                AddTokens(w, "llama");
                w.AddUint32("tokenizer.ggml.add_bos_token", 1);
              })
                  .error()
                  .message(),
              HasSubstr("true or false"));
}

}  // namespace
}  // namespace braid
