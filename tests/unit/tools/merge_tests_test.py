"""tools/lib/merge_tests.py: the right tests of each build, with their settings; none is skipped."""

import pathlib
import subprocess
import unittest

from bad_tree import TreeCase

SCRIPT = pathlib.Path(__file__).resolve().parents[3] / "tools" / "lib" / "merge_tests.py"

BUILD = """\
add_test(good "true")
set_tests_properties(good PROPERTIES LABELS unit TIMEOUT 7 ENVIRONMENT "A=1")
add_test([=[spaced name]=] "echo" "[  SKIPPED ] ; \\"quoted\\"")
set_tests_properties([=[spaced name]=] PROPERTIES LABELS unit
  SKIP_REGULAR_EXPRESSION "\\\\[  SKIPPED \\\\]")
add_test(other "false")
set_tests_properties(other PROPERTIES LABELS netns)
"""


class MergeTests(TreeCase):
    def merge(self, *sources: str) -> subprocess.CompletedProcess:
        self.write("build/CTestTestfile.cmake", self.build)
        command = ["/usr/bin/python3", "-B", SCRIPT, self.root / "out", *sources]
        return subprocess.run(command, capture_output=True, text=True)

    def ctest(self) -> str:
        command = ["ctest", "--test-dir", self.root / "out"]
        return subprocess.run(command, capture_output=True, text=True).stdout

    def setUp(self):
        super().setUp()
        self.build = BUILD

    def test_takes_only_the_labels_asked_for(self):
        self.assertEqual(self.merge(f"{self.root}/build:+unit").returncode, 0)
        summary = self.ctest()
        self.assertIn("good", summary)
        self.assertNotIn("other", summary)

    def test_lets_a_skipped_test_fail(self):
        self.merge(f"{self.root}/build:unit")
        self.assertRegex(self.ctest(), "spaced name .*Failed")

    def test_keeps_timeout_and_environment(self):
        self.merge(f"{self.root}/build:unit")
        text = (self.root / "out" / "CTestTestfile.cmake").read_text()
        self.assertIn("TIMEOUT 7", text)
        self.assertIn("ENVIRONMENT [=[A=1]=]", text)

    def test_takes_the_tests_of_one_program(self):
        self.merge(f"{self.root}/build:@false")
        self.assertRegex(self.ctest(), "other .*Failed")

    def test_fails_when_a_program_is_not_built_or_no_test_is_left(self):
        self.build += 'add_test(late_NOT_BUILT "late_NOT_BUILT")\n'
        result = self.merge(f"{self.root}/build:+unit")
        self.assertIn("late_NOT_BUILT", result.stderr)
        self.assertNotEqual(result.returncode, 0)
        self.assertNotEqual(self.merge(f"{self.root}/build:sim").returncode, 0)


if __name__ == "__main__":
    unittest.main()
