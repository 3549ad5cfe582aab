#!/usr/bin/env python3
"""Draws docs/pictures/policy-NAME.svg: what each policy does with the same fifteen requests.

    tools/draw_policies.py --braid build/release/bin/braid [--out docs/pictures]

Runs `braid simulate` on a small trace (REQUESTS below) once for all policies, then turns each
trace-NAME.json and requests-NAME.csv into one picture. Nothing in a picture is drawn by hand but its
words: where a strand starts, ends and how busy it is come from the run. Prints the rows of the table
in docs/planner.md. Only the standard library.
"""

import argparse
import csv
import json
import pathlib
import subprocess
import sys
import tempfile

POLICIES = ["braid", "loongserve", "liger", "static-tp", "static-sp", "replicas",
            "chunked-prefill", "disaggregated"]
ZERO_MS = 600  # when the long prompt arrives, in the trace: time 0 of the pictures
LONG, MIDDLE = 100_000, 20_000
# (ms after ZERO_MS, prompt tokens, output tokens)
REQUESTS = (
    [(-600, 1500, 200), (-580, 1500, 200), (-560, 1500, 200)]
    + [(0, LONG, 60), (1500, MIDDLE, 60)]
    + [(200 + 450 * i, [2000, 3000, 1500, 2500, 1000][i % 5], 120) for i in range(10)])

# Geometry, in pixels.
WIDTH, LEFT, RIGHT = 760, 84, 12
FIRST_MS, LAST_MS = -650, 6500
WAIT_TOP, WAIT_ROW = 40, 5
INSTANCE, GAP = 42, 7
KINDS = {  # fill, ink, words
    "long": ("#c2571a", "#ffffff", "prefill, 100K prompt"),
    "middle": ("#e0a526", "#3a2a00", "prefill, 20K prompt"),
    "short": ("#3f8f5a", "#ffffff", "prefill, short prompts"),
    "decode": ("#3b6fb5", "#ffffff", "decode"),
    "mixed": ("#7a5aa6", "#ffffff", "both in one pass"),
    "move": ("#6b6b6b", "#ffffff", "move of KV"),
}


def simulate(program, folder):
    """Runs all policies; leaves their files in `folder`."""
    trace = folder / "scenario.jsonl"
    with open(trace, "w", encoding="utf-8") as out:
        for when, prompt, output in sorted(REQUESTS):
            out.write(json.dumps({"timestamp": when + ZERO_MS, "input_length": prompt,
                                  "output_length": output, "hash_ids": []}) + "\n")
    subprocess.run([program, "simulate", "--cluster", "a800-80gb:8:tp2", "--model", "lwm-7b",
                    "--workload", str(trace), "--policy", ",".join(POLICIES), "--out",
                    str(folder), "--json"],
                   check=True, stdout=subprocess.DEVNULL)


def read_requests(path):
    with open(path, encoding="utf-8", newline="") as source:
        rows = list(csv.DictReader(source))
    requests = []
    for row in rows:
        prompt = int(row["prompt_tokens"])
        requests.append({
            "prompt": prompt,
            "kind": {LONG: "long", MIDDLE: "middle"}.get(prompt, "short"),
            "arrival": int(row["arrival_ns"]) / 1e6 - ZERO_MS,
            "scheduled": int(row["first_scheduled_ns"]) / 1e6 - ZERO_MS,
            "first": int(row["first_token_ns"]) / 1e6 - ZERO_MS,
            "chunks": int(row["num_chunks"]),
            "gap": int(row["longest_gap_ns"]) / 1e6})
    return sorted(requests, key=lambda request: request["arrival"])


def read_steps(path):
    """One entry a step and instance, in order of start."""
    with open(path, encoding="utf-8") as source:
        events = json.load(source)["traceEvents"]
    steps = []
    for event in events:
        if event["ph"] != "X":
            continue
        args = event["args"]
        start = event["ts"] / 1000 - ZERO_MS
        busy = (args["compute_us"] + args["network_us"]) / max(event["dur"], 1e-3)
        steps.append({
            "instance": event["pid"] - 1, "strand": event["tid"], "start": start,
            "end": start + event["dur"] / 1000, "rows": args["prefill_rows"],
            "decoding": args["decode_rows"], "busy": min(1.0, busy),
            "kind": "move" if event["name"] == "move" else
                    "short" if args["decode_rows"] == 0 else
                    "decode" if args["prefill_rows"] == 0 else "mixed"})
    return sorted(steps, key=lambda step: (step["start"], step["instance"], step["strand"]))


