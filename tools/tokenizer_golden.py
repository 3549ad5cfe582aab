#!/usr/bin/env python3
"""Writes the expected token ids that the tokenizer tests compare with.

The ids come from implementations that are not ours: byte-level BPE and pre-tokenizers from the
Python package `tokenizers`, SentencePiece BPE from the package `sentencepiece`. The vocabularies
are read from the GGUF files with the package `gguf`, so that all sides agree on the ids.

    python3 -m venv /tmp/golden
    /tmp/golden/bin/pip install tokenizers==0.23.3 sentencepiece gguf protobuf
    /tmp/golden/bin/python tools/tokenizer_golden.py --smollm2 SmolLM2-135M-Instruct.Q4_1.gguf \
        --stories260k stories260K.gguf

writes tests/tokenizer/{smollm2,stories260k,pre_tokenizer}_golden.json; what is not given is left as
it is. The tests need neither Python nor network; run this only to add texts.

What the other implementations cannot do is stated here once more, independently of the C++ code:
bytes that are not UTF-8 are tokens of their own (SmolLM2), and a byte that SmolLM2's vocabulary
lacks is U+FFFD.
"""

import argparse
import json
import pathlib

TEXTS = [
    "",
    " ",
    "a",
    "Hello, world!",
    " Hello",
    "Hello ",
    "  two  spaces  ",
    "The quick brown fox jumps over the lazy dog.",
    "I'm you're he'll we've they'd it's don't",
    "I'M YOU'RE HE'LL WE'VE THEY'D IT'S DON'T",
    "'s't're've'm'll'd ''s '\u017f",
    "don\u2019t \u201cquote\u201d \u2014 dash\u2026",
    "0 1 12 123 1234 12345 1234567890",
    "3.14159e-10, 1,000,000.00 and 0xDEADBEEF",
    "v1.2.3-rc4+build567",
    "  5  6   7",
    "x=1;y=22;z=333",
    "\u0661\u0662\u0663 \u0967\u0968\u0969 \u00bd \u00b2 \u2167 \u2463 \u4e09",
    "one\ntwo\n\nthree\n\n\nfour",
    "line\r\nline\r\n\r\nend\r",
    "tabs\tand\t\tmore\t\t\t tabs",
    "trailing   \n   leading",
    "   \n\n   \n",
    "\n",
    "\n\n\n\n\n\n\n\n",
    " " * 31,
    " " * 200 + "x",
    "a  b   c    d     e      f",
    "\u00a0nbsp\u00a0\u00a0two \u3000ideographic\u2003em\u200bzero\u180emvs\u0085nel\u2028ls\u2029ps",
    "def f(x):\n    if x > 0:\n        return x ** 2\n    return -x  # comment\n",
    "for (int i = 0; i < n; ++i) { a[i] += b[i] * 3.0f; }\n\t// done\n",
    "<html><body class=\"a b\">&amp;&nbsp;</body></html>",
    "SELECT * FROM t WHERE a >= 10 AND b != 'x' -- why\n",
    "https://example.org/path?q=1&r=%20#frag me@example.org",
    "$100 + 20% = ~120^2 | a_b`c` \\n {x} [y] <z>",
    "!!!???...,,,;;;:::---___***",
    "=" * 80,
    "\u00dcn\u00efc\u00f6d\u00e9 \u00e0 la carte, \u00e6\u00f8\u00e5 \u00df",
    "e\u0301 decomposed vs \u00e9 composed, n\u0303",
    "\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440! \u041a\u0430\u043a \u0434\u0435\u043b\u0430?",
    "\u0395\u03bb\u03bb\u03b7\u03bd\u03b9\u03ba\u03ac \u03ba\u03b1\u03b9 \u05e2\u05d1\u05e8\u05d9\u05ea \u0627\u0644\u0639\u0631\u0628\u064a\u0629",
    "\u65e5\u672c\u8a9e\u306e\u6587\u7ae0\u3067\u3059\u3002\u4e2d\u6587\u53e5\u5b50\uff0c\u6ca1\u6709\u7a7a\u683c\u3002\ud55c\uad6d\uc5b4 \ubb38\uc7a5",
    "\u0939\u093f\u0928\u094d\u0926\u0940 \u0e20\u0e32\u0e29\u0e32\u0e44\u0e17\u0e22 \u1781\u17d2\u1798\u17c2\u179a",
    "\U0001f600 \U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466 \U0001f1e9\U0001f1ea \U0001f44d\U0001f3fd \u2764\ufe0f",
    "\U0001f600\U0001f600\U0001f600abc\U0001f600",
    "\U0001d54f\U0001d550 \U00020000 \U0010ffff",
    "mixed\u4e2dand\u65871\u4e8c2\u4e09text",
    "\ufeffbyte order mark \ufffd replacement",
    "\u2581already\u2581marked \u2581",
    "null\x00 bell\x07 esc\x1b[31m del\x7f",
    "Donaudampfschifffahrtselektrizit\u00e4tenhauptbetriebswerkbauunterbeamtengesellschaft",
    "pneumonoultramicroscopicsilicovolcanoconiosis" * 8,
    "a" * 300,
    "ab" * 150,
    "A" * 64 + "b" * 64,
    "camelCaseWithHTTPServerAndXMLParser snake_case_with_words SCREAMING_CASE",
    "<|im_start|>user\nHi there<|im_end|>\n<|im_start|>assistant\n",
    "<|im_start|><|im_start|> <|im_end|><|endoftext|>x<|endoftext|>",
    "not special: <|im_start> <im_start|> <|im_end| >",
    "<repo_name>braid<file_sep>main.cc<reponame><filename>",
    "Once upon a time, there was a little girl named Lily.",
    "She said, \"Let's go to the park!\" They played all day.",
    " \u00a0 \u2003 mixed blank \u3000 runs \t \n \u00a0x",
    "\u01c5 \u02b0 \u2122 \u20ac \u0378 \ue000",
]

