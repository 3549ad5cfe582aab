#!/usr/bin/env python3
"""Holds the tree to its layers: who may include whom, and where foreign headers live.

usage: tools/check_layers.py [ROOT]

Four things are checked, each a complaint with file and line:
  1. an include between our folders that MAY_INCLUDE does not allow;
  2. a foreign header away from its home in FOREIGN_HOMES, or one that is not listed at all;
  3. a circle of includes between folders;
  4. DEPS of add_layer() that differ from the includes: declared and unused, or used and undeclared.
A header x/y.h beside a folder x/y/ is the face of that folder and counts as part of it in 3 and 4.
Change a table here only together with the table in docs/design.md.
"""

import pathlib
import re
import sys

# "comm" is comm/*.h alone where comm has backends (see BACKENDS), else the folder with all below.
MAY_INCLUDE = {
    "base": [],
    "plan": ["base"],
    "parallel": ["base", "plan"],
    "engine": ["base", "plan", "parallel/layout"],
    "planner": ["base", "plan", "parallel"],
    "planner/sim": ["base", "plan", "parallel", "engine"],
    "device": ["base"],
    "comm": ["base", "device"],
    "comm/nccl": ["base", "device", "device/cuda"],
    "models": ["base", "plan", "device"],
    # The reference backends too: docs/decisions/0004-reference-backends.md.
    "runtime": ["base", "plan", "parallel", "engine", "device", "device/cpu", "comm", "comm/inproc", "models"],
    "launch": ["*"],
    "tests": ["*"],
    "bench": ["*"],
    "examples": ["*"],
}
# Concrete backends: only the folders that may include everything name them, or the table says so.
BACKENDS = ["comm/gloo", "comm/inproc", "comm/mpi", "comm/nccl", "comm/shaped", "device/cpu", "device/cuda"]

# Foreign header (pattern) -> the folders that may include it. The first pattern that fits decides.
FOREIGN_HOMES = [
    (r"mpi\.h", ["comm/mpi", "tests/comm", "bench"]),
    (r"nccl\.h", ["comm/nccl"]),
    (r"gloo/", ["comm/gloo"]),
    (r"(cuda|cublas|nvrtc|nvml|cooperative_groups)", ["device/cuda", "comm/nccl"]),
    (r"(oneapi/dnnl/|dnnl)", ["device/cpu"]),
    (r"\w+intrin\.h|cpuid\.h", ["device/cpu"]),
    (r"google/protobuf/", ["plan"]),
    (r"yaml-cpp/", ["launch", "planner/cost", "tests/launch"]),
    (r"CLI/", ["launch", "bench"]),
    (r"fmt/", ["launch", "bench", "planner/sim/report"]),
    (r"pcre2\.h", ["models/tokenizer"]),
    (r"nlohmann/", ["launch", "models", "planner/sim", "tests", "bench"]),
    (r"(gtest|gmock)/", ["tests"]),
    (r"benchmark/", ["bench"]),
]
# The operating system's, allowed everywhere.
SYSTEM_HEADERS = re.compile(
    r"(sys/\w+|netinet/\w+|arpa/inet|linux/\w+|dirent|dlfcn|fcntl|fts|link|netdb|poll|pthread|pwd|sched|signal|"
    r"spawn|termios|unistd|malloc)\.h")
STANDARD_HEADERS = re.compile(r"[a-z_0-9]+")  # <vector>, <cstdint>: no dot, no slash

GENERATED = re.compile(r".*\.pb\.h")
GENERATED_HOME = "plan"

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]')
NO_LAYERS = {"tests", "bench", "examples"}  # their targets are programs, which fail to link by themselves
SKIPPED = {"build", "cmake", "docs", "tools", ".git", ".ci", ".cache"}


class Include:
    """One line of one file."""

    def __init__(self, file, line, target, quoted):
        self.file = file  # path relative to the root, as text
        self.line = line
        self.target = target
        self.quoted = quoted

    @property
    def place(self):
        return f"{self.file}:{self.line}"

    @property
    def folder(self):
        return folder_of(self.file)


