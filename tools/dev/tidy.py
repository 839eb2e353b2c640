#!/usr/bin/python3
"""Budgets and bans that no compiler knows.

    files of at most 600 lines (kernels and generated tables 1200), functions of at most 70 lines
    and 5 parameters, 100 columns; no clock, socket, randomness or file in the sans-IO folders;
    banned words.

Usage: tidy.py [ROOT] [--worst N]. Prints the worst offenders first; exits 1 when a limit is broken.
"""

import argparse
import ast
import dataclasses
import fnmatch
import pathlib
import re
import sys

import cpp_functions
import source_tree

FILE_LINES_MAX = 600
KERNEL_FILE_LINES_MAX = 1200
FUNCTION_LINES_MAX = 70
PARAMETERS_MAX = 5
COLUMNS_MAX = 100

KERNEL_FILES = ["esp/kernels/*", "*/generated_*"]
COLUMN_SUFFIXES = {".h", ".cc", ".py", ".sh"}
BUDGET_SUFFIXES = {".h", ".cc", ".py", ".sh", ".cmake"}
CPP = ["*.h", "*.cc"]

# Entered only by what is handed in: `now`, datagrams, a RandomSource.
SANS_IO = ["ike/wire/*", "ike/core/*", "ike/exchange/*", "ike/crypto/*", "policy/*", "esp/*"]
SANS_IO_EXCEPT = [
    "ike/crypto/provider_*",
    "ike/crypto/system_provider*",
    "esp/kernels/*",
    "*/CMakeLists.txt",
    "*.md",
]

CORE = ["base/*", "policy/*", "ike/*", "esp/*", "tun/*"]

ANY_CODE = CPP + ["*.py", "*.sh", "*.cmake", "*/CMakeLists.txt", "tools/*", ".ci/*"]
THIS_CHECK = ["tools/dev/tidy.py", "tests/unit/tools/check_tidy_test.py"]


@dataclasses.dataclass(frozen=True)
class Ban:
    pattern: str
    why: str
    files: list[str]
    exempt: list[str] = dataclasses.field(default_factory=list)
    in_comments: bool = False


BANS = [
    Ban(
        r"\b(steady_clock|system_clock|high_resolution_clock)::now\b"
        r"|\b(clock_gettime|gettimeofday)\b"
        r"|\b(std::)?time\((nullptr|NULL|0)\)",
        "the clock is an argument (`now`) in sans-IO code",
        SANS_IO,
        SANS_IO_EXCEPT,
    ),
    Ban(
        r"\b(getrandom|getentropy|arc4random\w*|rand|srand|random_device|mt19937\w*"
        r"|randombytes_\w+)\b(?=\s*[({;]|\s+\w)",
        "randomness is injected (RandomSource) in sans-IO code",
        SANS_IO,
        SANS_IO_EXCEPT,
    ),
    Ban(
        r"(?<![\w.>:])(::)?(socket|sendto|recvfrom|sendmsg|recvmsg|sendmmsg|recvmmsg|setsockopt"
        r"|getaddrinfo|ioctl)\(",
        "no socket in sans-IO code",
        SANS_IO,
        SANS_IO_EXCEPT,
    ),
    Ban(
        r"\b(fopen|ifstream|ofstream|fstream|openat|std::filesystem)\b"
        r"|(?<![\w.>])::(open|read|write)\(",
        "no file access in sans-IO code",
        SANS_IO,
        SANS_IO_EXCEPT,
    ),
    Ban(
        r"\b(TODO|FIXME|XXX|HACK|TBD)\b|\b(not|un)[ -]?implemented\b",
        "left-over marker",
        ANY_CODE,
        THIS_CHECK,
        in_comments=True,
    ),
    Ban(
        r"\b(GTEST_SKIP|DISABLED_\w+)|\bpytest\.(mark\.)?(skip|skipif|xfail)\b",
        "a test never skips",
        ANY_CODE,
        THIS_CHECK,
        in_comments=True,
    ),
    Ban(
        r"\b(class|struct|enum class|enum)\s+\w*(Manager|Helper|Util|Utils)\b",
        "a name that hides what it is",
        CPP,
    ),
    Ban(
        r"\bthrow\b(?!\s*\()", "core code returns Result, it does not throw", CORE, ["ike/driver/*"]
    ),
    Ban(r"\busing namespace (?!std::\w*literals)", "never in a header", ["*.h"]),
    Ban(r"(?<![\w.])assert\(", "CHECK or DCHECK (base/check.h)", CPP),
    Ban(
        r"\b(sleep_for|usleep|nanosleep)\b",
        "tests wait for conditions",
        ["tests/*.cc", "tests/*.h"],
        ["tests/netns/*.cc"],
    ),
    Ban(
        r"/(home|Users)/\w+/",
        "a path of somebody's machine",
        ANY_CODE,
        THIS_CHECK,
        in_comments=True,
    ),
]


