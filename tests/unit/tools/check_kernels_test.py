"""Self-test of tools/dev/check_kernels.sh: a weak symbol in a kernel object is reported."""

import subprocess
import unittest

from bad_tree import TOOLS_DEV, TreeCase

CLEAN = '__attribute__((target("avx2"))) int kernel(int x) { return x + 1; }\n'
WEAK = (
    "inline __attribute__((noinline)) int shared(int x) { return x; }\n"
    '__attribute__((target("avx2"))) int kernel(int x) { return shared(x); }\n'
)


class CheckKernels(TreeCase):
    def check(self, source: str, compiled: bool = True) -> subprocess.CompletedProcess:
        self.write("esp/kernels/fast.cc", source)
        build = self.root / "build"
        build.mkdir()
        if compiled:
            command = ["c++", "-c", "esp/kernels/fast.cc", "-o", "build/fast.cc.o"]
            subprocess.run(command, cwd=self.root, check=True)
        command = [TOOLS_DEV / "check_kernels.sh", build, self.root]
        return subprocess.run(command, capture_output=True, text=True)

    def test_accepts_a_kernel_without_weak_symbols(self):
        result = self.check(CLEAN)
        self.assertEqual(
            (result.returncode, result.stdout), (0, "check_kernels: 1 kernel objects checked\n")
        )

    def test_reports_a_weak_symbol_by_name(self):
        result = self.check(WEAK)
        self.assertEqual(result.returncode, 1)
        self.assertIn("shared(int)", result.stdout)

    def test_reports_a_kernel_that_was_not_built(self):
        self.assertEqual(self.check(CLEAN, compiled=False).returncode, 1)


if __name__ == "__main__":
    unittest.main()