def folder_of(path):
    return path.rpartition("/")[0]


def is_within(folder, parent):
    return folder == parent or folder.startswith(parent + "/")


def home_of(path, folders):
    """The folder that a file counts as part of: its own, or the one that it is the face of."""
    stem = path.rsplit(".", 1)[0]
    return stem if stem in folders else folder_of(path)


def nearest(folder, names):
    """The longest of `names` that is `folder` or one of its parents; None if there is none."""
    fitting = [name for name in names if is_within(folder, name)]
    return max(fitting, key=len, default=None)


def sources_of(root):
    """All C++ files below our folders."""
    for suffix in ("*.h", "*.cc", "*.cu"):
        for path in root.glob("*/**/" + suffix):
            relative = path.relative_to(root)
            if relative.parts[0] not in SKIPPED:
                yield relative.as_posix()


def includes_of(root):
    result = []
    for file in sorted(sources_of(root)):
        text = (root / file).read_text(encoding="utf-8")
        for number, line in enumerate(text.splitlines(), 1):
            if match := INCLUDE.match(line):
                result.append(Include(file, number, match[2], match[1] == '"'))
    return result


def may_include(source, target):
    """Whether a file in folder `source` may include one in folder `target`."""
    backend = nearest(target, BACKENDS)
    if source.split("/")[0] == target.split("/")[0] and backend in (None, nearest(source, BACKENDS)):
        return True
    for allowed in MAY_INCLUDE[nearest(source, MAY_INCLUDE)]:
        if allowed == "*":
            return True
        if is_within(target, allowed) and (backend is None or is_within(allowed, backend)):
            return True
    return False


def check_ours(include):
    source, target = include.folder, folder_of(include.target)
    if nearest(source, MAY_INCLUDE) is None:
        return f"{include.place}: the folder {source}/ is not in the table of tools/check_layers.py"
    if GENERATED.fullmatch(include.target):
        if is_within(source, GENERATED_HOME) and include.file.endswith(".cc"):
            return None
        return f'{include.place}: "{include.target}" is seen by {GENERATED_HOME}/*.cc alone'
    if may_include(source, target):
        return None
    if backend := nearest(target, BACKENDS):
        return f'{include.place}: {source} includes "{include.target}", which does not name the backend {backend}: launch does'
    allowed = ", ".join(MAY_INCLUDE[nearest(source, MAY_INCLUDE)]) or "nothing of ours"
    return f'{include.place}: {source} includes "{include.target}", but may include only: {allowed}'


def check_foreign(include):
    if STANDARD_HEADERS.fullmatch(include.target) or SYSTEM_HEADERS.fullmatch(include.target):
        return None
    for pattern, homes in FOREIGN_HOMES:
        if re.match(pattern, include.target):
            if nearest(include.folder, homes):
                return None
            return f"{include.place}: <{include.target}> belongs to {', '.join(homes)}, not to {include.folder}"
    return f"{include.place}: <{include.target}> has no home in FOREIGN_HOMES of tools/check_layers.py"


def is_ours(include):
    return include.target.split("/")[0] in MAY_INCLUDE


def circles_of(edges):
    """The circles of a graph {node: {node: place}}, one for each strongly connected component."""
    order, low, stack, result = {}, {}, [], []

    def visit(node):
        order[node] = low[node] = len(order)
        stack.append(node)
        for peer in edges.get(node, {}):
            if peer not in order:
                visit(peer)
                low[node] = min(low[node], low[peer])
            elif peer in stack:
                low[node] = min(low[node], order[peer])
        if low[node] == order[node]:
            component = stack[stack.index(node):]
            del stack[stack.index(node):]
            if len(component) > 1:
                result.append(component)

    for node in sorted(edges):
        if node not in order:
            visit(node)
    return result


