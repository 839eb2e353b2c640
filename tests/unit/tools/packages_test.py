"""tools/lib/packages.sh against a make-believe apt: what it calls, in which order, and what it
refuses."""

import pathlib
import subprocess
import unittest

from bad_tree import TreeCase

LIBRARY = pathlib.Path(__file__).resolve().parents[3] / "tools" / "lib" / "packages.sh"

# The installed packages are the names in the file `installed`; every call is appended to `calls`.
COMMANDS = {
    "id": "echo 0",
    "apt-cache": '[ -e "$STATE/lists" ]',
    "systemctl": """
echo "systemctl $*" >>"$STATE/calls"
case "$1" in
  is-enabled) cat "$STATE/enabled" 2>/dev/null || echo enabled ;;
  is-active) false ;;
esac""",
    "dpkg-query": """
case "$*" in
  *1.74*) cat "$STATE/old_boost" 2>/dev/null ;;
  -L*) echo /lib/systemd/system/noisy.service ;;
  *Package*) sed 's/^/installed /' "$STATE/installed" ;;
  *) grep -qx "${@: -1}" "$STATE/installed" && echo installed ;;
esac""",
    "apt-get": """
echo "apt-get $*" >>"$STATE/calls"
case "$*" in
  *update) touch "$STATE/lists" ;;
  *--simulate*) cat "$STATE/plan" 2>/dev/null; true ;;
  *install*) ls "$STATE/guard" >>"$STATE/calls"; echo noisy >>"$STATE/installed" ;;
esac""",
}


class Packages(TreeCase):
    def setUp(self):
        super().setUp()
        for name, body in COMMANDS.items():
            self.write(f"bin/{name}", f"#!/bin/bash\n{body}\n")
            (self.root / "bin" / name).chmod(0o755)
        self.write("installed", "present\n")
        self.write("lists", "")

    def ensure(self, *names: str) -> subprocess.CompletedProcess:
        script = f'source {LIBRARY}; policy_rc_d=$STATE/guard; packages_ensure {" ".join(names)}'
        environment = {"PATH": f"{self.root}/bin:/usr/bin:/bin", "STATE": str(self.root)}
        return subprocess.run(
            ["bash", "-c", script], env=environment, capture_output=True, text=True
        )

    def calls(self) -> str:
        path = self.root / "calls"
        return path.read_text() if path.exists() else ""

    def test_touches_nothing_when_all_is_there(self):
        self.assertEqual(self.ensure("present").returncode, 0)
        self.assertEqual(self.calls(), "")

    def test_simulates_then_installs_without_removals_and_recommendations(self):
        result = self.ensure("present", "noisy")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("installing noisy", result.stdout)
        simulation, install = [line for line in self.calls().splitlines() if "install" in line][:2]
        self.assertIn("--simulate --no-remove --no-install-recommends install noisy", simulation)
        self.assertIn("--yes --no-remove --no-install-recommends install noisy", install)

    def test_guards_against_service_starts_only_while_installing(self):
        self.ensure("noisy")
        self.assertIn(f"{self.root}/guard\n", self.calls())
        self.assertFalse((self.root / "guard").exists())

    def test_keeps_a_policy_that_was_there(self):
        self.write("guard", "mine")
        self.ensure("noisy")
        self.assertEqual((self.root / "guard").read_text(), "mine")

    def test_disables_a_service_that_a_new_package_enabled(self):
        self.ensure("noisy")
        self.assertIn("systemctl --quiet disable noisy.service", self.calls())

    def test_leaves_a_static_service_alone(self):
        self.write("enabled", "static\n")
        self.ensure("noisy")
        self.assertNotIn("disable", self.calls())

    def test_fetches_lists_only_when_they_lack_the_package(self):
        self.ensure("noisy")
        self.assertNotIn("update", self.calls())
        self.write("installed", "present\n")
        (self.root / "lists").unlink()
        self.ensure("noisy")
        self.assertIn("update", self.calls())

    def test_refuses_when_something_would_be_removed(self):
        self.write("plan", "Remv precious [1.0]\n")
        result = self.ensure("noisy")
        self.assertEqual(result.returncode, 1)
        self.assertIn("precious", result.stderr)
        self.assertNotIn("--yes", self.calls())

    def test_explains_the_conflict_of_boost_versions(self):
        self.write("old_boost", "installed libboost1.74-dev\n")
        result = self.ensure("libboost1.81-dev")
        self.assertEqual(result.returncode, 1)
        self.assertIn("apt-get remove libboost1.74-dev", result.stderr)
        self.assertEqual(self.calls(), "")

    def test_fails_when_a_package_is_missing_in_the_end(self):
        result = self.ensure("never")
        self.assertEqual(result.returncode, 1)
        self.assertIn("still missing: never", result.stderr)


if __name__ == "__main__":
    unittest.main()
