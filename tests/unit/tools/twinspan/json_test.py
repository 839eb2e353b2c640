"""Every command of twinspan answers --json with one JSON object, also when no daemon is there.

The commands are those that --help names, so that a new one is asked as well. Run with TWINSPAN_BIN,
the folder of the binary.
"""

import functools
import json
import os
import pathlib
import re
import subprocess
import tempfile
import unittest

TWINSPAN = pathlib.Path(os.environ["TWINSPAN_BIN"]) / "twinspan"
EXAMPLES = pathlib.Path(__file__).resolve().parents[4] / "examples"
NO_DAEMON = 4

# What stands for a positional argument; `file` is given by each walk.
POSITIONALS = {
    "source": "10.1.0.1",
    "destination": "10.2.0.1",
    "connection": "no-such",
    "name": "no-such",
}


def section(help_text: str, title: str) -> list[str]:
    """The first words of the lines below a title."""
    found = re.search(rf"^{title}:\n((?:  .*\n)+)", help_text, re.MULTILINE)
    lines = found.group(1).splitlines() if found else []
    return [line.split()[0] for line in lines if not line.startswith("    ")]


@functools.cache
def leaves(words: tuple[str, ...] = ()) -> dict[tuple[str, ...], list[str]]:
    """Each command with the names of its positional arguments."""
    result = subprocess.run(
        [TWINSPAN, *words, "--help"], capture_output=True, text=True, check=True
    )
    inner = section(result.stdout, "Subcommands")
    if not inner:
        return {words: section(result.stdout, "Positionals")}
    found: dict[tuple[str, ...], list[str]] = {}
    for name in inner:
        found |= leaves((*words, name))
    return found


class Json(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.run_dir = folder.name

    def ask(self, *words: str) -> tuple[int, dict]:
        result = subprocess.run(
            [TWINSPAN, "--run-dir", self.run_dir, "--json", *words],
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )
        try:
            answer = json.loads(result.stdout)
        except ValueError:
            self.fail(f"{words}: no JSON: {result.stdout!r} {result.stderr!r}")
        self.assertIsInstance(answer, dict, words)
        self.assertTrue(answer.get("schema") or answer.get("$schema"), (words, answer))
        return result.returncode, answer

    def walk(self, file: str) -> dict[tuple[str, ...], tuple[int, dict]]:
        known = POSITIONALS | {"file": file}
        answers = {}
        for words, positionals in leaves().items():
            missing = set(positionals) - known.keys()
            self.assertFalse(missing, f"{words}: what stands for {missing}?")
            answers[words] = self.ask(*words, *(known[name] for name in positionals))
            code, answer = answers[words]
            if code != 0:
                self.assertTrue(answer.get("error") or answer.get("findings"), (words, answer))
        return answers

    def test_the_walk_finds_the_commands_that_have_others_below_them(self):
        found = leaves()
        self.assertIn(("show", "gateway"), found)
        self.assertEqual(found[("replace", "gateway")], ["name", "file"])
        self.assertGreater(len(found), 20)

    def test_without_a_daemon_each_says_why_or_answers_from_the_file(self):
        answers = self.walk(str(EXAMPLES / "vnet-to-vnet.yaml"))
        alone = {
            ("validate",): 0,
            ("schema",): 0,
            ("flush",): 2,
            ("import", "azure"): 3,
            ("import", "swanctl"): 3,
        }
        for words, (code, answer) in answers.items():
            self.assertEqual(code, alone.get(words, NO_DAEMON), (words, answer))
            if code == NO_DAEMON:
                self.assertIn("is twinspand running?", answer["error"], words)

    def test_a_file_that_is_not_there_is_said_in_json_too(self):
        for words, (code, answer) in self.walk("/no/such/file").items():
            if "file" in leaves()[words]:
                self.assertEqual(code, 3, (words, answer))
                self.assertIn("No such file", json.dumps(answer), words)

    def test_what_is_asked_wrongly_is_said_in_json_too(self):
        for words in (
            ("explain", "10.1.0.1", "nowhere"),
            ("explain", "10.1.0.1", "10.2.0.1", "-p", "nothing"),
            ("export", "strongswan", "no-such", "--config", str(EXAMPLES / "vnet-to-vnet.yaml")),
            ("validate", str(EXAMPLES / "vnet-to-vnet.yaml"), "--checklist", "no-such"),
            ("no-such-command",),
            ("up",),
            ("show",),
            ("rekey", "a-to-b", "--no-such-option"),
            ("drops", "--last", "many"),
        ):
            code, answer = self.ask(*words)
            self.assertEqual(code, 2, words)
            self.assertTrue(answer["error"], words)

    def test_what_is_followed_ends_with_one_line(self):
        code, answer = self.ask("events", "--follow")
        self.assertEqual((code, answer["events"]), (NO_DAEMON, []))

    def test_an_export_is_an_object(self):
        code, answer = self.ask(
            "export", "strongswan", "a-to-b", "--config", str(EXAMPLES / "vnet-to-vnet.yaml")
        )
        self.assertEqual((code, answer["schema"]), (0, "twinspan.export/1"))
        self.assertIn("connections {", answer["swanctl_conf"])


if __name__ == "__main__":
    unittest.main()
