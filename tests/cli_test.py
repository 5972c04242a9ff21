#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The storsync command as a user meets it: exit statuses, one-line errors, files, traces.

Usage: cli_test.py STORSYNC [unittest options]
"""
import csv
import ctypes
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

sys.dont_write_bytecode = True
from command import STORSYNC, Case, rows_of, storsync

VERBS = ["list", "run", "plan", "status", "validate", "merge", "compare", "explain", "report", "export", "history", "micro",
         "miniport", "torture", "verifier", "doctor", "selftest"]
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


def vscsi1(count, spacing_us=10):
    """A VSCSI version 1 trace: writes, then reads of the same blocks."""
    records = b""
    for i in range(count):
        opcode = 0x2A if i < count // 2 else 0x28
        block = (i % max(1, count // 2)) * 8
        records += struct.pack("<IIIHHQQ", i, 4096, 1, opcode, 0x0100, block, 1000 + i * spacing_us)
    return records


class Command(Case):
    def path(self, name, content=None):
        path = os.path.join(self.folder.name, name)
        if content is not None:
            with open(path, "wb") as file:
                file.write(content)
        return path

    def run_ok(self, *arguments):
        result = storsync("run", "-o", self.out, *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        return rows_of(self.out)


class Usage(Command):
    def test_help_and_version(self):
        for verb in VERBS:
            result = storsync(verb, "--help")
            self.assertEqual(result.returncode, 0)
            self.assertIn("Usage: storsync %s" % verb, result.stdout)
        self.assertIn("list", storsync("--help").stdout)
        self.assertRegex(storsync("--version").stdout, r"^storsync \S+\n$")

    def test_mistakes(self):
        self.refuse(says="a verb is missing")
        self.refuse("frobnicate", says="no verb 'frobnicate'")
        for verb in VERBS:
            self.refuse(verb, "--frobnicate", says="--frobnicate")
            if verb not in ("merge",):
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
            (["--arrival", "often"], "--arrival: 'often'"),
            (["--arrival", "poisson:1k", "--trace", "absent"], "absent"),
            (["--inject", "1s"], "--inject: 1s"),
            (["--warmup", "20ms", "--warmup-max", "10ms"], "--warmup-max"),
            (["--filter", "colour=red"], "no dimension 'colour'"),
            (["--filter", "cpus=3"], "no cell"),
            (["--profile", "long"], "no profile 'long'"),
            (["--shard", "1/2"], "--shard needs --seed"),
            (["--shard", "3/2", "--seed", "1"], "--shard: 3/2"),
            (["--shard", "0/2", "--seed", "1"], "--shard: 0/2"),
            (["--shard", "half", "--seed", "1"], "--shard: 'half'"),
            (["--budget", "10"], "--budget"),
            (["--budget", "0"], "--budget"),
            (["--until-ci", "5"], "--until-ci"),
            (["--until-ci", "0%"], "--until-ci"),
            (["--until-ci", "5%:isr_latency"], "'isr_latency' is no number"),
            (["--until-ci", "5%:backend"], "'backend' is no number"),
            (["trace"], "name one with --trace FILE"),
            (["quick", "full"], "'full' is one matrix too many"),
            (["quikc"], "no matrix of that name"),
            (["absent.yaml"], "absent.yaml: No such file"),
            (["."], "Is a directory"),
        ]:
            for verb in ["run", "plan"]:
                with self.subTest(verb=verb, arguments=arguments):
                    self.refuse(verb, *arguments, says=says)
        self.refuse("run", "--print", says="--print")
        self.refuse("plan", "mine.yaml", "--print", says="no shipped matrix")
        self.assertEqual(os.listdir(self.folder.name), [], "a refused command writes nothing")

    def test_nothing_to_measure(self):
        result = storsync("run", "--backends", "irqmask-local", "--cpus", "2", cwd=self.folder.name)
        self.assertEqual(result.returncode, 3)
        self.assertIn("nothing to measure", result.stderr)


class Folders(Command):
    """status, validate and merge: what each finds in folders is unit-tested; here is how they are called."""

    def run_folder(self, name):
        """A shard of which nothing has been measured yet."""
        os.mkdir(self.path(name))
        manifest = {"format": "storsync-run", "schema_version": 2, "run_id": name, "created_utc": "2024-05-01T12:00:00Z",
                    "host_id": "here", "build_id": "v1", "command": ["run", "quick"], "seed": 42, "invocations": 6, "shard": 1,
                    "shards": 1, "matrix": {"name": "quick", "cells": [
                        {"id": "0123456789abcdef", "refusal": None, "spec": {"backend": "spinlock", "cpus": 1}}]}}
        self.path(name + "/run.json", json.dumps(manifest).encode())
        self.path(name + "/journal.jsonl", b'{"event":"start"}\n')
        return self.path(name)

    def test_mistakes(self):
        for verb in ["status", "validate", "merge"]:
            self.refuse(verb, "--frobnicate", says="--frobnicate")
        self.refuse("status", "stray", says="stray/run.json")
        self.refuse("status", "one", "two", says="'two': one folder at a time")
        self.refuse("validate", says="folder is missing")
        self.refuse("validate", "stray", says="storsync validate: stray/run.json: No such file or directory; not a run's folder")
        self.refuse("validate", "one", "two", says="'two': one folder at a time")
        self.refuse("merge", "-o", "out", says="runs to merge are missing")
        self.refuse("merge", "stray", says="--output is missing")
        self.refuse("merge", "stray", "-o", "out", says="storsync merge: stray/run.json")
        self.assertEqual(os.listdir(self.folder.name), [])

    def test_status(self):
        result = storsync("status", cwd=self.folder.name)
        self.assertEqual((result.returncode, result.stdout), (3, ""))
        self.assertIn("no run in results/", result.stderr)
        os.mkdir(self.path("results"))
        self.run_folder("results/a")
        result = storsync("status", cwd=self.folder.name)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        self.assertIn("results/a\n", result.stdout)
        self.assertIn("0 of 6 invocations", result.stdout)
        self.assertIn("storsync run quick -o results/a\n", result.stdout)

    def test_validate_and_merge(self):
        folder = self.run_folder("a")
        result = storsync("validate", folder)
        self.assertEqual((result.returncode, result.stderr), (5, ""))
        self.assertIn("interrupted after 0 of 6", result.stdout)
        result = storsync("merge", folder, "-o", self.out)
        self.assertEqual(result.returncode, 5)
        self.assertEqual(result.stdout, self.out + ": 1 run merged, incomplete\n")
        self.assertRegex(result.stderr, r"\Astorsync merge: shard 1/1, .*: 0 of 6 invocations are there; .*\n\Z")
        self.path("a/journal.jsonl", b"what\n")
        result = storsync("validate", folder)
        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stdout, r"\A.*/a/journal.jsonl:1: .*\n.*/a: damaged\n\Z")


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


class Doctor(Command):
    QUICK = ["--cpus", "1", "--probe", "1ms"]

    def doctor(self, *arguments, **options):
        return storsync("doctor", *self.QUICK, *arguments, cwd=self.folder.name, **options)

    def test_mistakes(self):
        for arguments, says in [
            (["--cpus", "0"], "--cpus: 0 is out of range"),
            (["--cpus", "1,x"], "--cpus"),
            (["--cpus", "250"], "use 1 to"),
            (["--probe", "1"], "--probe"),
            (["--probe", "999us"], "--probe: 999us is out of range; use 1ms to 60s"),
            (["--probe", "61s"], "use 1ms to 60s"),
            (["--format", "yaml"], "'yaml' is none of text, csv and json"),
        ]:
            with self.subTest(arguments=arguments):
                self.refuse("doctor", *arguments, says=says)

    def test_table(self):
        result = self.doctor()
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        lines = result.stdout.split("\n")
        self.assertEqual(lines[0].split(), ["verdict", "check", "scope", "value", "expected"])
        verdicts = [line.split()[0] for line in lines[1:lines.index("")]]
        self.assertGreater(len(verdicts), 25)
        self.assertEqual(verdicts, sorted(verdicts, key=["bad", "unknown", "good"].index))
        self.assertNotIn("\033", result.stdout, "there is no terminal")
        self.assertRegex(lines[-2], r"^(This machine limits|Nothing was found) .*; \d+ of \d+ findings (is|are) unknown\.$")
        self.assertEqual(os.listdir(self.folder.name), [], "nothing is written")

    def test_formats_agree(self):
        rows = list(csv.DictReader(self.doctor("--format", "csv").stdout.splitlines()))
        report = json.loads(self.doctor("--format", "json").stdout)
        findings = report["findings"]
        self.assertEqual(len(report["os_cpus"]), 1)
        self.assertEqual(sorted((row["check"], row["scope"]) for row in rows), sorted((f["check"], f["scope"]) for f in findings))
        for row in rows:
            self.assertEqual((row["phase"], row["run_id"], row["host_id"]), ("doctor", "", report["host_id"]))
            self.assertIn(row["verdict"], ["good", "bad", "unknown"])
            self.assertTrue(row["value"] and row["expected"], row)
            self.assertEqual(row["remedy"] != "", row["verdict"] == "bad", row)

    def test_remedies_are_shell(self):
        for finding in json.loads(self.doctor("--format", "json").stdout)["findings"]:
            check = subprocess.run(["sh", "-n", "-c", finding["remedy"]], capture_output=True, text=True)
            self.assertEqual(check.returncode, 0, (finding, check.stderr))

    def test_strict_is_what_the_table_says(self):
        for output in ["text", "csv", "json"]:
            result = self.doctor("--strict", "--format", output)
            bad = {
                "text": lambda text: any(line.startswith("bad ") for line in text.split("\n")),
                "csv": lambda text: any(row["verdict"] == "bad" for row in csv.DictReader(text.splitlines())),
                "json": lambda text: any(finding["verdict"] == "bad" for finding in json.loads(text)["findings"]),
            }[output](result.stdout)
            self.assertEqual(result.returncode, 4 if bad else 0, result.stderr)

    def test_all_that_there_is_by_default(self):
        pinned = subprocess.run(["taskset", "-c", str(min(os.sched_getaffinity(0))), STORSYNC, "doctor", "--probe", "1ms",
                                 "--format", "json"], capture_output=True, text=True, timeout=120)
        self.assertEqual(pinned.returncode, 0, pinned.stderr)
        self.assertEqual(json.loads(pinned.stdout)["os_cpus"], [min(os.sched_getaffinity(0))])

    def test_what_cannot_be_written_is_said(self):
        for output in ["text", "csv", "json"]:
            with open("/dev/full", "w") as full:
                result = subprocess.run([STORSYNC, "doctor", *self.QUICK, "--format", output], stdout=full, stderr=subprocess.PIPE,
                                        text=True, timeout=120)
            self.assertEqual(result.returncode, 1, output)
            self.assertIn("cannot write", result.stderr)


class Run(Command):
    def test_files(self):
        rows = self.run_ok(*SHORT, "--backends", "all", "--seed", "7")
        self.assertEqual(sorted(os.listdir(self.out)), ["benchmark.json", "cpus.csv", "datapackage.json", "env.csv", "events.csv", "histogram.csv", "journal.jsonl", "latency.csv", "run.json",
                          "summary.csv", "verifier.csv", "windows.csv"])
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
                self.assertEqual(row["unstarted"], "", "a closed loop has no arrivals")
                self.assertGreaterEqual(float(row["warmup_s"]), 0.01 - 1e-7)
                self.assertEqual(float(row["warmup_max_s"]), 0.1)
        cells = {row["cell_id"] for row in rows}
        self.assertEqual(len(cells), len(runnable))
        for name in ["latency.csv", "histogram.csv", "cpus.csv", "windows.csv", "events.csv"]:
            self.assertEqual({row["cell_id"] for row in rows_of(self.out, name)}, cells)

    def test_windows_and_events(self):
        summary = self.run_ok("--duration", "250ms", "--invocations", "1", "--backends", "spinlock,rcu-mb")
        for of in [row for row in summary if row["status"] == "ok"]:
            rows = [row for row in rows_of(self.out, "windows.csv") if row["cell_id"] == of["cell_id"]]
            self.assertEqual([(row["window"], row["t_start_ms"]) for row in rows], [("0", "0"), ("1", "100"), ("2", "200")])
            self.assertEqual(sum(int(row["ios"]) for row in rows), int(of["ios"]))
            self.assertEqual(max(int(row["isr_latency_max_ns"] or 0) for row in rows), int(of["isr_latency_max_ns"]))
            # A window that others took away has too few samples for a median.
            medians = [int(row["isr_latency_p50_ns"]) for row in rows if row["isr_latency_p50_ns"]]
            self.assertLessEqual(min(medians), int(of["isr_latency_p50_ns"]) * 1.02 + 1)
            self.assertGreaterEqual(max(medians) * 1.02 + 1, int(of["isr_latency_p50_ns"]))
            for metric in ["isr_latency", "sync_wait"]:
                rows = [row for row in rows_of(self.out, "events.csv") if (row["cell_id"], row["metric"]) == (of["cell_id"], metric)]
                self.assertEqual([row["rank"] for row in rows], [str(rank) for rank in range(1, 9)])
                last = "stamp2_ns" if metric == "isr_latency" else "stamp1_ns"
                self.assertGreaterEqual(int(rows[0][last]) - int(rows[0]["stamp0_ns"]), int(of[metric + "_max_ns"]) - 1)
                for row in rows:
                    stamps = [int(row[f"stamp{i}_ns"]) for i in range(4)]
                    self.assertEqual(stamps, sorted(stamps))
                    self.assertEqual(row["t_ns"], row["stamp0_ns"])
                    self.assertLess(stamps[0], 250000000)
                    self.assertIn(row["cpu"], ["0", "1"])
                    self.assertIn(row["holder_cpu"], ["0", "1"])
                    self.assertIn(row["waiters"], ["0", "1"])
                    self.assertTrue(row["cause"])

    def test_a_known_stall_is_the_cause(self):
        # Longer than what most noisy machines take away, so that these are the worst; one that takes more may do so less the next time.
        for attempt in range(4):
            self.out = os.path.join(self.folder.name, f"held{attempt}")
            self.run_ok("--duration", "600ms", "--invocations", "1", "--backends", "ticket", "--preempt", "10/30ms", "--cpus", "2")
            waits = [row for row in rows_of(self.out, "events.csv") if row["metric"] == "sync_wait"]
            waits = [row for row in waits if int(row["stamp1_ns"]) - int(row["stamp0_ns"]) >= 29000000]
            held = [row for row in waits if row["cause"] == "lock held by CPU " + row["holder_cpu"] and row["holder_cpu"] != row["cpu"]]
            if held:
                break
        self.assertGreaterEqual(len(held), 1, waits)
        self.out = os.path.join(self.folder.name, "masked")
        self.run_ok("--duration", "600ms", "--invocations", "1", "--backends", "spinlock", "--cpus", "1", "--routing", "same",
                    "--section", "20ms")
        masked = [row["cause"] for row in rows_of(self.out, "events.csv") if row["metric"] == "isr_latency"]
        self.assertIn("masked by its own section", masked)

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
        journal = os.path.join(self.out, "journal.jsonl")
        for _ in range(600):
            time.sleep(0.05)
            # The tables come at the end; as invocations end, they are in the journal.
            if os.path.exists(journal):
                with open(journal, encoding="utf-8") as file:
                    if file.read().count('"event":"invocation"') >= 2:
                        break
        else:
            self.fail("no two invocations ended")
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


class Plan(Command):
    def plan(self, *arguments):
        result = storsync("plan", *arguments, cwd=self.folder.name)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        return result.stdout

    def cells(self, text):
        """{cell id: its other columns}"""
        return {row[0]: row[1:] for row in (line.split() for line in text.split("\n")) if row and re.fullmatch("[0-9a-f]{16}", row[0])}

    def test_it_is_what_runs(self):
        matrix = ["--backends", "spinlock,ticket", "--cpus", "1", "--routing", "same", "--section", "0,1us", "--invocations", "2",
                  "--duration", "60ms"]
        planned = self.cells(self.plan(*matrix))
        rows = self.run_ok(*matrix)
        self.assertEqual(set(planned), {row["cell_id"] for row in rows})
        for row in rows:
            section = "1us" if row["section_ns"] == "1000" else "0"
            self.assertEqual(planned[row["cell_id"]], [row["backend"], section, "2"])
        self.assertEqual([int(row["order_index"]) for row in rows], list(range(1, 9)))
        self.assertEqual(len({row["seed"] for row in rows}), 2, "one a block")

    def test_refusals_are_grouped(self):
        text = self.plan("--backends", "spinlock,mutex-none", "--cpus", "1", "--routing", "same,other")
        self.assertIn("cells: 4, of which 1 can run here", text)
        self.assertRegex(text, r"\n +1  with one CPU the vector .*\(spinlock\)")
        self.assertRegex(text, r"\n +2  .*delivery.* \(mutex-none\)")

    def test_nothing_is_written(self):
        self.plan("quick", "-o", "out")
        self.assertEqual(os.listdir(self.folder.name), [])

    def test_shards_and_budget(self):
        text = self.plan("quick", "--cpus", "1", "--routing", "same", "--seed", "9", "--shard", "2/3", "--budget", "2s", "--until-ci", "5%")
        self.assertIn("seed 9", text)
        self.assertIn("shard 2 of 3: 2 of the blocks: 2, 5\n", text)
        self.assertIn("estimate: 1.1 s a block, 2.2 s in all", text)
        self.assertIn("enough for 1 of 2 complete blocks; the others", text)
        self.assertIn("isr_latency_p50_ns is known to 5%", text)
        self.assertEqual(len(self.cells(text)), 4)
        self.assertIn("shard 9 of 9: 0 of the blocks\n", self.plan("quick", "--seed", "9", "--shard", "9/9"))

    def test_filters_and_profiles(self):
        text = self.plan("isr-latency", "--profile", "quick", "--filter", "backends=rcu-*", "--filter", "cpus!=1", "--filter", "think=0")
        self.assertEqual(len(self.cells(text)), 6)
        self.assertNotIn("spinlock", text)
        self.assertIn("arrival poisson:20k", text)

    def test_print_is_a_file_that_means_the_same(self):
        for name in ["quick", "default", "full", "isr-latency", "throughput", "priority-ceiling"]:
            printed = self.plan(name, "--print")
            path = self.path("mine.yaml", printed.encode())
            seed = ["--seed", "1"]
            self.assertEqual(self.plan(path, *seed), self.plan(name, *seed))

    def test_a_file_and_its_mistakes(self):
        matrix = b"dimensions: {backends: [spinlock, ticket], cpus: 1, routing: same}\nseed: 5\ninvocations: 1\nduration: 60ms\n"
        path = self.path("mine.yaml", matrix)
        self.assertEqual({row["backend"] for row in self.run_ok(path)}, {"spinlock", "ticket"})
        self.assertIn("2 blocks", self.plan(path, "--invocations", "6", "--shard", "1/3").replace("2 of the blocks", "2 blocks"))
        for content, says in [
            (b"dimensions:\n  cpus: [1,\n    4x]\n", 'mine.yaml:3: cpus: "4x" is not a whole number'),
            (b"dimensions:\n  cpu: 1\n", "mine.yaml:2: cpu: there is no such key; did you mean 'cpus'?"),
            (b"\x7fELF\x00\x01\x02", "mine.yaml:1: not YAML"),
            (b"", "mine.yaml:1: is empty"),
        ]:
            with self.subTest(content=content):
                self.path("mine.yaml", content)
                for verb in ["run", "plan"]:
                    self.refuse(verb, "mine.yaml", says=says)

    def test_trace(self):
        trace = self.path("slow.vscsi", vscsi1(100, spacing_us=10000))
        text = self.plan("trace", "--trace", trace, "--trace-speed", "1", "--backends", "spinlock", "--cpus", "1", "--invocations", "1")
        self.assertIn("estimate: 1.1 s a block", text)
        self.refuse("plan", "isr-latency", "--trace", trace, says="shipped/isr-latency.yaml:")


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


class Cell(Command):
    """One cell by itself, from a specification as `storsync run` writes it."""

    SPEC = {
        "backend": "spinlock", "delivery": 1, "cpus": 1, "routing": 0, "half_duplex": False, "completion_dpc": False, "channels": 0,
        "queue_depth": 8, "section_ns": 0, "think_ns": 0, "service_time": "5us", "io_bytes": 4096, "data": 0, "trace": "",
        "trace_speed": None, "arrival": 0, "arrival_hz": 0, "inject": False, "inject_ns": 0, "duration_ns": 50_000_000,
        "warmup_ns": 10_000_000, "warmup_max_ns": 40_000_000, "oversubscribe": False, "bystander_hz": 0, "preempt_hz": 0,
        "preempt_ns": 0, "miniport": "", "miniport_argument": "", "histogram_digits": 2, "seed": 7, "verify": False,
        "device": "virtio-scsi", "transport": 0, "queues": 1, "vectors": 0, "message_locks": False, "coalesce_count": 1, "coalesce_ns": 0,
        "faults": "", "timeout_ms": 0, "dpc_redirection": False,
    }
    PERIODIC, POISSON = 1, 2

    def summary(self, **changes):
        result = storsync("cell", input=json.dumps({**self.SPEC, **changes}))
        self.assertEqual(result.returncode, 0, result.stderr)
        summary = json.loads(result.stdout)["summary"]
        self.assertEqual(summary["status"], "ok", summary["status_reason"])
        return summary

    def test_fixed_warm_up(self):
        for length in [0, 300_000, 10_000_000]:
            summary = self.summary(warmup_ns=length, warmup_max_ns=length)
            self.assertAlmostEqual(summary["warmup_s"], length / 1e9, places=7)
            if length < 500_000:
                self.assertNotIn("steady", summary, "too short to be judged")

    def test_warm_up_until_steady(self):
        summary = self.summary()
        self.assertGreaterEqual(summary["warmup_s"], 0.01)
        if summary["warmup_s"] < 0.04:
            self.assertIs(summary["steady"], True, "else it would have taken the most")

    def test_next_to_no_load_takes_the_most(self):
        summary = self.summary(arrival=self.PERIODIC, arrival_hz=100)
        # On a machine that is busy it ends late.
        self.assertGreaterEqual(round(summary["warmup_s"], 7), 0.04)
        self.assertNotIn("steady", summary)

    def test_periodic_arrivals(self):
        for cpus in [1, 2]:
            summary = self.summary(arrival=self.PERIODIC, arrival_hz=20_000, cpus=cpus, oversubscribe=True,
                                   warmup_max_ns=10_000_000)
            self.assertAlmostEqual(summary["offered_iops"], cpus * 20_000, delta=20 * cpus)

    def test_overload_counts_what_was_not_started(self):
        for arrival in [self.PERIODIC, self.POISSON]:
            summary = self.summary(arrival=arrival, arrival_hz=50_000_000)
            offered = summary["offered_iops"] * summary["duration_s"]
            self.assertAlmostEqual(offered / 2_500_000, 1, delta=0.01)
            self.assertGreater(summary["unstarted"], 0.5 * offered)
            self.assertGreater(summary["response_p50_ns"], 100 * summary["service_min_ns"])

    def test_injected_delay(self):
        summary = self.summary(inject=True, inject_ns=20_000)
        # How near it is depends on the machine; that it is there does not.
        self.assertGreater(summary["inject_actual_ps"], 1_000_000)
        self.assertGreater(summary["sync_hold_min_ns"], 1000)
        # In it there are no stamps, and it is longer than two stamps may lie apart.
        self.assertLess(summary["witness_gap_count"], summary["sync_calls"] / 2)
        self.assertNotIn("inject_actual_ps", self.summary())
        # In it there are no stamps, and it is longer than two stamps may lie apart.
        self.assertLess(summary["witness_gap_count"], summary["sync_calls"] / 2)

    def stopped(self, **changes):
        """The result of a cell whose process does nothing for a while in the middle of its window."""
        with tempfile.TemporaryFile() as out:
            with subprocess.Popen([STORSYNC, "cell"], stdin=subprocess.PIPE, stdout=out, stderr=subprocess.PIPE) as process:
                # With always something in flight.
                spec = {**self.SPEC, "duration_ns": 1_000_000_000, "queue_depth": 32, "service_time": "exp:1ms", **changes}
                process.stdin.write(json.dumps(spec).encode())
                process.stdin.close()
                # Warm-up takes less.
                self.stop_one_that_used(process, 0.06)
                time.sleep(self.STOPPED_S)
                os.kill(process.pid, signal.SIGCONT)
                self.assertEqual(process.wait(60), 0, process.stderr.read())
            out.seek(0)
            return json.load(out)

    STOPPED_S = 0.1

    @staticmethod
    def stop_one_that_used(process, seconds):
        """By a thread that runs, which stops all of them: the main thread may have no CPU to take the signal on."""
        pid = process.pid
        while True:
            if process.poll() is not None:
                raise AssertionError(f"it ended with {process.returncode}: {process.stderr.read().decode()}")
            for thread in set(os.listdir(f"/proc/{pid}/task")) - {str(pid)}:
                with open(f"/proc/{pid}/task/{thread}/stat") as file:
                    fields = file.read().rsplit(")", 1)[1].split()
                if (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") >= seconds:
                    ctypes.CDLL(None).tgkill(pid, int(thread), signal.SIGSTOP)
                    return
            time.sleep(0.005)


    def check_gap(self, result):
        stopped_ns = self.STOPPED_S * 1e9
        summary = result["summary"]
        self.assertEqual(summary["status"], "ok", summary["status_reason"])
        self.assertIn("gaps", summary["gate_codes"].split())
        self.assertGreaterEqual(summary["witness_gap_frac"] * summary["duration_s"], self.STOPPED_S * 0.9)
        # It is in the windows where it was, which are of equal length.
        lost = [row[6] for row in result["windows"]]
        # Empty where there were more gaps than are kept.
        if None not in lost:
            self.assertAlmostEqual(sum(lost) / len(lost), summary["witness_gap_frac"], places=4)
            self.assertGreaterEqual(max(a + b + c for a, b, c in zip(lost, lost[1:], lost[2:])), self.STOPPED_S / 0.1 * 0.9)
        # What was in flight is hit, and nothing that long is clean.
        self.assertGreaterEqual(summary["isr_latency_hit_n"], 1)
        self.assertGreaterEqual(summary["isr_latency_max_ns"], stopped_ns * 0.9)
        self.assertLess(summary["isr_latency_clean_max_ns"], stopped_ns)
        self.assertLess(summary["response_clean_max_ns"], stopped_ns)
        # Rank, metric, t, four stamps, CPU, holder, waiters, cause; the CPU of a gap, its begin and end.
        worst = next(row for row in result["events"] if row[1] == "isr_latency")
        self.assertEqual(worst[10], f"gap on CPU {worst[11]}")
        # It is there as long as it was; another one may be longer.
        self.assertGreaterEqual(max(row[13] - (row[12] or 0) for row in result["events"] if row[13]), stopped_ns * 0.9)
        self.assertGreater(min(worst[13], worst[5]), max(worst[12] or 0, worst[3]))
        self.assertGreaterEqual(worst[5] - worst[3], stopped_ns * 0.9)

    def test_a_gap_is_seen(self):
        usable = len(os.sched_getaffinity(0))
        cases = [(delivery, cpus) for delivery in [1, 2] for cpus in [1, 2][:usable]]
        # By delivery to threads a cell takes all of its cores for itself, and nobody could stop it from there.
        if usable > 1 and runnable_under("thread"):
            cases.append((4, 1))
        for delivery, cpus in cases:
            with self.subTest(delivery=delivery, cpus=cpus):
                self.check_gap(self.stopped(delivery=delivery, cpus=cpus))

    def test_memory(self):
        """Also where all of it is locked."""
        for changes in [{}, {"delivery": 4}]:
            if changes and not runnable_under("thread"):
                continue
            for more in [{}, {"preempt_hz": 1000, "preempt_ns": 50_000}, {"trace": True}]:
                more = dict(more)
                if more.get("trace"):
                    more["trace"] = self.path("trace", vscsi1(200))
                with self.subTest(**changes, **more), tempfile.TemporaryFile() as out:
                    spec = {**self.SPEC, "cpus": min(2, len(os.sched_getaffinity(0))), **changes, **more}
                    process = subprocess.Popen([STORSYNC, "cell"], stdin=subprocess.PIPE, stdout=out)
                    process.stdin.write(json.dumps(spec).encode())
                    process.stdin.close()
                    _, status, usage = os.wait4(process.pid, 0)
                    process.returncode = status
                    self.assertEqual(status, 0)
                    self.assertLess(usage.ru_maxrss, 64 << 10)


class Selftest(Command):
    def test_histogram(self):
        result = storsync("selftest", "--only", "histogram", "--seed", "7")
        self.assertEqual((result.returncode, result.stderr), (0, ""), result.stdout)
        self.assertEqual(result.stdout.count("passes\n"), 5)
        self.assertNotIn("FAILS", result.stdout)
        self.assertIn("seed 7", result.stdout)
        self.assertEqual(storsync("selftest", "--only", "histogram", "--seed", "7").stdout, result.stdout)

    def test_help(self):
        result = storsync("selftest", "--help")
        self.assertEqual(result.returncode, 0)
        for part in ["histogram", "recorder", "broken", "delay", "arrivals", "aa"]:
            self.assertIn(part, result.stdout)

    def test_mistakes(self):
        for arguments, says in [
            (["--only", "speed"], "no part 'speed'"),
            (["--only", "aa,,delay"], "--only"),
            (["--comparisons", "0"], "--comparisons"),
            (["--comparisons", "4x"], "--comparisons"),
            (["--cpus", "0"], "--cpus"),
            (["--seed", "x"], "--seed"),
            (["--frobnicate"], "--frobnicate"),
            (["stray"], "stray"),
        ]:
            with self.subTest(arguments=arguments):
                self.refuse("selftest", *arguments, says=says)

    def test_more_cpus_than_cores(self):
        result = storsync("selftest", "--only", "aa", "--cpus", "64")
        if result.returncode != 4:
            self.skipTest("this machine has 64 cores")
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertIn("--cpus 64", result.stderr)

    def test_interrupted(self):
        process = subprocess.Popen([STORSYNC, "selftest", "--only", "aa"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self.assertIn("invocations done", process.stderr.readline())
        process.send_signal(signal.SIGINT)
        out, errors = process.communicate(timeout=60)
        self.assertEqual(process.returncode, 5, errors)
        self.assertIn("interrupted", errors)
        self.assertNotIn("passes", out)


if __name__ == "__main__":
    unittest.main(verbosity=2)
