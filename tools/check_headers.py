#!/usr/bin/env python3
"""Compiles every header of ours alone, with the flags of a neighbour from the build in build/ci.

usage: tools/check_headers.py [HEADER...]
"""

import concurrent.futures
import json
import os
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
COMMANDS = ROOT / "build" / "ci" / "compile_commands.json"
FOLDERS = ["base", "plan", "parallel", "engine", "planner", "device", "comm", "models", "runtime", "launch",
           "tests", "bench"]
SECONDS = 120


def commands_by_source():
    """The compiler's arguments for each source of ours, less those that name input and output."""
    result = {}
    for entry in json.loads(COMMANDS.read_text(encoding="utf-8")):
        source = pathlib.Path(entry["file"])
        if not source.is_relative_to(ROOT) or source.is_relative_to(ROOT / "build"):
            continue
        words = shlex.split(entry["command"])
        if pathlib.Path(words[0]).name == "ccache":
            words = words[1:]
        kept = []
        while words:
            word = words.pop(0)
            if word in ("-o", "-c", "-MF", "-MT"):
                words.pop(0)
            elif word not in ("-MD", "-MMD"):
                kept.append(word)
        result[source.relative_to(ROOT).as_posix()] = kept
    return result


def flags_for(header, commands):
    """Those of the .cc of the same name, else of one that includes it, else of one in its folder or above."""
    own = header.rsplit(".", 1)[0] + ".cc"
    if own in commands:
        return commands[own]
    line = f'#include "{header}"'
    for source in sorted(commands):
        if line in (ROOT / source).read_text(encoding="utf-8"):
            return commands[source]
    folder = header.rpartition("/")[0]
    while folder:
        for source in sorted(commands):
            if source.startswith(folder + "/"):
                return commands[source]
        folder = folder.rpartition("/")[0]
    return next(iter(commands.values()))


def check(header, command):
    """What the compiler says against the header; empty if nothing."""
    line = f'#include "{header}"\n'
    try:
        done = subprocess.run(command + ["-fsyntax-only", "-x", "c++", "-"], input=line, text=True,
                              capture_output=True, check=False, cwd=ROOT, timeout=SECONDS)
    except subprocess.TimeoutExpired:
        return f"{header}: the compiler took more than {SECONDS} s"
    return "" if done.returncode == 0 else f"{header} does not compile alone:\n{done.stderr}"


def main():
    if not COMMANDS.exists():
        print(f"{COMMANDS.relative_to(ROOT)} is missing: run tools/build ci")
        return 2
    headers = sys.argv[1:] or sorted(path.relative_to(ROOT).as_posix() for folder in FOLDERS
                                     for path in (ROOT / folder).glob("**/*.h"))
    commands = commands_by_source()
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        complaints = [complaint for complaint in
                      pool.map(lambda header: check(header, flags_for(header, commands)), headers) if complaint]
    print("\n".join(complaints), end="")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