def colour_long_prompts(steps, requests):
    """Finds the steps of the two longer prompts: the last ends with the first token."""
    strands = 1 + max(step["strand"] for step in steps)
    for name in ("middle", "long"):
        request = next(r for r in requests if r["kind"] == name)
        last = [s for s in steps if s["rows"] > 0 and abs(s["end"] - request["first"]) < 0.01]
        where = {s["instance"] for s in last}
        for step in steps:
            inside = (step["start"] >= request["scheduled"] - 0.01 and
                      step["end"] <= request["first"] + 0.01)
            mine = inside and (step["rows"] > 4000 if strands > 1 else step["instance"] in where)
            if request["chunks"] == 1:
                mine = step in last
            if step["kind"] == "short" and step["rows"] > 0 and mine:
                step["kind"] = name
            elif step["kind"] == "mixed" and mine:
                step["kind"] = name
                step["with_decode"] = True


def merge(steps):
    """Joins runs that go on: equal decodes and chunks of one prompt."""
    merged = []
    for step in steps:
        before = next((m for m in reversed(merged) if m["instance"] == step["instance"] and
                       m["strand"] == step["strand"]), None)
        chunk = before and step.get("with_decode") and before.get("with_decode")
        same = (before and before["kind"] == step["kind"] and
                step["start"] - before["end"] < 1 and abs(step["busy"] - before["busy"]) < 0.1 and
                ((step["kind"] == "decode" and step["decoding"] == before["decoding"]) or chunk))
        if same:
            before["end"] = step["end"]
            before.setdefault("cuts", []).append(step["start"])
        else:
            merged.append(dict(step))
    return merged


def x_of(ms):
    return LEFT + (min(max(ms, FIRST_MS), LAST_MS) - FIRST_MS) * (
        WIDTH - LEFT - RIGHT) / (LAST_MS - FIRST_MS)


def text(x, y, words, size=11, fill="#333", anchor="start", weight="normal"):
    words = words.replace("&", "&amp;").replace("<", "&lt;")
    return (f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" fill="{fill}" '
            f'text-anchor="{anchor}" font-weight="{weight}">{words}</text>')


def rect(x, y, width, height, fill, opacity=1.0):
    return (f'<rect x="{x:.1f}" y="{y:.1f}" width="{max(width, 0.8):.1f}" height="{height:.1f}" '
            f'fill="{fill}" fill-opacity="{opacity:.2f}"/>')


def label_of(step, width):
    if step["kind"] == "decode":
        return str(step["decoding"]) if width > 9 else ""
    if step["kind"] == "move":
        return ""
    rows = step["rows"]
    size = f"{rows / 1000:.0f}K" if rows >= 10_000 else f"{rows / 1000:.1f}K"
    if step.get("with_decode"):
        size = f"chunks of {size}, each with the decodes of the instance"
    return size if width > 5.6 * len(size) + 6 else ""