# In hexadecimal: bytes that are not valid UTF-8, alone and among text.
INVALID = [
    "80",
    "ff",
    "68656c6c6f80776f726c64",
    "68692020ffff20207468657265",
    "e282",
    "e2822078",
    "c328",
    "61c0af62",
    "eda080eda080",
    "f09f98",
    "f4908080",
    "20f8888080802031",
    "e697a5e69c",
]

GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"
TAIL = r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
HEAD = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|"


def vocabulary(path):
    from gguf import GGUFReader

    fields = GGUFReader(path).fields
    return lambda key: fields["tokenizer.ggml." + key].contents()


def byte_characters():
    """GPT-2's alphabet: the character of each byte."""
    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    rest = [b for b in range(256) if b not in visible]
    return {b: chr(b) for b in visible} | {b: chr(256 + i) for i, b in enumerate(rest)}


def valid_stretches(data):
    """Cuts bytes into (text, None) and (None, byte), the latter for each byte that is no UTF-8."""
    while data:
        try:
            yield data.decode(), None
            return
        except UnicodeDecodeError as error:
            if error.start:
                yield data[: error.start].decode(), None
            for byte in data[error.start : error.end]:
                yield None, byte
            data = data[error.end :]


def smollm2(path):
    from tokenizers import AddedToken, Tokenizer, models, pre_tokenizers

    get = vocabulary(path)
    tokens, types = get("tokens"), get("token_type")
    ids = {token: i for i, token in enumerate(tokens)}
    merges = [tuple(merge.split(" ")) for merge in get("merges")]

    def build(words, special):
        tokenizer = Tokenizer(models.BPE(vocab=ids, merges=merges))
        if words:
            tokenizer.pre_tokenizer = pre_tokenizers.Sequence([
                pre_tokenizers.Digits(individual_digits=True),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True),
            ])
        if special:
            tokenizer.add_special_tokens(
                [AddedToken(t, normalized=False) for t, kind in zip(tokens, types) if kind == 3])
        return tokenizer

    plain, special, raw = build(True, False), build(True, True), build(False, False)
    alphabet = byte_characters()
    replacement = raw.encode("".join(alphabet[b] for b in "\ufffd".encode())).ids
    lacking = {b for b in range(256) if alphabet[b] not in ids}

    def encode_bytes(data):
        out = []
        for text, byte in valid_stretches(data):
            if text is not None:
                out += plain.encode(text, add_special_tokens=False).ids
            elif byte in lacking:
                out += replacement
            else:
                out.append(ids[alphabet[byte]])
        return out

    rows = []
    for text in TEXTS:
        # The package drops bytes that the vocabulary lacks, where we must not lose them.
        if lacking & set(text.encode()):
            continue
        for parse_special, tokenizer in ((False, plain), (True, special)):
            encoded = tokenizer.encode(text, add_special_tokens=False).ids
            rows.append({"text": text, "parse_special": parse_special, "ids": encoded})
    for data in INVALID:
        rows.append({"hex": data, "parse_special": False, "ids": encode_bytes(bytes.fromhex(data))})
    return rows


