#!/usr/bin/python3 -B
"""Files and tests that docs/ikev2.md names exist, and so do the files that its links point to."""

import pathlib
import re
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "ikev2.md"
GTEST = re.compile(r"^TEST(?:_F|_P)?\((\w+),\s*(\w+)\)", re.MULTILINE)
PYTEST = re.compile(r"^def (test_\w+)", re.MULTILINE)


def tests_of_the_tree() -> set[str]:
    names: set[str] = set()
    for path in (ROOT / "tests").rglob("*"):
        if path.suffix == ".cc":
            names |= {f"{suite}.{test}" for suite, test in GTEST.findall(path.read_text())}
        elif path.suffix == ".py":
            names |= set(PYTEST.findall(path.read_text()))
    return names


def faults(text: str) -> list[str]:
    known = tests_of_the_tree()
    found = []
    for name in re.findall(r"`([^`]+)`", text):
        if "/" in name:
            if not (ROOT / name).exists():
                found.append(f"there is no file {name}")
        elif re.fullmatch(r"[A-Z]\w+\.[A-Z]\w+|test_\w+", name) and name not in known:
            found.append(f"there is no test {name}")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if "://" not in target and not (PAGE.parent / target).exists():
            found.append(f"a link leads nowhere: {target}")
    return found


def main() -> None:
    found = faults(PAGE.read_text())
    for fault in found:
        print(f"{PAGE.relative_to(ROOT)}: {fault}")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
