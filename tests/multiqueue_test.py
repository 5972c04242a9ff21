#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""A miniport as they are written today keeps the rules, and loses nothing, in every interrupt mode, delivery and fault.

Usage: multiqueue_test.py STORSYNC [unittest options]
"""
import os
import shutil
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import command
from command import rows_of, storsync

SOURCES = os.path.join(os.path.dirname(os.path.abspath(__file__)), "miniports", "multiqueue")
BACKENDS = "spinlock,ticket,mcs,irqmask,rcu-memb"
QUEUES = ["--cpus", "2", "--queues", "2", "--vectors", "2"]
FAULTS = ("lost=100/s", "duplicate=2000/s", "storm=100/s:200us", "spurious=2000/s", "slow=500/s:1ms", "hang@20ms", "reset@20ms",
          "remove@30ms", "error=1000/s", "busy=1000/s", "full=1000/s")
# A busy machine exceeds limits in time where no miniport means to, or gives a cell no time at all.
LIMITS = {"lock-too-long", "isr-too-long"}
NO_TIME = "no I/O was completed in the window"


class Multiqueue(command.Case):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.built = folder.name

    def build(self, compiler="gcc"):
        path = os.path.join(self.built, f"multiqueue-{compiler}.so")
        if not os.path.exists(path):
            result = storsync("miniport", "build", SOURCES, "--cc", compiler, "-o", path)
            self.assertEqual((result.returncode, result.stderr), (0, ""))
        return path

    def run_it(self, *arguments, verify=True, compiler="gcc"):
        shutil.rmtree(self.out, ignore_errors=True)
        result = storsync("run", *(["--verify"] if verify else []), "--backends", "spinlock", "--cpus", "1,2", "--routing", "same", "--transport",
                          "modern", "--miniport", self.build(compiler), "--duration", "30ms", "--warmup", "2ms", "--warmup-max", "2ms",
                          "--invocations", "1", "--seed", "7", "--oversubscribe", *arguments, "--output", self.out, timeout=600)
        self.assertIn(result.returncode, (0, 5), result.stderr)
        broken = {(row["cell_id"], row["rule"]) for row in rows_of(self.out, "verifier.csv") if row["count"] != "0"}
        return [self.check(row, {rule for cell, rule in broken if cell == row["cell_id"]}, result.stderr)
                for row in rows_of(self.out) if row["status"] != "skipped"]

    def check(self, row, broken, said):
        keys = ("backend", "cpus", "delivery", "interrupt_mode", "faults")
        with self.subTest(**{key: row[key] for key in keys}):
            self.assertEqual(broken - LIMITS, set(), said)
            if row["status"] == "failed" and (broken or row["status_reason"].startswith(NO_TIME)):
                return row
            self.assertEqual((row["status"], row["status_reason"]), ("ok", ""), said)
            self.assertGreater(int(row["ios"]), 0)
            for name in ("lost", "missed", "violations"):
                self.assertEqual(row[name], "0", name)
        return row

    def test_by_either_compiler(self):
        for compiler in ("gcc", "clang"):
            if shutil.which(compiler):
                self.run_it("--cpus", "1", compiler=compiler)

    def test_by_the_line(self):
        rows = self.run_it("--backends", BACKENDS, "--delivery", "poll,signal,thread")
        self.assertEqual({row["interrupt_mode"] for row in rows}, {"intx"})

    def test_a_lock_each_message(self):
        rows = self.run_it("--backends", BACKENDS, *QUEUES, "--messages", "each", "--delivery", "poll,signal,thread")
        self.assertEqual({row["interrupt_mode"] for row in rows}, {"msi-each"})

    def test_a_lock_for_all_messages(self):
        rows = self.run_it("--backends", "spinlock,ticket,mcs", *QUEUES, "--messages", "all", "--delivery", "poll,signal")
        self.assertEqual({row["interrupt_mode"] for row in rows}, {"msi-all"})

    def test_what_is_refused_is_done_without(self):
        for argument in ("perf=off", "srb=classic", "perf=off;srb=classic"):
            self.run_it(*QUEUES, "--messages", "each", "--miniport-arg", argument)
            self.run_it("--miniport-arg", argument, "--channels", "1")

    def test_it_survives_faults(self):
        by_the_line = ["--cpus", "2"]
        by_messages = [*QUEUES, "--messages", "each"]
        for number, faults in enumerate(FAULTS):
            for mode in (by_the_line, by_messages):
                backends = "spinlock" if (number % 2 == 0) == (mode is by_the_line) else "rcu-memb,irqmask"
                rows = self.run_it("--backends", backends, *mode, "--duration", "50ms", "--faults", faults, "--timeout-ms", "5")
                self.assertTrue(all(row["faults"] for row in rows))

    def test_a_legacy_adapter_is_not_its(self):
        result = storsync("run", "--backends", "spinlock", "--cpus", "1", "--routing", "same", "--transport", "legacy", "--miniport", self.build(),
                          "--duration", "20ms", "--invocations", "1", "--output", self.out)
        self.assertEqual(result.returncode, 5, result.stderr)
        self.assertRegex(rows_of(self.out)[0]["status_reason"], "HwStorFindAdapter answered 0x")

    def test_none_is_caught(self):
        """Two CPUs on one ring, and nobody excludes: what is measured does contend."""
        result = storsync("run", "--backends", "none", "--cpus", "2", "--oversubscribe", "--routing", "same", "--transport", "modern", "--miniport",
                          self.build(), "--duration", "100ms", "--invocations", "1", "--seed", "7", "--output", self.out)
        self.assertEqual(result.returncode, 5, result.stderr)
        self.assertIn(rows_of(self.out)[0]["status"], ("violated", "hung", "crashed"))


if __name__ == "__main__":
    unittest.main()