@dataclasses.dataclass(frozen=True)
class Finding:
    excess: float  # How many times the limit; orders the list.
    text: str


def matches(path: pathlib.PurePosixPath, globs: list[str]) -> bool:
    return any(fnmatch.fnmatch(str(path), glob) for glob in globs)


def is_code(path: pathlib.PurePosixPath, text: str) -> bool:
    return path.suffix in BUDGET_SUFFIXES or path.name == "CMakeLists.txt" or text.startswith("#!")


def check_lines(path: pathlib.PurePosixPath, text: str) -> list[Finding]:
    findings = []
    lines = text.splitlines()
    limit = KERNEL_FILE_LINES_MAX if matches(path, KERNEL_FILES) else FILE_LINES_MAX
    if len(lines) > limit:
        findings.append(Finding(len(lines) / limit, f"{path}: {len(lines)} lines, at most {limit}"))
    if path.suffix in COLUMN_SUFFIXES:
        for number, line in enumerate(lines, 1):
            if len(line) > COLUMNS_MAX and "://" not in line:
                findings.append(
                    Finding(
                        len(line) / COLUMNS_MAX,
                        f"{path}:{number}: {len(line)} columns, at most {COLUMNS_MAX}",
                    )
                )
    return findings


def find_functions(path: pathlib.PurePosixPath, text: str) -> list[cpp_functions.Function]:
    if path.suffix in source_tree.CPP_SUFFIXES:
        return cpp_functions.find_functions(text)
    if path.suffix == ".py" or text.startswith("#!/usr/bin/python3"):
        nodes = (
            node
            for node in ast.walk(ast.parse(text))
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))
        )
        return [
            cpp_functions.Function(node.name, node.lineno, node.end_lineno - node.lineno + 1, 0)
            for node in nodes
        ]
    return []


def check_functions(path: pathlib.PurePosixPath, text: str) -> list[Finding]:
    findings = []
    for function in find_functions(path, text):
        where = f"{path}:{function.line}: {function.name}"
        if function.lines > FUNCTION_LINES_MAX:
            findings.append(
                Finding(
                    function.lines / FUNCTION_LINES_MAX,
                    f"{where}: {function.lines} lines, at most {FUNCTION_LINES_MAX}",
                )
            )
        if function.parameters > PARAMETERS_MAX:
            findings.append(
                Finding(
                    function.parameters / PARAMETERS_MAX,
                    f"{where}: {function.parameters} parameters, at most {PARAMETERS_MAX}",
                )
            )
    return findings


def check_words(path: pathlib.PurePosixPath, text: str) -> list[Finding]:
    findings = []
    is_cpp = path.suffix in source_tree.CPP_SUFFIXES
    code = source_tree.blank_noise(text) if is_cpp else text
    for ban in BANS:
        if not matches(path, ban.files) or matches(path, ban.exempt):
            continue
        searched = text if ban.in_comments else code
        for match in re.finditer(ban.pattern, searched):
            line = searched.count("\n", 0, match.start()) + 1
            findings.append(Finding(1.0, f'{path}:{line}: "{match.group(0).strip()}": {ban.why}'))
    return findings


def find_violations(root: pathlib.Path) -> list[Finding]:
    findings = []
    for path in source_tree.list_files(root):
        text = source_tree.read_text(root, path)
        if is_code(path, text):
            findings += (
                check_lines(path, text) + check_functions(path, text) + check_words(path, text)
            )
    return sorted(findings, key=lambda finding: (-finding.excess, finding.text))


def print_worst(root: pathlib.Path, count: int) -> None:
    files, functions = [], []
    for path in source_tree.list_files(root):
        text = source_tree.read_text(root, path)
        if is_code(path, text):
            files.append((len(text.splitlines()), str(path)))
            functions += [
                (found.lines, f"{path}:{found.line} {found.name}")
                for found in find_functions(path, text)
            ]
    for title, rows in (("longest files", files), ("longest functions", functions)):
        print(f"{title}:")
        for lines, name in sorted(rows, reverse=True)[:count]:
            print(f"  {lines:5} {name}")


def main() -> int:
    parser = argparse.ArgumentParser(description="Checks budgets and banned words.")
    parser.add_argument(
        "root", nargs="?", type=pathlib.Path, default=pathlib.Path(__file__).resolve().parents[2]
    )
    parser.add_argument(
        "--worst",
        type=int,
        default=0,
        metavar="N",
        help="also print the N longest files and functions",
    )
    options = parser.parse_args()
    findings = find_violations(options.root)
    for finding in findings:
        print(finding.text)
    if options.worst:
        print_worst(options.root, options.worst)
    print(f"tidy: {len(findings)} violations")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main())
