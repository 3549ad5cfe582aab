#!/usr/bin/env python3
"""Logits and greedy text of a Llama GGUF from an implementation that is not ours.

The weights are dequantised to float32 by gguf-py and run by PyTorch through transformers'
LlamaForCausalLM; text is cut into tokens by the `tokenizers` library from the vocabulary in the
file. Nothing of Braid is used. docs/reference.md says how to install those packages and what the
written files hold.

  tools/reference_logits.py MODEL.gguf --write tests/data/smollm2_reference.json
      computes the reference and writes it, with the .bin of the same name beside it.
  tools/reference_logits.py MODEL.gguf --check tests/data/smollm2_reference.json
      computes everything in the file anew and compares: exit 0 if it agrees, 1 if not.
  tools/reference_logits.py MODEL.gguf --check-greedy GREEDY.json
      compares greedy text with a list of {prompt, max_total_tokens, text}.

Deterministic: one thread, fixed seed; another CPU or another PyTorch moves the logits by rounding
only, which --check allows for.
"""

import argparse
import hashlib
import importlib.metadata
import json
import pathlib
import platform
import random
import sys

import gguf
import numpy as np
import torch

import reference_model

FORMAT = 1
PACKAGES = ("torch", "transformers", "gguf", "tokenizers", "numpy", "jinja2")
NUM_TOP = 16  # best ids kept at every position
NUM_PROBES = 64  # further ids, the same at every position
PROBE_SEED = 20240229
MAX_NEW_TOKENS = 64
INT16_MAX = 32767
# Rounding between CPUs and PyTorch versions, as max|a-b| / max|b|; Braid's own limit is 1e-3.
LOGIT_TOLERANCE = 5e-5
# A greedy step may differ where the two best logits are closer than this, relative to max|logit|.
TIE_TOLERANCE = 1e-4

# ---- what is asked of the model -----------------------------------------------------------------

PROSE = (
    "The lighthouse keeper wrote down the weather every morning for 41 years. He noted the wind, "
    "the height of the waves, and whether the ferry had come; on Sundays he added a line about his "
    "garden. \"Nobody will read this,\" he told his daughter, but she didn't believe him.\n\n"
    "When the station was closed in 1987, the notebooks were carried to the town library. A student "
    "found them there by chance. She counted the days of fog, drew a curve, and saw that the fog "
    "had been getting thinner for decades. What the keeper had thought of as a habit was the"
)
CAT = [{"role": "user", "content": "Why do cats purr? Please answer in two short sentences."}]
CITIES = [
    {"role": "system", "content": "You are a terse assistant. Answer with as few words as you can."},
    {"role": "user", "content": "What is the capital of France?"},
    {"role": "assistant", "content": "Paris."},
    {"role": "user", "content": "And of Italy?"},
]
SEQUENCES = [("prose", PROSE), ("chat", CAT)]
GREEDY = [
    ("plain-story", "Once upon a time, there was a small ship that"),
    ("plain-list", "The first ten prime numbers are 2, 3, 5,"),
    ("chat-cat", CAT),
    ("chat-cities", CITIES),
    ("chat-rainbow", [{"role": "user", "content": "Explain to a child how a rainbow forms."}]),
]
# (text, parse_special): places where tokenizers of this kind disagree.
TOKENIZER_CASES = [
    ("", True),
    ("Hello world", True),
    (" Hello  world ", True),
    ("a   b\t\tc\n\n  d \n", True),
    ("1234567 3.14 2nd 10,000", True),
    ("a  5 b 77  c", True),
    ("it's we're I'LL don't 'tis rock'n'roll", True),
    ("na\u00efve caf\u00e9 \u00fcber stra\u00dfe \u00c5ngstr\u00f6m", True),
    ("\u65e5\u672c\u8a9e\u306e\u6587\u7ae0\u3002 \u4f60\u597d\uff0c\u4e16\u754c", True),
    ("\u041f\u0440\u0438\u0432\u0435\u0442, \u043c\u0438\u0440! \u0645\u0631\u062d\u0628\u0627", True),
    ("\U0001f600 \U0001f469\u200d\U0001f680 \u2192 \u20ac5", True),
    ("x\u00b2 + \u00bd \u2167 \u0663", True),
    ("tab\u00a0nbsp\u3000wide", True),
    ("int main() { return a[i]->b != 0x1F; } // ok", True),
    ("https://example.org/a?b=c&d=%20#e", True),
    ("\r\nline\r\n", True),
    ("e\u0301 combining", True),
    ("<|im_start|>user\nHi<|im_end|>\n", True),
    ("<|im_start|>user\nHi<|im_end|>\n", False),
    ("  <|endoftext|>  <|im_end", True),
    ("supercalifragilisticexpialidocious antidisestablishmentarianism", True),
    ("!!!???...---___***", True),
]

# ---- the reference ------------------------------------------------------------------------------


def rounded(value):
    """7 significant digits: 1e-7 of the value, far below any tolerance used with it."""
    return float(f"{float(value):.7g}")


