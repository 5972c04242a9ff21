#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The storsync command as a user meets it: exit statuses, one-line errors, files, traces.

Usage: cli_test.py STORSYNC [unittest options]
"""
import csv
import json
import os
import re
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

STORSYNC = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else "build/storsync"
SHORT = ["--duration", "60ms", "--invocations", "1", "--cpus", "1", "--routing", "same"]


def listed_backends(kind="BACKEND"):
    """Names in the order of the list that the build takes them from."""
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "impls", "backends.def")
    with open(path) as file:
        return [name.replace("_", "-") for name in re.findall(rf"^{kind}\((\w+)\)", file.read(), re.M)]


SOUND = [name for name in listed_backends() if name != "none" and not name.startswith("broken-")]


def runnable_under(delivery):
    """Sound back ends that this machine can run so."""
    listing = json.loads(storsync("list", "--json").stdout)["backends"]
    return {entry["name"] for entry in listing
            if entry["name"] in SOUND and delivery in entry["deliveries"] and not entry["unavailable"]}


def storsync(*arguments, **options):
    return subprocess.run([STORSYNC, *arguments], capture_output=True, text=True, timeout=120, **options)


def rows_of(directory, name="summary.csv"):
    with open(os.path.join(directory, name), newline="") as file:
        return list(csv.DictReader(file))


def vscsi1(count, spacing_us=10):
    """A VSCSI version 1 trace: writes, then reads of the same blocks."""
    records = b""
    for i in range(count):
        opcode = 0x2A if i < count // 2 else 0x28
        block = (i % max(1, count // 2)) * 8
        records += struct.pack("<IIIHHQQ", i, 4096, 1, opcode, 0x0100, block, 1000 + i * spacing_us)
    return records


class Command(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        self.out = os.path.join(self.folder.name, "out")

    def path(self, name, content=None):
        path = os.path.join(self.folder.name, name)
        if content is not None:
            with open(path, "wb") as file:
                file.write(content)
        return path

    def refuse(self, *arguments, says):
        """Exit 2, one line on stderr that says what is wrong, nothing on stdout."""
        result = storsync(*arguments, cwd=self.folder.name)
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertIn(says, result.stderr)

    def run_ok(self, *arguments):
        result = storsync("run", "-o", self.out, *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return rows_of(self.out)


class Usage(Command):
    def test_help_and_version(self):
        for verb in ["list", "run", "micro", "torture"]:
            result = storsync(verb, "--help")
            self.assertEqual(result.returncode, 0)
            self.assertIn("Usage: storsync %s" % verb, result.stdout)
        self.assertIn("list", storsync("--help").stdout)
        self.assertRegex(storsync("--version").stdout, r"^storsync \S+\n$")

    def test_mistakes(self):
        self.refuse(says="a verb is missing")
        self.refuse("frobnicate", says="no verb 'frobnicate'")
        for verb in ["list", "run", "micro", "torture"]:
            self.refuse(verb, "--frobnicate", says="--frobnicate")
            self.refuse(verb, "stray", says="stray")
        self.refuse("micro", "--benchmark_frobnicate", says="benchmark_frobnicate")
        self.refuse("micro", "--benchmark_repetitions=many", says="benchmark_repetitions")
        self.refuse("micro", "--backends", "mutex", says="mutex")
        self.refuse("torture", "--backends", "mutex", says="mutex")
        self.refuse("torture", "--properties", "speed", says="speed")
        self.refuse("torture", "--cpus", "0", says="--cpus")

    def test_mistakes_of_run(self):
        for arguments, says in [
            (["--backends", "mutex"], "no back end 'mutex'"),
            (["--backends", "spinlock,,ticket"], "--backends"),
            (["--cpus", "4x"], "--cpus"),
            (["--cpus", "0"], "--cpus"),
            (["--section", "50"], "--section"),
            (["--routing", "left"], "'left'"),
            (["--duplex", "quarter"], "'quarter'"),
            (["--completion", "magic"], "'magic'"),
            (["--queue-depth", "0"], "--queue-depth"),
            (["--queue-depth", "256", "--cpus", "2"], "virtqueue"),
            (["--service-time", "bimodal:5us"], "bimodal"),
            (["--io-size", "1000"], "--io-size"),
            (["--duration", "1.5"], "--duration"),
            (["--invocations", "0"], "--invocations"),
            (["--trace-speed", "10"], "--trace"),
            (["--trace", "absent"], "absent"),
            (["--data", "half"], "'half'"),
            (["--delivery", "pigeon"], "'pigeon'"),
            (["--bystander", "2kHz"], "--bystander"),
            (["--bystander", "2M"], "0 to 1M"),
            (["--preempt", "1k"], "1k/50us"),
            (["--preempt", "1k/50"], "--preempt"),
            (["--preempt", "20k/50us"], "no time"),
            (["--table", "latency,chairs"], "'chairs'"),
            (["--cpus"], "--cpus"),
        ]:
            with self.subTest(arguments=arguments):
                self.refuse("run", *arguments, says=says)
        self.assertEqual(os.listdir(self.folder.name), [], "a refused command writes nothing")

    def test_nothing_to_measure(self):
        result = storsync("run", "--backends", "irqmask-local", "--cpus", "2", cwd=self.folder.name)
        self.assertEqual(result.returncode, 3)
        self.assertIn("nothing to measure", result.stderr)


class List(Command):
    def test_json(self):
        listing = json.loads(storsync("list", "--json").stdout)
        backends = {entry["name"]: entry for entry in listing["backends"]}
        peers = [name for name, entry in backends.items() if entry["peer"]]
        sound = [name for name, entry in backends.items() if not entry["broken"] and not entry["peer"]]
        self.assertEqual(sound, SOUND)
        self.assertEqual(peers, listed_backends("PEER"))
        for name, entry in backends.items():
            self.assertEqual("peer" in entry["capabilities"], entry["peer"], name)
            self.assertFalse(entry["peer"] and entry["broken"], name)
        self.assertEqual(backends["pthread-mutex"]["deliveries"], ["poll"])
        self.assertEqual(backends["spinlock"]["deliveries"], ["poll", "signal", "thread"])
        self.assertEqual(backends["mutex-inherit"]["deliveries"], ["thread"])
        self.assertEqual(backends["spinlock"]["isr_progress"], "blocking")
        self.assertEqual(backends["handover"]["isr_progress"], "wait-free")
        self.assertIsNone(backends["spinlock"]["unavailable"])
        self.assertEqual([delivery["name"] for delivery in listing["deliveries"]], ["poll", "signal", "thread"])
        self.assertTrue(backends["none"]["broken"])
        self.assertTrue(all(entry["broken"] for name, entry in backends.items() if name.startswith("broken-")))
        self.assertIn("fifo", backends["ticket"]["capabilities"])
        self.assertIn("one-cpu", backends["irqmask-local"]["capabilities"])
        self.assertIn("isr_latency", [metric["name"] for metric in listing["metrics"]])

    def test_text_names_all(self):
        text = storsync("list").stdout
        for entry in json.loads(storsync("list", "--json").stdout)["backends"]:
            self.assertIn(entry["name"], text)

    def test_text_has_peers_apart(self):
        sections = storsync("list").stdout.split("\n\n")
        by_title = {section.split("\n")[0]: section for section in sections}
        own = next(text for title, text in by_title.items() if title.startswith("Back ends"))
        peers = next(text for title, text in by_title.items() if title.startswith("Peers, for reference"))
        self.assertIn("  ck-mcs ", peers)
        self.assertNotIn("  ck-mcs ", own)
        self.assertNotIn("  spinlock ", peers)


class Run(Command):
    def test_files(self):
        rows = self.run_ok(*SHORT, "--backends", "all", "--seed", "7")
        self.assertEqual(sorted(os.listdir(self.out)), ["benchmark.json", "cpus.csv", "histogram.csv", "latency.csv", "summary.csv"])
        runnable = runnable_under("poll")
        self.assertEqual({row["backend"] for row in rows}, set(SOUND))
        self.assertEqual({row["backend"] for row in rows if row["status"] != "skipped"}, runnable)
        rows = [row for row in rows if row["status"] != "skipped"]
        for row in rows:
            with self.subTest(backend=row["backend"]):
                self.assertEqual(row["status"], "ok", row["status_reason"])
                self.assertGreater(int(row["ios"]), 0)
                self.assertGreater(int(row["interrupts"]), 0)
                for zero in ["violations", "lost", "missed", "out_of_range"]:
                    self.assertEqual(row[zero], "0", zero)
                self.assertEqual(row["isr_latency_n"], row["isr_service_n"])
                self.assertEqual(row["steady"], "", "a column whose feature is not there is empty")
        cells = {row["cell_id"] for row in rows}
        self.assertEqual(len(cells), len(runnable))
        for name in ["latency.csv", "histogram.csv", "cpus.csv"]:
            self.assertEqual({row["cell_id"] for row in rows_of(self.out, name)}, cells)

    def test_peers(self):
        rows = self.run_ok(*SHORT, "--backends", "spinlock,all-peers")
        self.assertEqual(len({row["backend"] for row in rows}), 10)
        for row in rows:
            self.assertEqual((row["status"], row["violations"], row["lost"]), ("ok", "0", "0"), row["backend"])

    def test_histogram_agrees_with_summary(self):
        rows = self.run_ok(*SHORT, "--backends", "spinlock", "--histogram-digits", "3")
        for metric in ["isr_latency", "sync_wait", "response"]:
            buckets = [row for row in rows_of(self.out, "histogram.csv") if row["metric"] == metric]
            n = sum(int(row["count"]) for row in buckets)
            self.assertEqual(n, int(rows[0][metric + "_n"]))
            rank = 0
            for row in buckets:
                rank += int(row["count"])
                if rank >= (n + 1) // 2:
                    break
            self.assertLessEqual(int(row["lo_ns"]), int(rows[0][metric + "_p50_ns"]))
            self.assertGreaterEqual(int(row["hi_ns"]), int(rows[0][metric + "_p50_ns"]))

    def test_benchmark_json(self):
        self.run_ok(*SHORT, "--backends", "spinlock,ticket")
        with open(os.path.join(self.out, "benchmark.json")) as file:
            benchmark = json.load(file)
        self.assertIn("context", benchmark)
        names = [entry["name"] for entry in benchmark["benchmarks"]]
        self.assertEqual(len(names), 2)
        self.assertTrue(any("backend:ticket/" in name for name in names))
        self.assertTrue(all(entry["iops"] > 0 for entry in benchmark["benchmarks"]))

    def test_section_is_achieved(self):
        rows = self.run_ok(*SHORT, "--backends", "spinlock", "--section", "0,5us")
        actual = {row["section_ns"]: row["section_actual_p50_ns"] for row in rows}
        self.assertEqual(actual["0"], "")
        self.assertGreaterEqual(int(actual["5000"]), 4990)

    def test_skipped_rows(self):
        rows = self.run_ok("--duration", "60ms", "--invocations", "1", "--backends", "spinlock,irqmask-local", "--cpus", "1,2",
                           "--routing", "same,other", "--oversubscribe")
        skipped = [row for row in rows if row["status"] == "skipped"]
        self.assertEqual(len(skipped), 4)
        self.assertTrue(all(row["status_reason"] and not row["ios"] for row in skipped))
        for row in skipped:
            of_backend = row["backend"] == "irqmask-local" and row["cpus"] == "2"
            self.assertEqual(row["backend_reason"], row["status_reason"] if of_backend else "")
        self.assertTrue(all(row["backend_reason"] == "" for row in rows if row["status"] != "skipped"))

    def test_a_delivery_that_the_back_end_does_not_know_is_skipped(self):
        result = storsync("run", "-o", self.out, *SHORT, "--backends", "mutex-none", "--delivery", "poll,signal", cwd=self.folder.name)
        self.assertEqual(result.returncode, 3)
        self.assertIn("delivery", result.stderr)

    def test_interrupts_land_in_sections(self):
        for delivery in ["signal", "thread"]:
            self.out = os.path.join(self.folder.name, delivery)
            if not runnable_under(delivery):
                continue
            result = storsync("run", "-o", self.out, *SHORT, "--backends", "spinlock,irqmask", "--delivery", delivery, "--section", "5us")
            if result.returncode == 3:
                self.assertIn("SCHED_FIFO", result.stderr)
                continue
            self.assertEqual(result.returncode, 0, result.stderr)
            for row in rows_of(self.out):
                with self.subTest(backend=row["backend"], delivery=delivery):
                    self.assertEqual((row["status"], row["delivery"]), ("ok", delivery), row["status_reason"])
                    self.assertEqual(row["sched_policy"], "fifo" if delivery == "thread" else "other")
                    self.assertGreater(int(row["arrivals"]), 0)
                    self.assertLessEqual(int(row["landed_in_section"]), int(row["arrivals"]))
                    self.assertEqual((row["violations"], row["lost"], row["missed"]), ("0", "0", "0"))

    def test_bystanders(self):
        result = storsync("run", "-o", self.out, *SHORT, "--backends", "spinlock,rcu-mb", "--bystander", "0,5k")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("bystanders 5000/s", result.stdout)
        self.assertEqual(result.stdout.count("below"), 1, "a column for the group that has them")
        self.assertLessEqual(max(map(len, result.stdout.split("\n"))), 150)
        for row in rows_of(self.out):
            on = row["irq_rate_hz"] == "5000"
            for metric in ["bystander_high", "bystander_low"]:
                self.assertEqual(int(row[metric + "_n"]) > 0, on)
                self.assertEqual(row[metric + "_max_ns"] != "", on)
            for counter in ["bystander_late", "bystander_missed"]:
                self.assertEqual(row[counter] != "", on)
            if on:
                due = int(row["bystander_high_n"]) + int(row["bystander_low_n"]) + int(row["bystander_missed"])
                self.assertGreater(due, 400, "600 are expected, give or take 24")
                self.assertLess(due, 800)
        self.assertEqual(len({row["cell_id"] for row in rows_of(self.out)}), 4)

    def test_bystanders_of_a_trace_end(self):
        trace = self.path("small.vscsi", vscsi1(1000))
        rows = self.run_ok("--trace", trace, "--backends", "ticket", "--cpus", "1", "--routing", "same", "--invocations", "1",
                           "--bystander", "100k")
        self.assertEqual((rows[0]["status"], rows[0]["ios"]), ("ok", "1000"))
        self.assertGreater(int(rows[0]["bystander_low_n"]), 0)

    def test_preemption_of_the_holder(self):
        rows = self.run_ok(*SHORT, "--backends", "spinlock", "--completion", "isr,dpc", "--preempt", "0,1k/100us")
        for row in rows:
            if row["preempt_rate_hz"] == "0":
                self.assertEqual((row["preemptions"], row["preempted_ns"], row["preempt_ns"]), ("", "", "0"))
                continue
            self.assertEqual((row["preempt_rate_hz"], row["preempt_ns"]), ("1000", "100000"))
            self.assertGreater(int(row["preemptions"]), 0)
            self.assertGreaterEqual(int(row["preempted_ns"]), int(row["preemptions"]) * 100000 * 0.99)
            self.assertGreaterEqual(int(row["held_max_ns"]), 99000, "it is in the section")
            self.assertGreaterEqual(int(row["sync_hold_max_ns"]), 99000)

    def test_handoffs_and_bounds(self):
        result = storsync("run", "-o", self.out, "--duration", "60ms", "--invocations", "1", "--backends", "spinlock,ticket",
                          "--cpus", "1,2", "--routing", "same", "--oversubscribe", "--table", "bounds")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("sections", result.stdout)
        self.assertNotIn("response", result.stdout)
        for row in rows_of(self.out):
            with self.subTest(backend=row["backend"], cpus=row["cpus"]):
                cpus, held = int(row["cpus"]), int(row["held_max_ns"])
                self.assertEqual(int(row["acquisitions"]), int(row["sync_calls"]) + int(row["interrupts"]))
                self.assertEqual(int(row["handoffs"]) > 0, cpus > 1)
                self.assertGreaterEqual(held, int(row["isr_service_max_ns"]) - 1)
                self.assertGreaterEqual(held, int(row["sync_hold_max_ns"]) - 1)
                self.assertAlmostEqual(float(row["starvation"]), int(row["sync_wait_max_ns"]) / held, delta=0.01)
                self.assertAlmostEqual(float(row["isr_starvation"]), int(row["isr_blocked_max_ns"]) / held, delta=0.01)
                if row["backend"] == "ticket":
                    self.assertEqual(int(row["wait_bound_ns"]), (cpus - 1) * held)
                    self.assertEqual(int(row["isr_bound_ns"]), (2 * cpus - 1) * held)
                    if cpus == 1:
                        self.assertEqual(row["bound_held"], "", "there is nobody to wait for")
                else:
                    self.assertEqual([row[name] for name in ["wait_bound_ns", "bound_held", "isr_bound_ns", "isr_bound_held"]],
                                     [""] * 4)
                self.assertEqual((row["delivery"], row["sched_policy"]), ("poll", "other"))

    def test_forms(self):
        rows = self.run_ok(*SHORT, "--backends", "spinlock,irqmask", "--duplex", "full,half", "--completion", "isr,dpc",
                           "--data", "copy", "--service-time", "exp:3us,bimodal:1us/50us/10%")
        self.assertEqual(len(rows), 16)
        self.assertTrue(all(row["status"] == "ok" for row in rows), [row["status_reason"] for row in rows])
        for row in rows:
            if row["completion"] == "dpc":
                self.assertGreater(int(row["sync_calls"]), int(row["ios"]), "the DPC takes the lock around every report")

    def test_oversubscribed_is_marked(self):
        rows = self.run_ok("--duration", "60ms", "--invocations", "1", "--backends", "spinlock", "--cpus", "5", "--routing",
                           "same", "--oversubscribe")
        self.assertEqual(rows[0]["status"], "ok", rows[0]["status_reason"])
        self.assertEqual(rows[0]["oversubscribed"], "1")

    def test_negative_control(self):
        result = storsync("run", "-o", self.out, "--duration", "100ms", "--invocations", "1", "--backends", "none", "--cpus", "2",
                          "--routing", "same", "--oversubscribe")
        self.assertEqual(result.returncode, 5)
        row = rows_of(self.out)[0]
        self.assertEqual(row["status"], "violated")
        self.assertGreater(int(row["violations"]) + int(row["lost"]) + int(row["missed"]), 0)
        self.assertTrue(row["status_reason"])

    def test_a_hang_is_a_row(self):
        result = storsync("run", "-o", self.out, *SHORT, "--section", "20us", "--backends", "broken-raise,spinlock")
        self.assertEqual(result.returncode, 5)
        self.assertIn("cpu 0: irql", result.stderr)
        status = {row["backend"]: row["status"] for row in rows_of(self.out)}
        self.assertEqual(status, {"broken-raise": "hung", "spinlock": "ok"})

    def test_nothing_is_overwritten(self):
        os.mkdir(self.out)
        with open(os.path.join(self.out, "mine"), "w") as file:
            file.write("precious")
        self.refuse("run", *SHORT, "-o", self.out, says="not empty")
        self.assertEqual(os.listdir(self.out), ["mine"])

    def test_interrupted(self):
        process = subprocess.Popen([STORSYNC, "run", "-o", self.out, "--duration", "100ms", "--cpus", "1", "--routing", "same",
                                    "--invocations", "50"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(600):
            time.sleep(0.05)
            if os.path.exists(os.path.join(self.out, "summary.csv")) and len(rows_of(self.out)) >= 2:
                break
        process.send_signal(signal.SIGINT)
        _, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 5, errors)
        self.assertIn("interrupted", errors)
        rows = rows_of(self.out)
        self.assertGreaterEqual(len(rows), 2)
        self.assertTrue(all(row["status"] in ("ok", "skipped") for row in rows))

    def test_same_seed_same_order(self):
        orders = []
        for out in ["one", "two"]:
            self.out = os.path.join(self.folder.name, out)
            rows = self.run_ok("--duration", "60ms", "--invocations", "2", "--cpus", "1", "--routing", "same", "--seed", "42",
                               "--backends", "spinlock,ticket,irqmask")
            orders.append([(row["backend"], row["seed"]) for row in rows])
        self.assertEqual(orders[0], orders[1])


class Trace(Command):
    def test_every_command_once(self):
        trace = self.path("small.vscsi", vscsi1(1000))
        rows = self.run_ok("--trace", trace, "--backends", "all", "--cpus", "1", "--routing", "same", "--invocations", "1")
        rows = [row for row in rows if row["status"] != "skipped"]
        self.assertEqual({row["backend"] for row in rows}, runnable_under("poll"))
        for row in rows:
            self.assertEqual((row["status"], row["ios"]), ("ok", "1000"), row["status_reason"])
            self.assertEqual((row["workload"], row["trace"], row["trace_speed"]), ("trace", "small.vscsi", "max"))

    def test_open_loop_keeps_its_schedule(self):
        trace = self.path("slow.vscsi", vscsi1(100, spacing_us=1000))
        rows = self.run_ok("--trace", trace, "--trace-speed", "2", "--backends", "spinlock", "--cpus", "1", "--routing", "same",
                           "--invocations", "1")
        self.assertEqual((rows[0]["ios"], rows[0]["arrival"]), ("100", "trace"))
        self.assertGreaterEqual(float(rows[0]["duration_s"]), 0.0495)
        self.assertEqual(round(float(rows[0]["offered_iops"])), 2000)

    def test_other_formats(self):
        fio = "fio version 2 iolog\n/dev/sda add\n/dev/sda open\n/dev/sda write 0 4096\n/dev/sda read 0 4096\n/dev/sda close\n"
        msr = "128166372003061629,usr,0,Write,4096,4096,100\n128166372003061729,usr,0,Read,4096,4096,100\n"
        for name, text in [("log.fio", fio), ("log.csv", msr)]:
            self.out = os.path.join(self.folder.name, "out-" + name)
            rows = self.run_ok("--trace", self.path(name, text.encode()), "--backends", "spinlock", "--cpus", "1", "--routing",
                               "same", "--invocations", "1")
            self.assertEqual((rows[0]["status"], rows[0]["ios"]), ("ok", "2"))

    def test_refused_files(self):
        whole = vscsi1(10)
        for name, content, says in [
            ("truncated.vscsi", whole[:-5], "record 10"),
            ("empty.vscsi", b"", "empty"),
            ("foreign.vscsi", b"\x7fELF" + bytes(60), "foreign.vscsi"),
        ]:
            with self.subTest(name=name):
                path = self.path(name, content)
                self.refuse("run", "--trace", path, "-o", self.out, says=says)
                self.assertFalse(os.path.exists(self.out))


if __name__ == "__main__":
    unittest.main(verbosity=2)