def stories260k(path):
    import sentencepiece
    from sentencepiece import sentencepiece_model_pb2 as schema

    get = vocabulary(path)
    model = schema.ModelProto()
    for text, score, kind in zip(get("tokens"), get("scores"), get("token_type")):
        model.pieces.add(piece=text, score=score, type=kind)
    model.trainer_spec.model_type = schema.TrainerSpec.BPE
    model.trainer_spec.byte_fallback = True
    model.trainer_spec.vocab_size = len(model.pieces)
    model.normalizer_spec.name = "identity"
    model.normalizer_spec.add_dummy_prefix = True
    model.normalizer_spec.remove_extra_whitespaces = False
    model.normalizer_spec.escape_whitespaces = True
    processor = sentencepiece.SentencePieceProcessor(model_proto=model.SerializeToString())
    # SentencePiece never takes a control token out of a text, which is parse_special false.
    return [{"text": text, "ids": processor.encode(text)} for text in TEXTS]


def pre_tokenizer():
    from tokenizers import Regex, pre_tokenizers

    def split(*patterns):
        return pre_tokenizers.Sequence(
            [pre_tokenizers.Split(Regex(p), "isolated") for p in patterns])

    byte_level = pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=True)
    rules = {
        "smollm": pre_tokenizers.Sequence([pre_tokenizers.Digits(individual_digits=True),
                                           byte_level]),
        "gpt-2": byte_level,
        "llama-bpe": split(HEAD + r"\p{N}{1,3}" + TAIL),
        "qwen2": split(HEAD + r"\p{N}" + TAIL),
        "default": split(r"[\p{P}\$\+<=>\^~\|]+", GPT2, r"\p{N}+", "[0-9][0-9][0-9]"),
    }
    rows = []
    for name, rule in rules.items():
        for text in TEXTS:
            words = [text[begin:end] for _, (begin, end) in rule.pre_tokenize_str(text)]
            assert "".join(words) == text, (name, text, words)
            rows.append({"pre_tokenizer": name, "words": words})
    return rows


def write(name, rows):
    path = pathlib.Path(__file__).parent.parent / "tests" / "tokenizer" / (name + "_golden.json")
    lines = ",\n".join(json.dumps(row, separators=(",", ":")) for row in rows)
    path.write_text("[\n" + lines + "\n]\n")
    print(f"{path}: {len(rows)} rows, {path.stat().st_size} bytes")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--smollm2", metavar="GGUF")
    parser.add_argument("--stories260k", metavar="GGUF")
    arguments = parser.parse_args()
    if arguments.smollm2:
        write("smollm2", smollm2(arguments.smollm2))
    if arguments.stories260k:
        write("stories260k", stories260k(arguments.stories260k))
    write("pre_tokenizer", pre_tokenizer())


if __name__ == "__main__":
    main()
