#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The verifier on the command line: our own miniport keeps the rules, and verified rows are told from measured ones."""
import concurrent.futures
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
MINIPORTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "miniports")
LAWLESS = os.path.join(MINIPORTS, "lawless")
# What breaking a rule takes beside the argument string.
EACH = ["--cpus", "2", "--oversubscribe", "--queues", "2", "--vectors", "2", "--messages", "each"]
NEEDS = {
    "msi-lock-message": EACH, "msi-lock-order": EACH,
    "srb-after-reset": ["--faults", "hang@2ms", "--timeout-ms", "5"],
}
# Rules that no miniport can break in a run, and why; tests/unit/test_verifier.c breaks them.
UNIT_ONLY = {
    "extension-freed": "once an adapter is removed nothing of its miniport runs any more: what was left is dpc-after-stop or timer-after-stop",
    "isr-claimed-nothing": "the simulated line is looked at right before HwStorInterrupt is called: it is not called for nothing",
}
# Limits in time, which a busy machine may exceed where nobody meant to.
LIMITS = {"lock-too-long", "isr-too-long"}
# What does not get far without the verifier in between: the CPU waits for itself, or the C library or the machine ends the process.
FATAL = {"sync-in-isr", "sync-nested", "lock-recursive", "lock-not-held", "lock-leaked", "irql-changed", "pool-bad-free", "pool-freed"}
# And what the harness itself sees.
VIOLATIONS = {"srb-completed-twice", "srb-never-completed", "srb-pending", "srb-not-given", "srb-after-reset"}
SHORT = ["--duration", "20ms", "--warmup", "2ms", "--invocations", "1", "--cpus", "1", "--routing", "same", "--seed", "7"]


def rows_of(directory, name="summary.csv"):
    with open(os.path.join(directory, name), newline="") as file:
        return list(csv.DictReader(file))


def was_taken_away(row):
    """Whether the machine gave it no time at all in the window: no fault of the miniport's."""
    return row["status_reason"].startswith("no I/O was completed in the window")


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

    def test_under_faults(self):
        for number, faults in enumerate(("lost=200/s", "hang@5ms", "reset@5ms", "remove@10ms")):
            name = f"faults{number}"
            result = self.storsync("run", *SHORT, "--verify", "--backends", "spinlock,irqmask", "--cpus", "2", "--oversubscribe", "--faults", faults,
                                   "--timeout-ms", "5", "--output", name)
            with self.subTest(faults=faults):
                broken = [row for row in rows_of(os.path.join(self.folder, name), "verifier.csv") if row["count"] != "0"]
                self.assertEqual([row for row in broken if row["rule"] not in LIMITS], [], result.stderr)
                for row in rows_of(os.path.join(self.folder, name)):
                    if not broken and not was_taken_away(row):
                        self.assertEqual((row["status"], row["lost"]), ("ok", "0"), result.stderr)

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


class Lawless(unittest.TestCase):
    """A miniport that breaks the rule that its argument string names, through the command line."""
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        cls.build("lawless.so")
        cls.build("virtual.so", "-D", "VIRTUAL")
        with open(os.path.join(LAWLESS, "lawless.c")) as file:
            lines = file.read().splitlines()
        # The place of a function is where its code begins: at its own line, or one of the next two.
        cls.marked = {}
        for number, line in enumerate(lines, 1):
            for rule in re.findall(r"[\w-]+", (re.findall(r"/\* breaks (.*) \*/", line) or [""])[0]):
                cls.marked[rule] = rf"lawless\.c:({'|'.join(str(number + i) for i in range(3 if line.startswith('static') else 1))}) \(\w+\)"

    @classmethod
    def build(cls, name, *options):
        ring = os.path.join(MINIPORTS, "ring2012")
        result = subprocess.run([STORSYNC, "miniport", "build", LAWLESS, os.path.join(ring, "Ring.c"), "-I", ring, "-o", name, *options],
                                capture_output=True, text=True, timeout=120, cwd=cls.folder)
        if result.returncode or result.stderr:
            raise RuntimeError(result.stderr)

    def run_rule(self, rule, *options, name=None):
        """Exit status, the row, the findings but the machine's own, and what was said."""
        out = os.path.join(self.folder, name or rule)
        driver = "virtual.so" if rule == "sync-virtual" else "lawless.so"
        result = subprocess.run([STORSYNC, "run", "--duration", "50ms", "--warmup", "1ms", "--warmup-max", "1ms", "--invocations", "1", "--seed", "7",
                                 "--backends", "spinlock", "--cpus", "1", "--routing", "same", "--miniport", driver, "--miniport-arg", rule,
                                 *NEEDS.get(rule, []), *options, "--output", out], capture_output=True, text=True, timeout=120, cwd=self.folder)
        findings = [row for row in rows_of(out, "verifier.csv")
                    if row["rule"] not in LIMITS or row["rule"] == rule and re.fullmatch(self.marked[rule], row["place"])]
        return result.returncode, rows_of(out)[0], findings, result.stderr

    def in_parallel(self, rules, *options, prefix=""):
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            running = {rule: pool.submit(self.run_rule, rule, *options, name=prefix + rule) for rule in rules}
            return {rule: future.result() for rule, future in running.items()}

    def test_each_rule_is_reported(self):
        for rule, (status, row, findings, said) in self.in_parallel(sorted(self.marked), "--verify").items():
            with self.subTest(rule=rule):
                self.assertEqual(status, 5, said)
                self.assertIn(row["status"], ("failed", "violated"))
                if row["status"] == "failed" and not was_taken_away(row):
                    self.assertRegex(row["status_reason"], r"^verifier: \d+ findings?, in verifier\.csv$")
                self.assertEqual([finding["rule"] for finding in findings], [rule])
                if re.search(r"\+0x[0-9a-f]+", findings[0]["place"]):
                    continue  # the program was built without libbacktrace
                self.assertRegex(findings[0]["place"], f"^{self.marked[rule]}$")
                self.assertGreater(int(findings[0]["count"]), 0)
                self.assertIn(findings[0]["cpu"], ("0", "1") if NEEDS.get(rule) == EACH else ("0",))
                self.assertRegex(said, rf"\n  {rule} +{self.marked[rule]}, cpu {findings[0]['cpu']} at IRQL {findings[0]['irql']}\b")

    def test_unverified_nobody_looks(self):
        rules = sorted(set(self.marked) - FATAL - VIOLATIONS)
        for rule, (status, row, findings, said) in self.in_parallel(rules, prefix="unverified-").items():
            with self.subTest(rule=rule):
                if not was_taken_away(row):
                    self.assertEqual((status, row["status"]), (0, "ok"), said)
                self.assertEqual((row["verified"], findings), ("0", []), said)
                self.assertNotIn("verifier", said)

    def test_a_miniport_that_breaks_none(self):
        for options in ([], EACH, ["--cpus", "2", "--oversubscribe", "--delivery", "signal"]):
            status, row, findings, said = self.run_rule("none", "--verify", *options, name="none" + str(len(options)))
            self.assertEqual((status, row["status"], [finding for finding in findings if finding["count"] != "0"]), (0, "ok", []), said)

    def test_no_rule_is_forgotten(self):
        with open(RULES) as file:
            names = set(re.findall(r'X\(\w+, "([\w-]+)"', file.read()))
        self.assertEqual(set(self.marked) | set(UNIT_ONLY), names)
        self.assertEqual(set(self.marked) & set(UNIT_ONLY), set())


if __name__ == "__main__":
    unittest.main()
