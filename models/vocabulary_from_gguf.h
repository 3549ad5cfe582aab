#pragma once

#include "base/status.h"
#include "models/gguf/gguf_file.h"
#include "models/tokenizer.h"

namespace braid {

/// Copies a file's tokenizer.ggml.* keys. Only their kinds are checked; whether the parts fit
/// together is Tokenizer::Make's question. Where `add_bos_token` is missing, SentencePiece
/// vocabularies and Llama 3's get a BOS, others none, as the format's readers agree.
/// Errors: InvalidArgument naming file and key.
/// Thread: any.
Result<Vocabulary> VocabularyFromGguf(const GgufFile& file);

}  // namespace braid
