# SPDX-License-Identifier: MIT
"""What the tests of the command share: the program named on their command line, a folder for each test, files, refusals."""
import csv
import hashlib
import os
import subprocess
import sys
import tempfile
import unittest

# unittest sees the other arguments only.
STORSYNC = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else "build/storsync"


def storsync(*arguments, **options):
    """Both streams are captured as text, unless told otherwise."""
    for stream in ("stdout", "stderr"):
        options.setdefault(stream, subprocess.PIPE)
    return subprocess.run([STORSYNC, *arguments], **{"text": True, "timeout": 150, **options})


def rows_of(directory, name="summary.csv"):
    with open(os.path.join(directory, name), newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def digest(folder):
    """Every file's name and content, and every folder's name."""
    found = {}
    for top, folders, names in os.walk(folder):
        found.update((os.path.relpath(os.path.join(top, name), folder), "") for name in folders)
        for path in (os.path.join(top, name) for name in names):
            if os.path.isfile(path):
                with open(path, "rb") as file:
                    found[os.path.relpath(path, folder)] = hashlib.sha256(file.read()).hexdigest()
    return found


class Case(unittest.TestCase):
    """Each test has a folder, in which the command runs."""
    SPEAKER = r"storsync( [a-z]+)?"  # whose words a refusal's line are

    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.out = self.path("out")

    def path(self, name):
        return os.path.join(self.folder.name, name)

    def ask(self, *arguments, **options):
        """What refuse() runs: with a verb, and what else that needs, where a class is about one."""
        return storsync(*arguments, **{"cwd": self.folder.name, **options})

    def refuse(self, *arguments, says, status=2, **options):
        """One line on stderr that says what is wrong, nothing on stdout, nothing written."""
        before = digest(self.folder.name)
        result = self.ask(*arguments, **options)
        self.assertEqual(result.returncode, status, f"{result.stdout}{result.stderr}")
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertRegex(result.stderr, f"^{self.SPEAKER}: ")
        self.assertIn(says, result.stderr)
        # None where a test has put it elsewhere.
        self.assertFalse(result.stdout)
        self.assertEqual(digest(self.folder.name), before)