def probe_ids(vocab_size):
    """NUM_PROBES ids, one at random out of each NUM_PROBES-th of the vocabulary, so that every
    shard of a split vocabulary holds some."""
    chance = random.Random(PROBE_SEED)
    edges = [vocab_size * i // NUM_PROBES for i in range(NUM_PROBES + 1)]
    return [chance.randrange(low, high) for low, high in zip(edges, edges[1:])]


def position_record(logits, probes):
    top = np.argsort(-logits, kind="stable")[:NUM_TOP]
    peak = logits.max()
    return {
        "max_abs": rounded(np.abs(logits).max()),
        "mean": rounded(logits.mean()),
        "rms": rounded(np.sqrt((logits**2).mean())),
        "log_sum_exp": rounded(peak + np.log(np.exp(logits - peak).sum())),
        "top_ids": [int(i) for i in top],
        "top_logits": [rounded(logits[i]) for i in top],
        "probe_logits": [rounded(logits[i]) for i in probes],
    }


def prompt_record(name, prompt, tokenizer):
    if isinstance(prompt, str):
        return {"name": name, "messages": [], "text": prompt, "ids": tokenizer.encode(prompt)}
    text = tokenizer.render(prompt)
    return {"name": name, "messages": prompt, "text": text, "ids": tokenizer.encode(text)}


def sha256(path):
    return hashlib.sha256(pathlib.Path(path).read_bytes()).hexdigest()


def compute(model_path):
    """The reference as a dict, and the int16 values of its one full row of logits."""
    reader = gguf.GGUFReader(model_path)
    meta = reference_model.metadata(reader)
    tokenizer = reference_model.ByteLevelTokenizer(meta)
    model = reference_model.load_model(reader, meta)
    vocab_size = model.config.vocab_size
    probes = probe_ids(vocab_size)
    sequences = []
    for name, prompt in SEQUENCES:
        record = prompt_record(name, prompt, tokenizer)
        logits = reference_model.all_logits(model, record["ids"])
        record["positions"] = [position_record(row, probes) for row in logits]
        sequences.append(record)
        if name == "prose":
            full_row, full_position = logits[-1], len(logits) - 1
    scale = float(np.abs(full_row).max() / INT16_MAX)
    quantised = np.rint(full_row / scale).astype("<i2")
    stop_ids = {meta["tokenizer.ggml.eos_token_id"]}
    continuations = []
    for name, prompt in GREEDY:
        record = prompt_record(name, prompt, tokenizer)
        steps = reference_model.greedy(model, record["ids"], MAX_NEW_TOKENS, stop_ids)
        for key in ("gaps", "max_abs"):
            steps[key] = [rounded(value) for value in steps[key]]
        record.update(steps)
        record["continuation_text"] = tokenizer.decode(record["continuation_ids"])
        record["stopped_by"] = "eos" if record["continuation_ids"][-1] in stop_ids else "length"
        continuations.append(record)
    reference = {
        "format": FORMAT,
        "model": {
            "file": pathlib.Path(model_path).name,
            "sha256": sha256(model_path),
            "vocab_size": vocab_size,
        },
        "made_with": {
            "python": platform.python_version(),
            **{name: importlib.metadata.version(name) for name in PACKAGES},
        },
        "tokenizer": [
            {"text": text, "parse_special": special, "ids": tokenizer.encode(text, special)}
            for text, special in TOKENIZER_CASES
        ],
        "probe_seed": PROBE_SEED,
        "probe_ids": probes,
        "sequences": sequences,
        "full_logits": {
            "sequence": "prose",
            "position": full_position,
            "scale": scale,
            "count": vocab_size,
        },
        "max_new_tokens": MAX_NEW_TOKENS,
        "greedy": continuations,
    }
    return reference, quantised


# ---- files --------------------------------------------------------------------------------------


def to_json(value, depth=0):
    """JSON with one line an innermost list or flat object, so that a change shows as few lines."""
    flat = json.dumps(value, ensure_ascii=True, separators=(",", ":"))
    nested = isinstance(value, (list, dict)) and any(
        isinstance(item, (list, dict))
        for item in (value.values() if isinstance(value, dict) else value)
    )
    if not nested:
        return flat
    indent = " " * (depth + 1)
    if isinstance(value, list):
        items = [indent + to_json(item, depth + 1) for item in value]
        return "[\n" + ",\n".join(items) + "\n" + " " * depth + "]"
    items = [f"{indent}{json.dumps(key)}:{to_json(item, depth + 1)}" for key, item in value.items()]
    return "{\n" + ",\n".join(items) + "\n" + " " * depth + "}"


def write(model_path, json_path):
    reference, quantised = compute(model_path)
    binary_path = json_path.with_suffix(".bin")
    binary_path.write_bytes(quantised.tobytes())
    reference["full_logits"]["file"] = binary_path.name
    reference["full_logits"]["sha256"] = sha256(binary_path)
    json_path.write_text(to_json(reference) + "\n", encoding="ascii")
    for path in (json_path, binary_path):
        print(f"wrote {path} ({path.stat().st_size} bytes)")
    return 0


def worst_position(name, old, new):
    """Largest relative difference over the positions of one sequence, and a line for the reader."""
    errors = []
    for before, after in zip(old["positions"], new["positions"], strict=True):
        then = dict(zip(before["top_ids"], before["top_logits"]))
        now = dict(zip(after["top_ids"], after["top_logits"]))
        shared = [abs(then[i] - now[i]) for i in then.keys() & now.keys()]
        probes = [abs(a - b) for a, b in zip(before["probe_logits"], after["probe_logits"])]
        sums = [abs(before[key] - after[key]) for key in ("mean", "rms", "log_sum_exp", "max_abs")]
        # The k-th best values may belong to other ids after a tie, but hardly move themselves.
        ranks = [abs(a - b) for a, b in zip(before["top_logits"], after["top_logits"])]
        errors.append(max(shared + probes + sums + ranks) / before["max_abs"])
    print(f"sequence {name}: {len(errors)} positions, max|a-b|/max|b| {max(errors):.2e}")
    return max(errors)


def greedy_agrees(old, new):
    """True where both continuations are equal up to a near tie of the stored one."""
    then, now = old["continuation_ids"], new["continuation_ids"]
    for step, (a, b) in enumerate(zip(then, now)):
        if a != b:
            tie = old["gaps"][step] <= TIE_TOLERANCE * old["max_abs"][step]
            note = "a near tie" if tie and b == old["second_ids"][step] else "DIFFERENT"
            print(f"greedy {old['name']}: step {step} gives {b}, not {a}: {note}")
            return note != "DIFFERENT"
    print(f"greedy {old['name']}: {len(now)} tokens equal")
    return len(then) == len(now)


def check(model_path, json_path):
    old = json.loads(json_path.read_text(encoding="ascii"))
    new, quantised = compute(model_path)
    agrees = True
    for key in ("format", "model", "tokenizer", "probe_ids", "max_new_tokens"):
        if old[key] != new[key]:
            print(f"{key}: DIFFERENT")
            agrees = False
    for group in ("sequences", "greedy"):
        for a, b in zip(old[group], new[group], strict=True):
            if any(a[key] != b[key] for key in ("name", "messages", "text", "ids")):
                print(f"{group} {a['name']}: the prompt or its tokens are DIFFERENT")
                return 1
    for a, b in zip(old["sequences"], new["sequences"]):
        agrees &= worst_position(a["name"], a, b) <= LOGIT_TOLERANCE
    full = old["full_logits"]
    binary_path = json_path.with_name(full["file"])
    agrees &= sha256(binary_path) == full["sha256"]
    stored = np.fromfile(binary_path, dtype="<i2") * full["scale"]
    error = np.abs(stored - quantised * new["full_logits"]["scale"]).max() / np.abs(stored).max()
    print(f"full logits: {len(stored)} ids, max|a-b|/max|b| {error:.2e}")
    agrees &= error <= LOGIT_TOLERANCE + 1 / INT16_MAX
    for a, b in zip(old["greedy"], new["greedy"]):
        agrees &= greedy_agrees(a, b)
    print("agrees" if agrees else "DOES NOT AGREE")
    return 0 if agrees else 1


def check_greedy(model_path, json_path):
    reader = gguf.GGUFReader(model_path)
    meta = reference_model.metadata(reader)
    tokenizer = reference_model.ScoredTokenizer(meta)
    model = reference_model.load_model(reader, meta)
    stop_ids = {meta["tokenizer.ggml.bos_token_id"], meta["tokenizer.ggml.eos_token_id"]}
    failures = 0
    for case in json.loads(json_path.read_text(encoding="utf-8")):
        ids = tokenizer.encode(case["prompt"])
        # The limit counts forward passes, one a token from BOS on; the token that the last pass
        # gives is in the text as well, so ids and text are one token longer than the limit.
        max_new_tokens = case["max_total_tokens"] + 1 - len(ids)
        steps = reference_model.greedy(model, ids, max_new_tokens, stop_ids)
        made = [i for i in ids + steps["continuation_ids"] if i not in stop_ids]
        equal = tokenizer.decode(made) == case["text"]
        failures += not equal
        tightest = min(g / m for g, m in zip(steps["gaps"], steps["max_abs"]))
        print(f"{case['prompt']!r}: {len(steps['gaps'])} tokens {'equal' if equal else 'DIFFERENT'}, "
              f"closest tie {tightest:.1e}")
        if not equal:
            print(f"  expected {case['text']!r}\n  got      {tokenizer.decode(made)!r}")
    return 1 if failures else 0


def main():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("model", type=pathlib.Path, help="GGUF file")
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", type=pathlib.Path, metavar="FILE", help="write the reference")
    action.add_argument("--check", type=pathlib.Path, metavar="FILE", help="recompute and compare")
    action.add_argument("--check-greedy", type=pathlib.Path, metavar="FILE", help="compare text")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    if arguments.write:
        return write(arguments.model, arguments.write)
    if arguments.check:
        return check(arguments.model, arguments.check)
    return check_greedy(arguments.model, arguments.check_greedy)


if __name__ == "__main__":
    sys.exit(main())
