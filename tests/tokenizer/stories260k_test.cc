#include "models/tokenizer/space_marker.h"
#include "tests/tokenizer/golden.h"
#include "tests/tokenizer/real_vocabulary.h"

#include <gtest/gtest.h>

#include <vector>

namespace braid {
namespace {

class Stories260kTokenizer : public RealVocabularyTest {
 protected:
  void SetUp() override { Load("BRAID_TEST_STORIES260K", /*is_required_in_ci=*/false); }

  std::string Pieces(std::string_view text) const {
    std::string pieces;
    for (const std::int32_t id : tokenizer_->Encode(text, false, true)) {
      if (!pieces.empty()) pieces += '|';
      pieces += WithSpaces(vocabulary_.tokens[static_cast<std::size_t>(id)]);
    }
    return pieces;
  }
};

TEST_F(Stories260kTokenizer, EncodesAsAnotherImplementationDoes) {
  const nlohmann::json rows = ReadGolden("stories260k");
  ASSERT_GT(rows.size(), 50u);
  for (const auto& row : rows) {
    EXPECT_EQ(tokenizer_->Encode(row["text"].get<std::string>(), false, false),
              row["ids"].get<std::vector<std::int32_t>>())
        << row;
  }
}

TEST_F(Stories260kTokenizer, DecodesWhatItEncodes) {
  for (const auto& row : ReadGolden("stories260k")) {
    const auto text = row["text"].get<std::string>();
    if (text.find(kSpaceMarker) != std::string::npos) continue;
    const auto ids = tokenizer_->Encode(text, false, true);
    EXPECT_EQ(ids.front(), tokenizer_->bos_id());
    EXPECT_EQ(tokenizer_->DecodeAll(ids), text);
  }
}

TEST_F(Stories260kTokenizer, CutsThePromptsOfTheGreedyRunsIntoTheExpectedPieces) {
  EXPECT_EQ(Pieces(""), "<s>");
  EXPECT_EQ(Pieces("Once upon a time"), "<s>| Once| upon| a| time");
  EXPECT_EQ(Pieces("One day, a small dog"), "<s>| One| day|,| a| s|m|all| do|g");
  EXPECT_EQ(Pieces("The sun was hot and"), "<s>| The| s|un| was| h|ot| and");
}

}  // namespace
}  // namespace braid
