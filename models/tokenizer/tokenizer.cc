#include "models/tokenizer.h"

#include "models/tokenizer/byte_level_bpe.h"
#include "models/tokenizer/sentencepiece.h"
#include "models/tokenizer/token_table.h"

#include <utility>

namespace braid {

Result<std::unique_ptr<Tokenizer>> Tokenizer::Make(Vocabulary vocabulary) {
  const std::string model = vocabulary.model;
  if (model != "llama" && model != "gpt2") {
    return InvalidArgument("tokenizers of the kind '" + model +
                           "' (tokenizer.ggml.model) are not known; known are 'llama' "
                           "(SentencePiece BPE) and 'gpt2' (byte-level BPE)");
  }
  ASSIGN_OR_RETURN(TokenTable table, TokenTable::Make(std::move(vocabulary)));
  return model == "llama" ? SentencePieceTokenizer::Make(std::move(table))
                          : ByteLevelBpeTokenizer::Make(std::move(table));
}

}  // namespace braid
