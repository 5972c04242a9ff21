#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`storsync run --faults`: what a device or a host does loses no I/O and completes none twice; what cannot be mended is told.

Usage: faults_test.py STORSYNC [--print] [unittest options]

--print has the matrix of faults printed as a table.
"""
import pathlib
import shutil
import sys
import unittest

sys.dont_write_bytecode = True
PRINT = "--print" in sys.argv
if PRINT:
    sys.argv.remove("--print")
import command
from command import rows_of, storsync

BACKENDS = ["spinlock", "irqmask", "rcu-memb", "handover"]
DEVICES = [("virtio-scsi", "legacy"), ("virtio-scsi", "modern"), ("virtio-blk", "legacy")]
TIMEOUT_MS = 5
# By time where they can be, so that each happens however slow a back end is.
KINDS = {
    "lost": "lost=100/s", "duplicate": "duplicate=2000/s", "storm": "storm=100/s:200us", "spurious": "spurious=2000/s",
    "slow": "slow=500/s:1ms", "hang": "hang@20ms", "reset": "reset@20ms", "remove": "remove@30ms",
    "error": "error=1000/s", "busy": "busy=1000/s", "full": "full=1000/s", "drop": "drop=50/s",
    "stop": "stop@10ms:500us", "bus-reset": "bus-reset@10ms", "surprise": "surprise@30ms",
}
# After these nobody gets on without a reset.
WANT_RESET = ("hang", "drop")
NUMBERS = ("lost", "missed", "violations", "faults_injected", "timeouts", "bus_resets", "completed_with_error", "ios", "spurious")


def number(row, name):
    return int(row[name])


def was_taken_away(row):
    """Whether the machine gave it no time at all in the window: no fault of the device's."""
    return row["status"] == "failed" and row["status_reason"].startswith("no I/O was completed in the window")


class Case(command.Case):
    SPEAKER = "storsync run"

    def ask(self, *arguments, **options):
        return storsync("run", *arguments, cwd=self.folder.name, **options)

    def run_faults(self, faults, *arguments, backends=BACKENDS, out="out", timeout_ms=TIMEOUT_MS, status=0):
        result = self.ask("--backends", ",".join(backends), "--cpus", "2", "--routing", "same", "--duration", "50ms", "--warmup", "5ms",
                          "--warmup-max", "5ms", "--invocations", "1", "--seed", "11", "--oversubscribe", "--timeout-ms", str(timeout_ms),
                          *(["--faults", faults] if faults else []), "-o", out, *arguments)
        rows = rows_of(self.path(out))
        if not any(map(was_taken_away, rows)):
            self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return rows, result


class Matrix(Case):
    """Every kind of fault, device and back end, by the line."""

    def check_sound(self, row):
        """Whatever was injected: nothing lost, nothing twice, nothing wrong, and no error but for a reason."""
        self.assertIn(row["status"], ("ok", "failed"), row["status_reason"])
        if row["status"] == "failed":
            self.assertTrue(was_taken_away(row), row["status_reason"])
        for name in ("lost", "missed", "violations"):
            self.assertEqual(number(row, name), 0, name)

    def check_kind(self, kind, row):
        errors, resets = number(row, "completed_with_error"), number(row, "bus_resets")
        self.assertGreater(number(row, "faults_injected"), 0)
        if kind in WANT_RESET:
            self.assertGreater(number(row, "timeouts"), 0)
        if kind in (*WANT_RESET, "reset", "remove"):
            self.assertGreater(resets, 0)
            self.assertGreater(errors, 0)
        elif kind == "bus-reset":
            self.assertGreaterEqual(resets, number(row, "faults_injected"))
        elif kind == "surprise":
            self.assertGreater(errors, 0)
        elif kind == "error" and not resets:
            self.assertEqual(errors, number(row, "faults_injected"))
        elif not resets:
            self.assertEqual(errors, 0)

    def check_device(self, device, transport):
        for kind, faults in KINDS.items():
            if device == "virtio-blk" and kind in ("busy", "full"):
                continue
            rows, _ = self.run_faults(faults, "--device", device, "--transport", transport, out=kind)
            self.assertEqual([row["backend"] for row in sorted(rows, key=lambda row: BACKENDS.index(row["backend"]))], BACKENDS)
            for row in rows:
                with self.subTest(kind=kind, device=device, transport=transport, backend=row["backend"]):
                    self.assertEqual(row["timeout_ms"], str(TIMEOUT_MS))
                    self.check_sound(row)
                    self.check_kind(kind, row)
            if kind == "spurious":
                self.assertGreater(sum(number(row, "spurious") for row in rows), 0)
            if PRINT:
                for row in rows:
                    print(f"{device:11} {transport:6} {kind:9} {row['backend']:8} {row['status']:6}", *(f"{row[n]:>6}" for n in NUMBERS))

    def test_a_legacy_scsi_host(self):
        self.check_device(*DEVICES[0])

    def test_a_modern_scsi_host(self):
        self.check_device(*DEVICES[1])

    def test_a_disk(self):
        self.check_device(*DEVICES[2])

    def test_all_of_them_together(self):
        faults = ("lost=50/s,spurious=500/s,duplicate=500/s,storm=20/s:100us,slow=100/s:1ms,error=200/s,hang=20/s,reset=50/s,drop=20/s,"
                  "stop=100/s:200us,bus-reset=100/s")
        for more in (["--completion", "dpc"], ["--transport", "modern", "--routing", "other"], ["--duplex", "half"]):
            rows, _ = self.run_faults(faults, "--data", "copy", *more, backends=["spinlock", "handover"], out=more[0].strip("-"))
            for row in rows:
                with self.subTest(more=more, backend=row["backend"]):
                    self.check_sound(row)
                    self.assertGreater(number(row, "faults_injected"), 0)