def check_circles(includes, folders):
    edges = {}
    for include in includes:
        source, target = home_of(include.file, folders), home_of(include.target, folders)
        if is_ours(include) and source != target:
            edges.setdefault(source, {}).setdefault(target, include)
    for component in circles_of(edges):
        lines = [f"{edge.place} ({source} -> {target})" for source in component
                 for target, edge in edges[source].items() if target in component]
        yield f"circle between {', '.join(sorted(component))}: " + "; ".join(lines)


class Layer:
    """One add_layer() call."""

    def __init__(self, name, place, sources, deps):
        self.name = name
        self.place = place
        self.sources = sources  # paths relative to the root
        self.deps = deps


def layers_of(root):
    layers, links = [], []
    for path in sorted(root.glob("*/**/CMakeLists.txt")):
        relative = path.relative_to(root)
        if relative.parts[0] in SKIPPED:
            continue
        text = re.sub(r"#[^\n]*", "", path.read_text(encoding="utf-8"))
        for call in re.finditer(r"add_layer\(([^)]*)\)", text):
            words = call[1].split()
            lists, current = {"SOURCES": [], "DEPS": [], "FOREIGN": []}, None
            for word in words[1:]:
                if word in lists:
                    current = lists[word]
                elif current is not None:
                    current.append(word)
            folder = relative.parent.as_posix()
            line = text.count("\n", 0, call.start()) + 1
            layers.append(Layer(words[0], f"{relative.as_posix()}:{line}",
                                [f"{folder}/{source}" for source in lists["SOURCES"]], lists["DEPS"]))
        links += re.findall(r"target_link_libraries\(braid_(\w+)\s+([^)]*)\)", text)
    # A backend that an option switches off is linked beside add_layer(), under its condition.
    for layer in layers:
        for name, words in links:
            if name == layer.name:
                linked = [word.removeprefix("braid_") for word in words.split()]
                layer.deps += [peer.name for peer in layers if peer.name in linked]
    return layers


def owner_of(file, layers, folders):
    """The layer that a file belongs to: by its .cc, else by its folder, else by a folder above."""
    stem = file.rsplit(".", 1)[0]
    for layer in layers:
        if any(source.rsplit(".", 1)[0] == stem for source in layer.sources):
            return layer
    folder = home_of(file, folders)
    while folder:
        for layer in layers:
            if folder == folder_of(layer.place) or any(folder_of(s) == folder for s in layer.sources):
                return layer
        folder = folder_of(folder)
    return None


def check_deps(includes, layers, folders):
    used = {layer.name: {} for layer in layers}
    for include in includes:
        if not is_ours(include) or GENERATED.fullmatch(include.target):
            continue
        if include.folder.split("/")[0] in NO_LAYERS:
            continue
        source, target = (owner_of(file, layers, folders) for file in (include.file, include.target))
        if source and target and source is not target:
            used[source.name].setdefault(target.name, include)
    for layer in layers:
        for name, include in sorted(used[layer.name].items()):
            if name not in layer.deps:
                yield f'{layer.place}: layer {layer.name} lacks DEPS {name}, used by {include.place}'
        for name in layer.deps:
            if name not in used[layer.name]:
                yield f"{layer.place}: layer {layer.name} declares DEPS {name}, but includes nothing of it"


def check(root):
    """All complaints about the tree at `root`, as lines."""
    includes = includes_of(root)
    complaints = []
    for include in includes:
        complaint = check_ours(include) if is_ours(include) else check_foreign(include)
        if complaint:
            complaints.append(complaint)
    # Circles through tests or the program would be complaints about the rules above, again.
    libraries = [i for i in includes if "*" not in MAY_INCLUDE.get(i.folder.split("/")[0], ["*"])]
    folders = {folder_of(file) for file in sources_of(root)}
    complaints += check_circles(libraries, folders)
    complaints += check_deps(includes, layers_of(root), folders)
    return complaints


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent
    complaints = check(root)
    for complaint in complaints:
        print(complaint)
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
