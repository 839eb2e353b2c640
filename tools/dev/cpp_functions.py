"""Where the functions of a C++ file begin and end.

A scanner, not a parser: it knows braces, and from the text before a brace it tells a namespace, a
class, an initializer and a function apart. That is enough for code that clang-format has laid out.
"""

import dataclasses
import re

import source_tree

_PREPROCESSOR = re.compile(r"^[ \t]*#(?:[^\n\\]|\\\n|\\.)*", re.MULTILINE)
_SCOPE = re.compile(r"(^|[\s;>])(namespace|class|struct|union|enum|extern)\b")
_ATTRIBUTE = re.compile(
    r"__attribute__\s*\(\(.*?\)\)|\[\[.*?\]\]|\balignas\s*\([^()]*\)", re.DOTALL
)
_NAME = re.compile(r"([A-Za-z_~][\w:~<>]*|operator\s*\S{1,3})\s*$")


@dataclasses.dataclass(frozen=True)
class Function:
    name: str
    line: int  # Of its opening brace.
    lines: int  # From the opening to the closing brace, both included.
    parameters: int


def find_functions(text: str) -> list[Function]:
    """Functions at namespace or class level; lambdas and local classes count as part of theirs."""
    code = source_tree.blank_noise(text)
    code = _PREPROCESSOR.sub(lambda match: re.sub(r"[^\n]", " ", match.group(0)), code)
    functions = []
    statement_start = position = 0
    while position < len(code):
        character = code[position]
        if character == "(":  # A default argument may hold braces and semicolons.
            position = _matching(code, position, "(", ")") + 1
            continue
        if character == "{":
            head = code[statement_start:position]
            kind = _classify(head)
            if kind == "scope":
                statement_start = position + 1
            else:
                end = _matching(code, position, "{", "}")
                if kind == "function":
                    functions.append(_describe(code, head, position, end))
                    statement_start = end + 1
                position = end
        elif character in ";}":
            statement_start = position + 1
        position += 1
    return functions


def _matching(code: str, start: int, opening: str, closing: str) -> int:
    depth = 0
    for position in range(start, len(code)):
        if code[position] == opening:
            depth += 1
        elif code[position] == closing:
            depth -= 1
            if depth == 0:
                return position
    return len(code) - 1


def _classify(head: str) -> str:
    """What the brace after `head` opens: "scope", "function" or "value"."""
    head = _ATTRIBUTE.sub(" ", head).strip()
    outside = _without_parentheses(head)
    if "operator" not in outside and re.search(r"(?<![<>=!])=(?!=)", outside):
        return "value"
    if "(" not in head:
        return "scope" if _SCOPE.search(head) or head.endswith(":") or not head else "value"
    after_parameters = head[_parameters_span(head)[1] :]
    initializers = re.search(r"(?<!:):(?!:)", after_parameters)
    if initializers and re.search(r"[\w>]$", head):
        return "value"  # The brace of a member in a constructor's initializer list.
    if _SCOPE.search(outside) and not re.search(r"\)\s*(const|noexcept|override|final|\s)*$", head):
        return "scope"
    return "function"


def _without_parentheses(head: str) -> str:
    previous = None
    while previous != head:
        previous, head = head, re.sub(r"\([^()]*\)", " ", head)
    return head


def _parameters_span(head: str) -> tuple[int, int]:
    """The first parentheses that follow a name: the parameters (of a macro such as TEST, too)."""
    search_from = 0
    while True:
        start = head.find("(", search_from)
        if start < 0:
            return len(head), len(head)
        end = _matching(head, start, "(", ")") + 1
        before = head[:start].rstrip()
        is_call_operator = before.endswith("operator")
        if (
            before
            and not is_call_operator
            and not re.search(r"\b(decltype|noexcept|requires|explicit)$", before)
        ):
            return start, end
        search_from = end


def _describe(code: str, head: str, opening: int, closing: int) -> Function:
    start, end = _parameters_span(_ATTRIBUTE.sub(" ", head))
    clean = _ATTRIBUTE.sub(" ", head)
    name = _NAME.search(clean[:start].rstrip())
    line = code.count("\n", 0, opening) + 1
    return Function(
        name=name.group(1) if name else "(unnamed)",
        line=line,
        lines=code.count("\n", opening, closing) + 1,
        parameters=_count_parameters(clean[start + 1 : end - 1]),
    )


def _count_parameters(text: str) -> int:
    text = _without_parentheses(text).strip()
    if text in ("", "void"):
        return 0
    depth = commas = 0
    for character in text:
        if character in "<[{(":
            depth += 1
        elif character in ">]})":
            depth -= 1
        elif character == "," and depth == 0:
            commas += 1
    return commas + 1