def draw(policy, steps, requests):
    steps = merge(steps)
    strands = 1 + max(step["strand"] for step in steps)
    instances = 1 + max(step["instance"] for step in steps)
    tall = INSTANCE if instances > 1 else 4 * INSTANCE + 3 * GAP
    plot_top = WAIT_TOP + WAIT_ROW * len(requests) + 34
    plot_end = plot_top + 4 * INSTANCE + 3 * GAP
    height = plot_end + 77
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
           f'viewBox="0 0 {WIDTH} {height}" font-family="Helvetica, Arial, sans-serif" '
           f'role="img" aria-label="What the policy {policy} does with fifteen requests">',
           f'<rect x="0.5" y="0.5" width="{WIDTH - 1}" height="{height - 1}" rx="8" '
           'fill="#fcfbf8" stroke="#d8d5cc"/>']
    long = next(r for r in requests if r["kind"] == "long")
    short = sorted(r["first"] - r["arrival"] for r in requests if r["kind"] == "short")
    out.append(text(14, 22, policy, 14, "#111", weight="bold"))
    out.append(text(WIDTH - RIGHT, 22, "time to first token: "
                    f"100K prompt {(long['first'] - long['arrival']) / 1000:.1f} s; short ones "
                    f"{short[len(short) // 2]:.0f} ms in the middle, {short[-1]:.0f} ms at worst",
                    11, "#333", "end"))
    for second in range(0, LAST_MS // 1000 + 1):
        x = x_of(second * 1000)
        out.append(f'<line x1="{x:.1f}" y1="{WAIT_TOP - 6}" x2="{x:.1f}" y2="{plot_end + 4}" '
                   'stroke="#e3e0d6"/>')
        out.append(text(x, plot_end + 16, f"{second} s", 10, "#666", "middle"))
    out.append(text(14, WAIT_TOP + 12, "arrival to", 10, "#555"))
    out.append(text(14, WAIT_TOP + 24, "first token", 10, "#555"))
    for i, request in enumerate(requests):
        y = WAIT_TOP + i * WAIT_ROW
        x, end = x_of(request["arrival"]), x_of(request["first"])
        out.append(rect(x, y, end - x, WAIT_ROW - 1.5, KINDS[request["kind"]][0]))
        if request["first"] > LAST_MS and request["kind"] != "short":
            out.append(text(WIDTH - RIGHT, y - 2, f"until {request['first'] / 1000:.1f} s", 10,
                            KINDS[request["kind"]][0], "end"))
    for i in range(instances):
        y = plot_top + i * (tall + GAP)
        out.append(rect(LEFT, y, WIDTH - LEFT - RIGHT, tall, "#efece4"))
        out.append(text(14, y + tall / 2 - 2, f"instance {i}", 11, "#333"))
        out.append(text(14, y + tall / 2 + 11, "8 devices" if instances == 1 else "2 devices", 9,
                        "#777"))
    row = tall / strands
    groups = {}
    for step in steps:
        groups.setdefault((step["start"], step["end"], step["strand"], step["kind"]),
                          []).append(step)
    for step in steps:
        if step["start"] >= LAST_MS:
            continue
        fill, ink, _ = KINDS[step["kind"]]
        x, end = x_of(step["start"]), x_of(step["end"])
        top = plot_top + step["instance"] * (tall + GAP) + step["strand"] * row
        busy = 0.35 + 0.65 * step["busy"]
        least = 1.6 if step["kind"] == "move" else 0.8
        out.append(rect(x + 0.3, top + 0.8, max(least, end - x - 0.6), row - 1.6, fill, busy))
        members = groups[(step["start"], step["end"], step["strand"], step["kind"])]
        names = [m["instance"] for m in members]
        later = [name for name in names if name > step["instance"]]
        if later:  # one step: joined with its next instance
            distance = (min(later) - step["instance"]) * (tall + GAP) - row + 1.6
            broad = strands == 1 and step["instance"] + 1 in later
            out.append(rect(x + 0.3, top + row - 0.8, end - x - 0.6 if broad else 1.6, distance,
                            fill, 0.55))
        for cut in step.get("cuts", []) if step.get("with_decode") else []:
            out.append(f'<line x1="{x_of(cut):.1f}" y1="{top + 0.8:.1f}" x2="{x_of(cut):.1f}" '
                       f'y2="{top + row - 0.8:.1f}" stroke="#fcfbf8" stroke-width="0.7"/>')
        words = label_of(step, end - x)
        if words and step["instance"] == min(names):
            dark = "#1d1d1d" if busy < 0.7 else ink
            out.append(text(x + min(4, (end - x - 5.6 * len(words)) / 2 + 0.5),
                            top + row / 2 + 3.6, words, 10, dark))
    x, shown = 14, {step["kind"] for step in steps}
    for kind, (fill, _, words) in KINDS.items():
        if kind not in shown:
            continue
        if kind == "decode":
            words += " (number of requests)"
        out.append(rect(x, plot_end + 28, 11, 11, fill))
        out.append(text(x + 15, plot_end + 37, words, 10, "#333"))
        x += 30 + 5.2 * len(words)
    rows = (f"Each instance has a row for each of its {strands} strands. " if strands > 1 else "")
    joined = ("" if all(len(members) == 1 for members in groups.values()) else
              "A bar that spans instances is one step." if strands == 1 else
              "Steps over several instances are joined at their left end.")
    pale = "The paler, the more a strand waits: for others, or for its next pass."
    out.append(text(14, plot_end + 54, rows + joined, 10, "#666"))
    out.append(text(14, plot_end + (67 if rows + joined else 54), pale, 10, "#666"))
    out.append("</svg>")
    return "\n".join(out) + "\n"


def table_row(policy, requests):
    """What docs/planner.md has in its table."""
    wait = {kind: sorted(r["first"] - r["arrival"] for r in requests if r["kind"] == kind)
            for kind in ("long", "middle", "short")}
    gap = max(request["gap"] for request in requests)
    return (f"| `{policy}` | {wait['long'][0] / 1000:.1f} s | {wait['middle'][0] / 1000:.1f} s | "
            f"{wait['short'][len(wait['short']) // 2]:.0f} ms | {wait['short'][-1]:.0f} ms | "
            f"{gap:.0f} ms |")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--braid", required=True, help="the program to run")
    parser.add_argument("--out", default="docs/pictures", help="folder of the pictures")
    options = parser.parse_args()
    out = pathlib.Path(options.out)
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        folder = pathlib.Path(scratch)
        try:
            simulate(options.braid, folder)
        except (OSError, subprocess.CalledProcessError) as error:
            sys.exit(f"draw_policies: the simulation failed: {error}")
        for policy in POLICIES:
            requests = read_requests(folder / f"requests-{policy}.csv")
            steps = read_steps(folder / f"trace-{policy}.json")
            colour_long_prompts(steps, requests)
            picture = out / f"policy-{policy}.svg"
            picture.write_text(draw(policy, steps, requests), encoding="utf-8")
            print(table_row(policy, requests))


if __name__ == "__main__":
    main()
