"""A throw-away source tree for the self-tests of the checks in tools/dev."""

import importlib
import pathlib
import sys
import tempfile
import unittest

TOOLS_DEV = pathlib.Path(__file__).resolve().parents[3] / "tools" / "dev"


def load_check(name: str):
    sys.dont_write_bytecode = True
    sys.path.insert(0, str(TOOLS_DEV))
    return importlib.import_module(name)


class TreeCase(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.root = pathlib.Path(folder.name)

    def write(self, path: str, text: str) -> pathlib.Path:
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
        return self.root