class Messages(Matrix):
    """The same with messages and interrupts that arrive by themselves: kinds that each need another part of the driver."""

    SHAPES = [(["--cpus", "2", "--queues", "2", "--vectors", "2", "--messages", "all,each"], 6), (["--cpus", "1"], 3)]
    DELIVERIES = ["--delivery", "poll,signal,thread"]

    def check_kinds(self, backend, *kinds):
        for kind in kinds:
            for shape, cells in self.SHAPES:
                rows, _ = self.run_faults(KINDS[kind], *shape, *self.DELIVERIES, backends=[backend], out=f"{kind}{cells}")
                self.assertEqual(len(rows), cells)
                for row in rows:
                    with self.subTest(kind=kind, backend=backend, delivery=row["delivery"], mode=row["interrupt_mode"], cpus=row["cpus"]):
                        self.check_sound(row)
                        self.check_kind(kind, row)

    def test_a_lock(self):
        self.check_kinds("spinlock", "lost", "hang", "stop")

    def test_a_queue_of_waiters(self):
        self.check_kinds("mcs", "bus-reset", "surprise")

    # What Matrix has is run there.
    test_a_legacy_scsi_host = test_a_modern_scsi_host = test_a_disk = test_all_of_them_together = None


class Broken(Case):
    """A driver that is right but for one line."""

    SOURCE = pathlib.Path(__file__).resolve().parent / "miniports" / "ring2012"
    COMPLETES = "\t\tSrb->SrbStatus = SRB_STATUS_BUS_RESET;\n\t\tStorPortNotification(RequestComplete, DeviceExtension, Srb);\n"
    CLEARS = "\tRingReset(&Adapter->Ring,"

    def build(self, line, instead):
        folder = pathlib.Path(self.path("driver"))
        shutil.copytree(self.SOURCE, folder)
        text = (folder / "driver.c").read_text()
        self.assertEqual(text.count(line), 1)
        (folder / "driver.c").write_text(text.replace(line, instead))
        result = storsync("miniport", "build", str(folder), "-o", "driver.so", cwd=self.folder.name)
        self.assertEqual(result.returncode, 0, result.stderr)
        return self.path("driver.so")

    def run_driver(self, faults, driver, **options):
        rows, _ = self.run_faults(faults, "--miniport", driver, backends=["spinlock"], **options)
        if was_taken_away(rows[0]):
            self.skipTest(rows[0]["status_reason"])
        return rows[0]

    def test_right_it_is_sound(self):
        driver = self.build(self.CLEARS, self.CLEARS)
        for kind in ("stop", "bus-reset", "surprise", "hang"):
            row = self.run_driver(KINDS[kind], driver, out=kind)
            with self.subTest(kind=kind):
                Matrix.check_sound(self, row)
                self.assertGreater(number(row, "faults_injected"), 0)

    def test_a_reset_that_forgets_what_it_had(self):
        row = self.run_driver("bus-reset=0.005", self.build(self.COMPLETES, ""), status=5)
        self.assertEqual(row["status"], "violated")
        self.assertGreater(number(row, "lost"), 0)

    def test_a_reset_that_reports_twice(self):
        again = "\t\tStorPortNotification(RequestComplete, DeviceExtension, Srb);\n"
        row = self.run_driver("bus-reset=0.005", self.build(self.COMPLETES, self.COMPLETES + again), status=5)
        self.assertRegex(row["status_reason"], "[1-9][0-9]* I/Os completed twice")

    def test_a_restart_that_finds_what_was_before_the_stop(self):
        once = "\tif (Adapter->Ring.Descriptor == NULL)\n\t"
        row = self.run_driver("stop=0.005:50us", self.build(self.CLEARS, once + self.CLEARS), status=5)
        self.assertEqual(row["status"], "violated")


