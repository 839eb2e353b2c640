"""Self-test of tools/dev/check_includes.py: each kind of bad include is reported, a good tree is
not."""

import unittest

from bad_tree import TreeCase, load_check

check_includes = load_check("check_includes")


class CheckIncludes(TreeCase):
    def violations(self, path: str, text: str) -> list[str]:
        return check_includes.find_violations(self.write(path, text))

    def test_accepts_what_the_table_allows(self):
        text = '#include "base/bytes.h"\n#include "esp/seal.h"\n#include <linux/if_tun.h>\n'
        self.assertEqual(self.violations("tun/worker.cc", text), [])

    def test_reports_a_sibling_with_file_line_and_remedy(self):
        [violation] = self.violations(
            "ike/core/a.cc", '#include "base/bytes.h"\n#include "esp/seal.h"\n'
        )
        self.assertTrue(
            violation.startswith("ike/core/a.cc:2: includes esp/seal.h: ike/ must not include esp/")
        )

    def test_reports_an_arrow_that_points_backwards(self):
        self.write("esp/seal.cc", '#include "tun/worker.h"\n')
        self.write("ike/core/a.cc", '#include "ike/driver/asio_driver.h"\n')
        found = self.violations("base/bytes.cc", '#include "tests/support/x.h"\n')
        self.assertEqual(
            [line.split(":")[0] for line in found],
            ["base/bytes.cc", "esp/seal.cc", "ike/core/a.cc"],
        )

    def test_reports_a_library_outside_its_place(self):
        cases = {
            "ike/core/a.cc": "openssl/evp.h",
            "policy/a.cc": "boost/asio.hpp",
            "policy/validate.cc": "yaml-cpp/yaml.h",
            "tun/worker.cc": "nlohmann/json.hpp",
            "esp/seal.cc": "immintrin.h",
            "ike/wire/a.cc": "sys/socket.h",
            "ike/core/b.cc": "random",
        }
        for path, header in cases.items():
            with self.subTest(path=path):
                found = self.violations(path, f"#include <{header}>\n")
                self.assertEqual(len(found), 1)
                (self.root / path).unlink()

    def test_accepts_a_library_in_its_place(self):
        self.assertEqual(
            self.violations("esp/kernels/aes_gcm_openssl.cc", "#include <openssl/evp.h>\n"), []
        )
        self.assertEqual(self.violations("tests/unit/a_test.cc", "#include <openssl/evp.h>\n"), [])

    def test_reports_a_path_that_is_not_relative_to_the_root(self):
        [violation] = self.violations("esp/seal.cc", '#include "seal.h"\n')
        self.assertIn("relative to the root", violation)

    def test_ignores_an_include_in_a_comment(self):
        self.assertEqual(
            self.violations("base/a.h", '// #include "tun/worker.h"\n/*\n#include "esp/x.h"\n*/\n'),
            [],
        )


if __name__ == "__main__":
    unittest.main()
