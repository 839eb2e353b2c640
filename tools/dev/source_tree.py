"""Which files the checks look at, and their text without comments and literals.

Used by check_includes.py and tidy.py. A check is given a root, so that its self-test can hand it a
bad tree.
"""

import pathlib
import re
import subprocess

CPP_SUFFIXES = {".h", ".cc"}
SKIPPED_FOLDERS = {"build", ".git", ".cache", "__pycache__"}

# One alternative for each thing in which a brace, quote or banned word means nothing.
_NOISE = re.compile(
    r"""//[^\n]*(?:\\\n[^\n]*)*          # line comment
      | /\*.*?\*/                        # block comment
      | R"(?P<fence>[^()\\\s]{0,16})\(.*?\)(?P=fence)"   # raw string
      | "(?:\\.|[^"\\\n])*"              # string
      | (?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'   # character; not the separator of 1'000
    """,
    re.VERBOSE | re.DOTALL,
)


def list_files(root: pathlib.Path) -> list[pathlib.PurePosixPath]:
    """Files of the tree, relative to root: git's view where there is one, else every file."""
    command = [
        "git",
        "-C",
        str(root),
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]
    if (root / ".git").exists():
        listing = subprocess.run(command, capture_output=True, check=True).stdout.decode()
        names = {name for name in listing.split("\0") if name}
    else:
        names = {str(path.relative_to(root)) for path in root.rglob("*")}
    paths = (pathlib.PurePosixPath(name) for name in sorted(names))
    return [
        path
        for path in paths
        if not SKIPPED_FOLDERS.intersection(path.parts) and (root / path).is_file()
    ]


def read_text(root: pathlib.Path, path: pathlib.PurePosixPath) -> str:
    return (root / path).read_text(encoding="utf-8", errors="replace")


def blank_noise(text: str, keep_strings: bool = False) -> str:
    """C++ text with comments (and literals) turned to blanks; line numbers stay what they were."""

    def blank(match: re.Match) -> str:
        found = match.group(0)
        is_comment = found.startswith(("//", "/*"))
        if keep_strings and not is_comment:
            return found
        blanks = re.sub(r"[^\n]", " ", found)
        return blanks if is_comment else '"' + blanks[1:-1] + '"'

    return _NOISE.sub(blank, text)
