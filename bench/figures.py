#!/usr/bin/env python3
"""The figures that this version promises, measured on this machine, beside their targets.

usage: bench/figures.py [--build DIR] [--smollm2 GGUF] [--repeats N] [--scratch DIR]

Alternates the configurations and gives medians with the spread (lowest .. highest). Writes a
random-weight model of TinyLlama's shape (1.2 GB) into the scratch folder once. Run it on a quiet
machine: the load is printed, and ratios are taken between neighbouring runs of one round.
"""
import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

# llama.cpp (2025-02), Q8_0, one thread, the same shape, on a quiet 2-core host: tokens/s.
PEER_DECODE, PEER_PREFILL = 5.8, 31.0
# Two letters make one token of the generated vocabulary; BOS and the leading space are two more.
PROMPT_TOKENS, DECODE_TOKENS = 512, 48


def run(braid, *arguments):
    """One run of braid with --json; its JSON object."""
    done = subprocess.run([braid, *arguments], capture_output=True, text=True, timeout=600)
    if done.returncode != 0:
        sys.exit(f"{' '.join([braid, *arguments])} failed ({done.returncode}):\n{done.stderr}")
    return json.loads(done.stdout)


def launched(braid, ranks, *arguments):
    return run(braid, "launch", "-n", str(ranks), "--", "run", "--json", *arguments)


def spread(values, scale=1.0, digits=2):
    scaled = sorted(v * scale for v in values)
    return f"{statistics.median(scaled):.{digits}f} ({scaled[0]:.{digits}f} .. {scaled[-1]:.{digits}f})"


def memory_excess(report):
    """Peak memory of the worst rank over its allowance of 1.1 x (weights + KV) + 100 MB."""
    return max(r["peak_memory_bytes"] / (1.1 * (r["weight_bytes"] + r["kv_bytes"]) + 100e6)
               for r in report["ranks"])


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--build", default="build/release")
    parser.add_argument("--smollm2", default=os.environ.get("BRAID_TEST_SMOLLM2"))
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--scratch", default=tempfile.gettempdir())
    args = parser.parse_args()
    braid = os.path.join(args.build, "bin", "braid")
    model = os.path.join(args.scratch, "braid-tinyllama-q8_0.gguf")
    if not os.path.exists(model):
        subprocess.run([os.path.join(args.build, "bench", "make_model"), "--shape",
                        "tinyllama-1.1b", "--dtype", "q8_0", "--out", model], check=True)
    prompt = os.path.join(args.scratch, "braid-prompt.txt")
    with open(prompt, "w", encoding="ascii") as file:
        file.write("z" * (2 * (PROMPT_TOKENS - 2)))

    print(f"load of the machine before: {os.getloadavg()[0]:.2f}, cores: {os.cpu_count()}")
    shape = ["--model", model, "--prompt-file", prompt, "--max-tokens", str(DECODE_TOKENS),
             "--ctx", "1024"]
    one, two = [], []
    for _ in range(args.repeats):
        one.append(launched(braid, 1, "--tp", "1", *shape))
        two.append(launched(braid, 2, "--tp", "2", *shape))
    timing = lambda reports, key: [r["timings"][key] for r in reports]
    decode, decode2 = (timing(r, "decode_tokens_per_second") for r in (one, two))
    prefill, prefill2 = (timing(r, "prefill_tokens_per_second") for r in (one, two))
    rows = [
        (f"decode, 1 thread, tokens/s over {PEER_DECODE}", ">= 0.8",
         spread(decode, 1 / PEER_DECODE), spread(decode)),
        (f"prefill of {one[0]['prompt_tokens']}, 1 thread, over {PEER_PREFILL}", ">= 1.0",
         spread(prefill, 1 / PEER_PREFILL), spread(prefill)),
        ("tp 2 over 1 rank, decode", ">= 1.6", spread([b / a for a, b in zip(decode, decode2)]),
         spread(decode2)),
        ("tp 2 over 1 rank, prefill", ">= 1.6", spread([b / a for a, b in zip(prefill, prefill2)]),
         spread(prefill2)),
        ("peak memory over allowance, worst rank", "<= 1.0",
         spread([memory_excess(r) for r in one + two], digits=3), ""),
    ]
    if args.smollm2:
        small = ["--model", args.smollm2, "--tp", "2", "--chat", "--prompt",
                 "What is the capital of France?", "--max-tokens", "16"]
        runs = [launched(braid, 2, *small) for _ in range(args.repeats)]
        first = timing(runs, "start_to_first_token_seconds")
        whole = []
        for _ in range(args.repeats):
            begin = time.perf_counter()
            launched(braid, 2, *small[:-1], "1")
            whole.append(time.perf_counter() - begin)
        rows.append(("SmolLM2, 2 ranks, start to first token, s", "<= 1.0", spread(first),
                     "load " + spread(timing(runs, "load_seconds"))))
        rows.append(("same, the whole command for one token, mpirun included, s", "",
                     spread(whole), ""))
        rows.append(("SmolLM2 peak memory over allowance", "<= 1.0",
                     spread([memory_excess(r) for r in runs], digits=3), ""))
    print(f"{'figure':57} {'target':8} {'reached':24} value")
    for name, target, reached, value in rows:
        print(f"{name:57} {target:8} {reached:24} {value}")


if __name__ == "__main__":
    main()
