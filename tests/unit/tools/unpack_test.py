"""tools/lib/unpack.sh against a make-believe apt: where it fetches from, and what it leaves."""

import pathlib
import subprocess
import unittest

from bad_tree import TreeCase

LIBRARY = pathlib.Path(__file__).resolve().parents[3] / "tools" / "lib"

# Every call is appended to `calls`; the file `mirror` is what apt knows, `gone` a package that the
# mirror has not got.
COMMANDS = {
    "id": "echo 0",
    "apt-get": """
echo "apt-get $*" >>"$STATE/calls"
for word in "$@"; do
  case $word in Dir::Etc::sourcelist=*) cp "${word#*=}" "$STATE/sources" ;; esac
done
case "$*" in
  *indextargets*) cat "$STATE/mirror" ;;
  *download*) [ ! -e "$STATE/gone" ] && touch "${@: -1}_1.0_amd64.deb" ;;
esac""",
    "dpkg": 'mkdir -p "$3/usr/bin" && touch "$3/usr/bin/tool"',
}


class Unpack(TreeCase):
    def setUp(self):
        super().setUp()
        for name, body in COMMANDS.items():
            self.write(f"bin/{name}", f"#!/bin/bash\n{body}\n")
            (self.root / "bin" / name).chmod(0o755)
        self.write("mirror", "http://mirror.example/debian/\nhttp://second.example/debian/\n")
        (self.root / "tmp").mkdir()

    def unpack(self) -> int:
        script = (
            f"source {LIBRARY}/packages.sh; source {LIBRARY}/unpack.sh; "
            "unpack_package trixie tool $STATE/build/tool"
        )
        environment = {
            "PATH": f"{self.root}/bin:/usr/bin:/bin",
            "STATE": str(self.root),
            "TMPDIR": f"{self.root}/tmp",
        }
        words = ["bash", "-c", script]
        result = subprocess.run(words, env=environment, capture_output=True, check=False)
        self.assertEqual(list((self.root / "tmp").iterdir()), [], "something temporary is left")
        return result.returncode

    def calls(self) -> list[str]:
        path = self.root / "calls"
        return path.read_text().splitlines() if path.exists() else []

    def test_fetches_from_the_mirror_that_apt_uses(self):
        self.assertEqual(self.unpack(), 0)
        self.assertTrue((self.root / "build/tool/usr/bin/tool").exists())
        sources = (self.root / "sources").read_text()
        self.assertIn("http://mirror.example/debian/ trixie main", sources)
        self.assertNotIn("second.example", sources)

    def test_keeps_off_the_lists_of_the_machine(self):
        self.unpack()
        fetching = [call for call in self.calls() if "indextargets" not in call]
        self.assertEqual(len(fetching), 2)
        for call in fetching:
            self.assertIn("Dir::State::Lists=", call)
            self.assertIn("Dir::Cache=", call)

    def test_does_nothing_when_it_is_there(self):
        self.write("build/tool/usr/bin/tool", "")
        self.assertEqual(self.unpack(), 0)
        self.assertEqual(self.calls(), [])

    def test_a_package_that_cannot_be_had_leaves_nothing(self):
        self.write("gone", "")
        self.assertEqual(self.unpack(), 1)
        self.assertFalse((self.root / "build").exists())


if __name__ == "__main__":
    unittest.main()