class Truth(Case):
    """What is not mended is told."""

    def test_a_device_that_drops_a_completion_for_good_is_caught(self):
        rows, result = self.run_faults("drop@20ms", backends=["spinlock"], timeout_ms=0, status=5)
        self.assertEqual(rows[0]["status"], "violated")
        self.assertEqual(number(rows[0], "lost"), 1)
        self.assertEqual(rows[0]["status_reason"], "1 I/Os and 0 interrupts lost")
        self.assertEqual(rows[0]["completed_with_error"], "0")

    def test_what_hangs_is_reported_with_its_state(self):
        rows, result = self.run_faults("hang@20ms", backends=["spinlock"], timeout_ms=0, status=5)
        self.assertEqual(rows[0]["status"], "violated")
        self.assertGreater(number(rows[0], "lost"), 0)
        for words in ("nothing has moved for", "cpu 0", "cpu 1", "virtio-scsi: answers nothing until it is reset", "request queue 0",
                      "back end spinlock"):
            self.assertIn(words, result.stderr + result.stdout)

    def test_a_run_without_faults_has_none(self):
        rows, _ = self.run_faults("", backends=["spinlock"])
        for name in ("faults", "timeout_ms", "faults_injected", "timeouts", "bus_resets", "completed_with_error"):
            self.assertEqual(rows[0][name], "")
        other, _ = self.run_faults("", backends=["spinlock"], timeout_ms=77, out="other")
        self.assertEqual(other[0]["cell_id"], rows[0]["cell_id"])

    def test_a_cell_is_named_by_its_faults(self):
        rows, _ = self.run_faults("slow=1/s,lost=1e-9", backends=["spinlock"])
        self.assertEqual(rows[0]["faults"], "lost=1e-09,slow=1/s:2ms")
        same, _ = self.run_faults("lost=0.0000001%,slow=1/s:2000us", backends=["spinlock"], out="same")
        other, _ = self.run_faults("lost=2e-9,slow=1/s", backends=["spinlock"], out="other")
        self.assertEqual(same[0]["cell_id"], rows[0]["cell_id"])
        self.assertNotEqual(other[0]["cell_id"], rows[0]["cell_id"])


class Mistakes(Case):
    """One line that says what would be right; nothing is written."""

    def test_lists(self):
        for faults, says in (("lots=1e-3", "is of no kind; use lost, duplicate"), ("lost=2", "neither a chance above 0 and up to 1"),
                             ("lost", "does not say when; use KIND=CHANCE, KIND=RATE/s or KIND@TIME"),
                             ("error=1e-3:2ms", "this kind takes none; storm, slow and stop do"), ("hang@5", "has a time that is none"),
                             ("lost=1,lost=2/s", "is of a kind that is there already")):
            with self.subTest(faults=faults):
                self.refuse("--faults", faults, "-o", "out", says=says)

    def test_the_timeout(self):
        self.refuse("--timeout-ms", "5ms", "-o", "out", says="--timeout-ms")
        self.refuse("--timeout-ms", "60001", "-o", "out", says="use 1 to 60000, or 0 for none")

    def test_a_disk_has_no_busy(self):
        result = self.ask("--faults", "busy=1e-3", "--device", "virtio-blk", "--backends", "spinlock", "--cpus", "1", "--routing", "same", "-n", "1",
                          "-o", "out")
        self.assertEqual(result.returncode, 3, result.stderr)
        self.assertIn("virtio-blk has no status for busy or full; use error, or --device virtio-scsi", result.stderr + result.stdout)


if __name__ == "__main__":
    unittest.main()
