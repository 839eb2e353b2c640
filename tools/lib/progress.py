"""Steps of a longer run, printed as they begin and end; colours only on a terminal."""

import contextlib
import os
import sys
import time

_COLOURS = {"ok": "\033[32m", "FAILED": "\033[31m", "title": "\033[1m"}


def paint(kind: str, text: str) -> str:
    if not sys.stdout.isatty() or "NO_COLOR" in os.environ:
        return text
    return f"{_COLOURS[kind]}{text}\033[0m"


@contextlib.contextmanager
def step(what: str):
    print(f"  {what:<58} ", end="", flush=True)
    began = time.monotonic()
    try:
        yield
    except BaseException:
        print(paint("FAILED", "FAILED"), flush=True)
        raise
    print(f"{paint('ok', 'ok')} {time.monotonic() - began:6.1f} s", flush=True)


def title(text: str) -> None:
    print(f"\n{paint('title', text)}", flush=True)


def quote(text: str) -> None:
    """What a program said, set off from what we say."""
    for line in text.rstrip("\n").splitlines():
        print(f"    | {line}")
