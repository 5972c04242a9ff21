#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The verifier on the command line: our own miniport keeps the rules, and verified rows are told from measured ones."""
import csv
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest

STORSYNC = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else "build/storsync"
RULES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "hba_sim", "port", "verifier_rules.h")
SHORT = ["--duration", "20ms", "--warmup", "2ms", "--invocations", "1", "--cpus", "1", "--routing", "same", "--seed", "7"]


def rows_of(directory, name="summary.csv"):
    with open(os.path.join(directory, name), newline="") as file:
        return list(csv.DictReader(file))


class Verifier(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, self.folder)

    def storsync(self, *arguments):
        return subprocess.run([STORSYNC, *arguments], capture_output=True, text=True, timeout=120, cwd=self.folder)

    def run_into(self, name, *arguments):
        result = self.storsync("run", *SHORT, *arguments, "--output", name)
        self.assertEqual(result.returncode, 0, result.stderr)
        return os.path.join(self.folder, name)

    def keeps_the_rules(self, name, *arguments):
        directory = self.run_into(name, "--verify", *arguments)
        rows = [row for row in rows_of(directory) if row["status"] != "skipped"]
        self.assertTrue(rows)
        for row in rows:
            with self.subTest(**{key: row[key] for key in ("backend", "delivery", "duplex", "completion")}):
                self.assertEqual(row["status"], "ok", row["status_reason"])
                self.assertEqual(row["verified"], "1")
                self.assertEqual(row["gate"], "warn")
                self.assertIn("verified", row["gate_codes"].split())
        for row in rows_of(directory, "verifier.csv"):
            self.assertEqual(row["count"], "0", row)
        return directory

    def test_our_miniport_keeps_the_rules(self):
        self.keeps_the_rules("modes", "--backends", "spinlock,ticket,mcs", "--duplex", "full,half", "--completion", "isr,dpc")

    def test_under_every_delivery(self):
        self.keeps_the_rules("deliveries", "--backends", "spinlock", "--delivery", "poll,signal")

    def test_under_every_back_end(self):
        self.keeps_the_rules("others", "--backends", "all")

    def test_measured_rows_are_not_verified(self):
        verified = self.run_into("verified", "--verify", "--backends", "spinlock")
        measured = self.run_into("measured", "--backends", "spinlock")
        self.assertEqual([row["verified"] for row in rows_of(measured)], ["0"])
        self.assertNotIn("verified", rows_of(measured)[0]["gate_codes"].split())
        self.assertEqual(rows_of(measured, "verifier.csv"), [])
        self.assertNotEqual(rows_of(verified)[0]["cell_id"], rows_of(measured)[0]["cell_id"])
        for directory in (verified, measured):
            self.assertEqual(self.storsync("validate", directory).returncode, 0)

    def test_rules_are_those_of_the_source(self):
        with open(RULES) as file:
            names = re.findall(r'X\(\w+, "([\w-]+)"', file.read())
        result = self.storsync("verifier")
        self.assertEqual(result.returncode, 0)
        self.assertEqual([line.split()[0] for line in result.stdout.split("\n") if line and not line.startswith(" ")], names)
        self.assertGreater(len(names), 30)

    def test_mistakes(self):
        result = self.storsync("verifier", "all")
        self.assertEqual(result.returncode, 2)
        self.assertEqual(result.stderr, "storsync verifier: 'all' is unexpected: it takes no arguments\n")


if __name__ == "__main__":
    unittest.main()
