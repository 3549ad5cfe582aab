#!/usr/bin/env python3
"""Holds every file of the repository to the few rules that no compiler knows.

usage: tools/check_repo.py [ROOT]

  - no text that belongs to one machine: absolute paths of somebody's home, hosts of package registries;
  - no file of code over 600 lines, unless one of its first 20 says why in a comment 'long because: ...';
  - no file, folder or type named for nothing in particular (utils, helper, manager, ...);
  - no file over 4 MB.
"""

import pathlib
import re
import subprocess
import sys

MAX_LINES = 600
MAX_BYTES = 4_000_000

FORBIDDEN_TEXT = [
    (re.compile(r"/(work|root|home/\w+)/"), "an absolute path of one machine"),
    (re.compile(r"\b(pypi|pythonhosted|debian|ubuntu|npmjs|anaconda|crates)\.(org|io|com|net)\b"),
     "the host of a package registry: packages are named, their hosts are the machine's affair"),
]
EMPTY_WORDS = r"utils?|common|helpers?|misc|managers?|handlers?|impl"
EMPTY_FILE_NAME = re.compile(rf"(^|_)({EMPTY_WORDS})(_|$)")
EMPTY_TYPE_NAME = re.compile(r"\b(?:class|struct)\s+(\w*(?:Utils?|Helpers?|Managers?|Handlers?|Impl))\b")
REASON = re.compile(r"long because:", re.IGNORECASE)
CODE = {".h", ".cc", ".cu", ".py", ".proto", ".cmake", ".sh"}
SELF = "tools/check_repo.py"


def files_of(root):
    """Everything that is, or is about to be, in the repository."""
    try:
        listed = subprocess.run(["git", "-C", str(root), "ls-files", "-z", "--cached", "--others",
                                 "--exclude-standard"], capture_output=True, check=True)
        names = [name for name in listed.stdout.decode().split("\0") if name]
    except (OSError, subprocess.CalledProcessError):  # a tree without git, from an archive
        names = [path.relative_to(root).as_posix() for path in root.glob("**/*") if path.is_file()]
    return sorted(name for name in names
                  if (root / name).is_file() and not name.startswith(("build/", ".cache/")))


def is_code(name, text):
    return pathlib.PurePath(name).suffix in CODE or text.startswith("#!")


def check_names(name):
    for part in pathlib.PurePath(name).parts:
        if match := EMPTY_FILE_NAME.search(part.split(".")[0].lower()):
            yield f"{name}: '{match[2]}' says nothing; name it after the one idea in it"


def check_text(name, text):
    lines = text.splitlines()
    for number, line in enumerate(lines, 1):
        for pattern, what in FORBIDDEN_TEXT:
            if match := pattern.search(line):
                yield f"{name}:{number}: '{match[0]}' is {what}"
        if name.endswith((".h", ".cc")) and (match := EMPTY_TYPE_NAME.search(line)):
            yield f"{name}:{number}: '{match[1]}' says nothing; name it after what it is"
    if is_code(name, text) and len(lines) > MAX_LINES and not any(REASON.search(l) for l in lines[:20]):
        yield f"{name}: {len(lines)} lines, more than {MAX_LINES}, and no 'long because: ...' at its top"


def check(root):
    """All complaints about the files at `root`, as lines."""
    complaints = []
    for name in files_of(root):
        complaints += check_names(name)
        content = (root / name).read_bytes()
        if len(content) > MAX_BYTES:
            complaints.append(f"{name}: {len(content)} bytes, more than {MAX_BYTES}")
        try:
            text = content.decode("utf-8")
        except UnicodeDecodeError:
            continue
        if "\0" not in text and name != SELF and "/corpus/" not in name:
            complaints += check_text(name, text)
    return complaints


def main():
    root = pathlib.Path(sys.argv[1]) if len(sys.argv) > 1 else pathlib.Path(__file__).resolve().parent.parent
    complaints = check(root)
    print("\n".join(complaints), end="\n" if complaints else "")
    return 1 if complaints else 0


if __name__ == "__main__":
    sys.exit(main())
