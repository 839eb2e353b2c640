"""One ctest directory out of several build trees, so that a single ctest call runs and sums up
everything.

    merge_tests.py OUT BUILD:LABELS...       tests of BUILD whose label matches
    merge_tests.py OUT BUILD:+LABELS...      the same, and every test program of BUILD must be built
    merge_tests.py OUT BUILD:@PROGRAM...     tests of BUILD that run PROGRAM

A test that would be skipped fails instead: a missing privilege or program is to be seen.
"""

import json
import pathlib
import re
import subprocess
import sys

COPIED = {
    "DEPENDS", "ENVIRONMENT", "FAIL_REGULAR_EXPRESSION", "LABELS", "PASS_REGULAR_EXPRESSION",
    "RESOURCE_LOCK", "RUN_SERIAL", "TIMEOUT", "WILL_FAIL", "WORKING_DIRECTORY",
}  # fmt: skip


def list_tests(build: pathlib.Path) -> list[dict]:
    command = ["ctest", "--test-dir", str(build), "--show-only=json-v1"]
    result = subprocess.run(command, capture_output=True, text=True)
    if result.returncode != 0:
        sys.exit(f"merge_tests: {' '.join(command)} failed:\n{result.stderr}")
    return json.loads(result.stdout)["tests"]


def properties_of(test: dict) -> dict[str, object]:
    return {entry["name"]: entry["value"] for entry in test.get("properties", [])}


def is_chosen(test: dict, choice: str) -> bool:
    if choice.startswith("@"):
        return pathlib.Path(test.get("command", [""])[0]).name == choice[1:]
    return any(re.fullmatch(choice, label) for label in properties_of(test).get("LABELS", []))


def to_cmake(value: object) -> str:
    if isinstance(value, bool):
        return "ON" if value else "OFF"
    if isinstance(value, list):
        return quote(";".join(str(item) for item in value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return quote(str(value))


def quote(text: str) -> str:
    return f"[=[{text}]=]"


def render(test: dict) -> str:
    name = quote(test["name"])
    lines = [f"add_test({name} {' '.join(quote(word) for word in test['command'])})"]
    properties = properties_of(test)
    skip = properties.pop("SKIP_REGULAR_EXPRESSION", None)
    if skip is not None and "FAIL_REGULAR_EXPRESSION" not in properties:
        properties["FAIL_REGULAR_EXPRESSION"] = skip
    for key, value in properties.items():
        if key in COPIED:
            lines.append(f"set_tests_properties({name} PROPERTIES {key} {to_cmake(value)})")
    return "\n".join(lines) + "\n"


def main() -> None:
    out, sources = pathlib.Path(sys.argv[1]), sys.argv[2:]
    text = ""
    for source in sources:
        build, choice = source.split(":", 1)
        tests = list_tests(pathlib.Path(build))
        chosen = [test for test in tests if is_chosen(test, choice.removeprefix("+"))]
        # ctest lists a program that is not built as a test of this name, without labels.
        suspects = tests if choice.startswith("+") else chosen
        broken = [test["name"] for test in suspects if test["name"].endswith("_NOT_BUILT")]
        broken += [test["name"] for test in chosen if not test.get("command")]
        if broken:
            sys.exit(f"merge_tests: not built in {build}: {', '.join(broken)}")
        if not chosen:
            sys.exit(f"merge_tests: {build} has no test for {choice}")
        text += "".join(render(test) for test in chosen)
        print(f"  {len(chosen)} tests of {build}")
    out.mkdir(parents=True, exist_ok=True)
    (out / "CTestTestfile.cmake").write_text(text)


if __name__ == "__main__":
    main()
