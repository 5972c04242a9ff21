#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`storsync export`: what it writes is what other tools read, and agrees with the run's own files.

Usage: export_test.py STORSYNC [unittest options]
"""
import collections
import csv
import glob
import json
import math
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import command
from command import STORSYNC, rows_of, storsync

# compare.py needs SciPy, and Debian's is for Debian's Python.
DEBIANS_PYTHON = "/usr/bin/python3"
COMPARE = "/usr/share/benchmark/compare.py"
RUN = ["--backends", "spinlock,ticket", "--cpus", "1", "--routing", "same", "--duration", "20ms", "--warmup", "2ms", "--invocations", "6",
       "--seed", "7"]


def table_of(path):
    """Rows (value, percentile, count) and footer of a percentile table, read as HdrHistogram's plotter does."""
    rows, footer = [], {}
    with open(path) as file:
        lines = file.read().splitlines()
    for line in lines:
        if line.startswith("#["):
            footer.update((key.strip(), float(value)) for key, value in (part.split("=") for part in line[2:-1].split(",")))
        elif line and not line.startswith("#") and not line.split()[0] == "Value":
            rows.append(tuple(float(field) for field in line.split()[:3]))
    return lines, rows, footer


def paired(case, events):
    """Slices with "dur", in the place of their begins and ends, which must nest."""
    found, opened, last = [], collections.defaultdict(list), {}
    for event in events:
        track = event["pid"], event["tid"]
        if event["ph"] in "BE":
            case.assertGreaterEqual(event["ts"], last.get(track, 0))
            last[track] = event["ts"]
        if event["ph"] == "B":
            found.append(dict(event, ph="X"))
            opened[track].append(found[-1])
        elif event["ph"] == "E":
            piece = opened[track].pop()
            case.assertEqual((event["name"], event["cat"]), (piece["name"], piece["cat"]))
            piece["dur"] = event["ts"] - piece["ts"]
        else:
            case.assertNotEqual(event["ph"], "X", "readers add up its end, and drop it where that is not in the slice around it")
            found.append(event)
    case.assertFalse(any(opened.values()))
    return found


def check_trace(case, trace):
    """The rules of the document "Trace Event Format" for what is used here."""
    case.assertEqual(trace["displayTimeUnit"], "ns")
    case.assertIsInstance(trace["traceEvents"], list)
    trace["traceEvents"] = paired(case, trace["traceEvents"])
    tracks = collections.defaultdict(list)
    named = set()
    for event in trace["traceEvents"]:
        case.assertIn(event["ph"], ("X", "i", "M"))
        case.assertIs(type(event["pid"]), int)
        case.assertIs(type(event["tid"]), int)
        case.assertNotIn(event["tid"], (0, event["pid"]), "Perfetto would take it for the main thread")
        case.assertTrue(event["name"])
        if event["ph"] == "M":
            key = {"process_name": "name", "thread_name": "name", "process_sort_index": "sort_index", "thread_sort_index": "sort_index"}
            value = event["args"][key[event["name"]]]
            case.assertIs(type(value), str if key[event["name"]] == "name" else int)
            named.add((event["name"], event["pid"], event["tid"] if event["name"].startswith("thread") else None))
            continue
        case.assertIs(type(event["ts"]), float)
        case.assertGreaterEqual(event["ts"], 0)
        case.assertTrue(event["cat"])
        if event["ph"] == "X":
            case.assertIs(type(event["dur"]), float)
            case.assertGreaterEqual(event["dur"], 0)
            tracks[event["pid"], event["tid"]].append(event)
        else:
            case.assertEqual(event["s"], "t")
        case.assertIn(("process_name", event["pid"], None),
                      {("process_name", e["pid"], None) for e in trace["traceEvents"] if e["name"] == "process_name"})
    for event in trace["traceEvents"]:
        if event["ph"] != "M":
            case.assertIn(("thread_name", event["pid"], event["tid"]), named)
    for slices in tracks.values():
        open_until = []
        last = -1.0
        for piece in slices:
            begin, end = round(piece["ts"] * 1000), round((piece["ts"] + piece["dur"]) * 1000)
            case.assertGreaterEqual(begin, last)
            last = begin
            while open_until and open_until[-1] <= begin:
                open_until.pop()
            case.assertTrue(not open_until or end <= open_until[-1], piece)
            open_until.append(end)


class Case(command.Case):
    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.shared.cleanup)
        cls.run_dir = os.path.join(cls.shared.name, "run")
        result = storsync("run", *RUN, "-o", cls.run_dir)
        # 5: a busy machine may have left an invocation nothing.
        if result.returncode not in (0, 5):
            raise RuntimeError(result.stdout + result.stderr)
        cls.ok = {(row["cell_id"], row["invocation"]): row for row in rows_of(cls.run_dir, "summary.csv") if row["status"] == "ok"}

    def export(self, *arguments, status=0, directory=None, **options):
        result = storsync("export", arguments[0], directory or self.run_dir, *arguments[1:], **options)
        self.assertEqual(result.returncode, status, result.stderr)
        return result

    def refused(self, *arguments, says, status=2, directory=None, **options):
        result = self.export(*arguments, status=status, directory=directory, **options)
        self.assertEqual(result.stdout, "")
        lines = [line for line in result.stderr.splitlines() if "gate codes" not in line and "left out" not in line]
        self.assertEqual(len(lines), 1, result.stderr)
        self.assertTrue(lines[0].startswith("storsync export: "), lines[0])
        self.assertIn(says, lines[0])
        self.assertEqual(os.listdir(self.folder.name), self.before if hasattr(self, "before") else [])

    def copy(self, name="copy"):
        """The run, for a test to spoil, beside what a test may leave."""
        directory = os.path.join(self.shared.name, name + self._testMethodName)
        shutil.copytree(self.run_dir, directory)
        return directory


class Hgrm(Case):
    def samples(self, cell, metric, invocation=None):
        counts = collections.Counter()
        for row in rows_of(self.run_dir, "histogram.csv"):
            if row["cell_id"] == cell and row["metric"] == metric and (row["cell_id"], row["invocation"]) in self.ok:
                if invocation is None or row["invocation"] == invocation:
                    counts[int(row["hi_ns"])] += int(row["count"])
        return counts

    def check(self, path, counts):
        lines, rows, footer = table_of(path)
        total = sum(counts.values())
        self.assertEqual(lines[0].split(), ["Value", "Percentile", "TotalCount", "1/(1-Percentile)"])
        self.assertEqual(lines[1], "")
        self.assertEqual(rows[-1], (max(counts), 1.0, total))
        self.assertEqual(footer["Total count"], total)
        self.assertEqual(footer["Max"], max(counts))
        self.assertEqual((footer["Buckets"], footer["SubBuckets"]), (29, 256))
        for value, level, count in rows:
            self.assertEqual(count, sum(n for hi, n in counts.items() if hi <= value))
            self.assertGreaterEqual(count / total, level - 1e-12)
            self.assertLess(sum(n for hi, n in counts.items() if hi < value) / total, level + 1e-12)
        self.assertEqual(rows, sorted(rows))
        return rows

    def test_cells_are_merged(self):
        result = self.export("hgrm", "--metric", "isr_latency,sync_wait", "-o", self.out)
        self.assertEqual(result.stdout, "")
        self.assertEqual(sorted(os.listdir(self.out)), [f"{b}.{m}.hgrm" for b in ("spinlock", "ticket") for m in ("isr_latency", "sync_wait")])
        for (cell, _), row in self.ok.items():
            for metric in ("isr_latency", "sync_wait"):
                path = os.path.join(self.out, f"{row['backend']}.{metric}.hgrm")
                self.check(path, self.samples(cell, metric))
                with open(path) as file:
                    text = file.read()
                invocations = sum(c == cell for c, _ in self.ok)
                self.assertIn(f"# storsync: {metric} in ns, {invocations} invocations, merged", text)
                self.assertIn(f"cell {cell}:", text)

    def test_percentiles_agree_with_the_runs_own(self):
        self.export("hgrm", "--per", "invocation", "-o", self.out)
        latency = [row for row in rows_of(self.run_dir, "latency.csv")
                   if row["metric"] == "isr_latency" and row["samples"] == "all" and row["value_ns"] and (row["cell_id"], row["invocation"]) in self.ok]
        self.assertEqual(len(os.listdir(self.out)), len(self.ok))
        for (cell, invocation), row in self.ok.items():
            path = os.path.join(self.out, f"{row['backend']}.invocation-{invocation}.isr_latency.hgrm")
            rows = self.check(path, self.samples(cell, "isr_latency", invocation))
            compared = 0
            for want in latency:
                level = float(want["percentile"]) / 100
                if (want["cell_id"], want["invocation"]) != (cell, invocation):
                    continue
                for value, at, _ in rows:
                    if abs(at - level) < 1e-9:
                        # Two digits: a bucket is at most 1/128 of its value wide; the run's own ends at the exact maximum.
                        self.assertLessEqual(int(want["value_ns"]), value)
                        self.assertLessEqual(value, int(want["value_ns"]) * (1 + 1 / 128) + 1)
                        compared += 1
                        break
            self.assertGreaterEqual(compared, 4)

    def test_one_goes_anywhere(self):
        self.export("hgrm", "--filter", "backend=ticket", "-o", self.out)
        with open(self.out) as file:
            text = file.read()
        self.assertEqual(self.export("hgrm", "--filter", "backend=ticket").stdout, text)
        self.export("hgrm", "--filter", "backend=ticket", "-o", self.out + ".folder/")
        self.assertEqual(os.listdir(self.out + ".folder"), ["ticket.isr_latency.hgrm"])

    def test_unit(self):
        self.export("hgrm", "--filter", "backend=ticket", "-o", self.out)
        self.export("hgrm", "--filter", "backend=ticket", "--unit", "us", "-o", self.out + ".us")
        _, ns, _ = table_of(self.out)
        _, us, _ = table_of(self.out + ".us")
        self.assertEqual(len(ns), len(us))
        for a, b in zip(ns, us):
            self.assertAlmostEqual(a[0] / 1000, b[0], delta=0.0051)
            self.assertEqual(a[1:], b[1:])

    def test_what_is_not_ok_is_left_out(self):
        directory = self.copy()
        path = os.path.join(directory, "summary.csv")
        rows = rows_of(directory, "summary.csv")
        lost = next(row for row in rows if row["backend"] == "ticket" and row["status"] == "ok")
        # Its row only: in what is not ok, keys and figures stay.
        lost["status"] = "violated"
        with open(path, "w", newline="") as file:
            writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        result = self.export("hgrm", "--filter", "backend=ticket", "-o", self.out, directory=directory)
        self.assertIn("left out", result.stderr)
        all_of_it = self.samples(lost["cell_id"], "isr_latency")
        all_of_it.subtract(self.samples(lost["cell_id"], "isr_latency", lost["invocation"]))
        self.check(self.out, +all_of_it)


class GoogleBenchmark(Case):
    def load(self, *arguments):
        self.export("google-benchmark", *arguments, "-o", self.out)
        with open(self.out) as file:
            return json.load(file)

    def test_repetitions(self):
        found = self.load()
        self.assertEqual(found["context"]["executable"], "storsync")
        entries = found["benchmarks"]
        repetitions = [e for e in entries if e["run_type"] == "iteration"]
        self.assertEqual(len(repetitions), len(self.ok))
        for family, backend in enumerate(("spinlock", "ticket")):
            rows = sorted((row for row in self.ok.values() if row["backend"] == backend), key=lambda row: int(row["block"]))
            of_it = [e for e in repetitions if e["family_index"] == family]
            self.assertEqual(len({e["name"] for e in of_it}), 1)
            self.assertEqual(of_it[0]["name"], f"isr_latency_p50/backend:{backend}/cpus:1/routing:same")
            self.assertIn(" queue_depth=8 ", of_it[0]["label"])
            self.assertEqual([e["repetition_index"] for e in of_it], list(range(len(rows))))
            for entry, row in zip(of_it, rows):
                self.assertEqual(entry["name"], entry["run_name"])
                self.assertEqual((entry["per_family_instance_index"], entry["repetitions"], entry["threads"]), (0, len(rows), 1))
                self.assertEqual((entry["time_unit"], entry["real_time"]), ("ns", float(row["isr_latency_p50_ns"])))
                self.assertEqual((entry["iterations"], entry["isr_latency_p99_ns"] if row["isr_latency_p99_ns"] else None),
                                 (int(row["ios"]), float(row["isr_latency_p99_ns"]) if row["isr_latency_p99_ns"] else None))
                each = float(row["duration_s"]) * 1e9 * (1 - float(row["cpu_lost_frac"] or "nan")) / int(row["ios"])
                self.assertAlmostEqual(entry["cpu_time"], 0 if math.isnan(each) else each, places=3)

    def test_aggregates(self):
        entries = self.load("--metric", "sync_wait_p90_ns")["benchmarks"]
        for family in (0, 1):
            values = [e["real_time"] for e in entries if e["run_type"] == "iteration" and e["family_index"] == family]
            iops = [e["iops"] for e in entries if e["run_type"] == "iteration" and e["family_index"] == family]
            self.assertGreater(len(values), 1)
            got = {e["aggregate_name"]: e for e in entries if e["run_type"] == "aggregate" and e["family_index"] == family}
            self.assertEqual(list(got), ["mean", "median", "stddev", "cv"])
            for name, of in got.items():
                self.assertEqual(of["name"], f"{of['run_name']}_{name}")
                self.assertEqual((of["repetitions"], of["iterations"]), (len(values), len(values)))
                self.assertEqual(of["aggregate_unit"], "percentage" if name == "cv" else "time")
            for key, samples in (("real_time", values), ("iops", iops)):
                mean, deviation = statistics.mean(samples), statistics.stdev(samples)
                self.assertAlmostEqual(got["mean"][key], mean, places=3)
                self.assertAlmostEqual(got["median"][key], statistics.median(samples), places=3)
                self.assertAlmostEqual(got["stddev"][key], deviation, places=3)
                self.assertAlmostEqual(got["cv"][key], deviation / mean, places=6)

    @unittest.skipUnless(os.path.exists(COMPARE), "Google Benchmark's compare.py is not installed: apt-get install libbenchmark-tools")
    def test_compare_py(self):
        first = self.load()
        # The same with half the time: what compare.py is to find.
        for entry in first["benchmarks"]:
            entry["real_time"] = entry["real_time"] / 2
        with open(self.out + ".half", "w") as file:
            json.dump(first, file)
        result = subprocess.run([DEBIANS_PYTHON, COMPARE, "--no-color", "benchmarks", self.out, self.out + ".half"], capture_output=True,
                                text=True, timeout=60)
        self.assertEqual(result.returncode, 0, result.stderr)
        for backend in ("spinlock", "ticket"):
            count = sum(row["backend"] == backend for row in self.ok.values())
            lines = [line for line in result.stdout.splitlines() if f"/backend:{backend}/" in line]
            self.assertEqual(len(lines), count + 5, result.stdout)
            self.assertEqual(sum("_pvalue" in line and f"U Test, Repetitions: {count} vs {count}" in line for line in lines), 1)
            self.assertEqual(sum(re.search(r"(_mean|_median) +-0\.5000 +\+0\.0000", line) is not None for line in lines), 2)


class TraceEvents(Case):
    def load(self, *arguments):
        self.export("trace-events", *arguments, "-o", self.out)
        with open(self.out) as file:
            trace = json.load(file)
        check_trace(self, trace)
        return trace["traceEvents"]

    def expected(self, metric):
        """The worst first, for each back end."""
        found = collections.defaultdict(list)
        last = 2 if metric == "isr_latency" else 1
        for row in rows_of(self.run_dir, "events.csv"):
            of = self.ok.get((row["cell_id"], row["invocation"]))
            if of and row["metric"] == metric:
                found[of["backend"]].append((int(row[f"stamp{last}_ns"]) - int(row["stamp0_ns"]), row))
        return {backend: sorted(events, key=lambda e: -e[0]) for backend, events in found.items()}

    def test_the_worst_with_their_stages(self):
        for arguments, worst, absolute in ((["--worst", "3"], 3, False), (["--time", "window"], 8, True)):
            if os.path.exists(self.out):
                os.unlink(self.out)
            events = self.load(*arguments)
            pid = 10000
            for backend in ("spinlock", "ticket"):
                for metric in ("isr_latency", "sync_wait"):
                    expected = self.expected(metric)[backend][:worst]
                    for took, _ in expected:
                        pid += 1
                        of_it = [e for e in events if e["pid"] == pid]
                        name = next(e["args"]["name"] for e in of_it if e["name"] == "process_name")
                        self.assertTrue(name.startswith(f"{backend}: {metric} #"), name)
                        slices = [e for e in of_it if e["ph"] == "X"]
                        whole = next(e for e in slices if e["cat"] == "event")["args"]
                        self.assertEqual(whole[f"{metric}_ns"], took)
                        row = next(r for t, r in self.expected(metric)[backend] if t == took and r["invocation"] == str(whole["invocation"]) and
                                   r["rank"] == str(whole["rank"]))
                        origin = int(row["stamp0_ns"]) if absolute else 0
                        self.check_slices(slices, row, origin)
                        self.check_others(slices, row, origin)
                        self.check_instants([e for e in of_it if e["ph"] == "i"], row)
            self.assertEqual(max(e["pid"] for e in events), pid)

    def check_slices(self, slices, row, origin):
        stamps = [int(row[f"stamp{i}_ns"]) - int(row["stamp0_ns"]) + origin for i in range(4)]
        slices = [e for e in slices if e["cat"] == "event"]
        got = [(round(e["ts"] * 1000), round(e["dur"] * 1000)) for e in slices]
        want = [(stamps[0], stamps[3] - stamps[0])] + [(a, b - a) for a, b in zip(stamps, stamps[1:]) if b > a]
        self.assertEqual(got, want)
        self.assertEqual({e["tid"] for e in slices}, {int(row["cpu"]) + 1})
        self.assertEqual(slices[0]["args"]["cause"], row["cause"])

    def cut(self, row, start, end):
        """What of an interval is behind the event's begin, or nothing."""
        begin = int(row["stamp0_ns"])
        if not row.get(end) or int(row[end]) <= begin:
            return None
        return max(int(row[start] or 0), begin) - begin, int(row[end]) - begin

    def check_others(self, slices, row, origin):
        """Gap, section and DPCs are where events.csv has them, on the CPU whose they are."""
        want = []
        for category, cpu, start, end in (("gap", "gap_cpu", "gap_start_ns", "gap_end_ns"), ("dpc", "cpu", "dpc_start_ns", "dpc_end_ns"),
                                          ("section", "holder_cpu", "holder_enter_ns", "holder_leave_ns"),
                                          ("section", "holder_cpu", "holder_since_ns", "holder_leave_ns")):
            part = self.cut(row, start, end)
            # Who has access again and again is one slice more, where that is no other CPU's and longer than the last time.
            if start == "holder_since_ns" and part and (row["cpu"] == row["holder_cpu"] or not row["holder_enter_ns"] or
                                                        part == self.cut(row, "holder_enter_ns", end)):
                part = None
            if part and part[0] < part[1]:
                want.append((category, int(row[cpu]), part[0] + origin, part[1] - part[0], row[start], row[end]))
        got = [(e["cat"], (e["tid"] - 1) % (1 << 24), round(e["ts"] * 1000), round(e["dur"] * 1000),
                "" if e["args"]["start_ns"] is None else str(e["args"]["start_ns"]), str(e["args"]["end_ns"])) for e in slices if e["cat"] != "event"]
        self.assertEqual(sorted(got), sorted(want))
        for e in slices:
            if e["cat"] != "event":
                before = e["args"]["start_ns"] is None or e["args"]["start_ns"] < int(row["stamp0_ns"])
                self.assertEqual("note" in e["args"], before)

    def check_instants(self, instants, row):
        """Who is to blame is told where the data tells it, and nowhere else; where it tells when, by a slice."""
        want = []
        away = re.fullmatch(r"gap on CPU (\d+)", row["cause"])
        if away and not self.cut(row, "gap_start_ns", "gap_end_ns"):
            want.append((row["cause"], int(away[1]) + 1))
        if row["holder_cpu"] and not self.cut(row, "holder_enter_ns", "holder_leave_ns"):
            held = row["cause"] == f"lock held by CPU {row['holder_cpu']}" and not row.get("holder_leave_ns")
            want.append((row["cause"] if held else "had access last before", int(row["holder_cpu"]) + 1))
        self.assertEqual([(e["name"], e["tid"]) for e in instants], want)

    OTHERS = ("gap_cpu", "gap_start_ns", "gap_end_ns", "holder_since_ns", "holder_enter_ns", "holder_leave_ns", "dpc_start_ns", "dpc_end_ns")

    def edited(self, edit, columns=None):
        """A copy of the run in which events.csv has the rows that are left of what edit() made of each."""
        directory = self.copy()
        rows = rows_of(directory, "events.csv")
        keep = [row for number, row in enumerate(rows) if (row["cell_id"], row["invocation"]) in self.ok and edit(number, row)]
        with open(os.path.join(directory, "events.csv"), "w", newline="") as file:
            writer = csv.DictWriter(file, columns or rows[0].keys(), lineterminator="\n", extrasaction="ignore")
            writer.writeheader()
            writer.writerows(keep)
        return directory, keep

    def traced(self, directory, *arguments):
        if os.path.exists(self.out):
            os.unlink(self.out)
        self.export("trace-events", *arguments, "-o", self.out, directory=directory)
        with open(self.out) as file:
            trace = json.load(file)
        check_trace(self, trace)
        return trace["traceEvents"]

    # Stamps at 1000, 2000, 3000 and 4000; gap_cpu to dpc_end_ns; and on how many tracks that is drawn. Holder: CPU 1, cause: delivery.
    CROSSINGS = [
        (("1", 1200, 2500, 500, 900, 1800, 4500, 4700), 3),        # gap and section of CPU 1 cross
        (("1", 1200, 1700, 1100, 1200, 1700, 4500, 4700), 2),      # gap and section are the same
        (("0", 1500, 2500, 500, 900, 1800, 500, 4700), 3),         # the gap crosses stages, the DPC has all in it
        (("0", 1500, 2500, 1200, 1900, 2700, 1600, 4700), 4),      # gap, and DPC, cross each other and the stages
        (("0", 200, 1300, "", "", 1900, "", 2500), 3),             # all began before, two before the window
        (("", "", "", 100, 200, 900, 4000, 4100), 2),              # a holder that had left, DPCs at once
        (("", "", "", "", "", 1000, "", ""), 2),                   # just
        (("2", 1000, 4000, "", 1001, 1002, 1000, 4000), 3),        # the same as the event, and next to nothing
        (("1", 1, 1000, 7000, 8000, 9000, 9000, 9001), 2),         # nothing of the gap is left; all later
    ]

    def test_what_others_did_nests(self):
        def edit(number, row):
            if number >= len(self.CROSSINGS):
                return False
            row.update({f"stamp{i}_ns": str(1000 * (i + 1)) for i in range(4)}, t_ns="1000", cpu="0", holder_cpu="1", cause="delivery",
                       rank=str(number + 1))
            row.update(zip(self.OTHERS, map(str, self.CROSSINGS[number][0])))
            return True

        directory, rows = self.edited(edit)
        for arguments, origin in (([], 0), (["--time", "window"], 1000)):
            events = self.traced(directory, "--worst", "99", *arguments)
            for row, (_, tracks) in zip(rows, self.CROSSINGS):
                pid = next(e["pid"] for e in events if e["ph"] == "X" and e.get("args", {}).get("rank") == int(row["rank"]))
                of_it = [e for e in events if e["pid"] == pid]
                slices = [e for e in of_it if e["ph"] == "X"]
                self.check_others(slices, row, origin)
                self.check_slices(slices, row, origin)
                self.check_instants([e for e in of_it if e["ph"] == "i"], row)
                self.assertEqual(len({e["tid"] for e in of_it if e["name"] == "thread_name"}), tracks, row)

    def test_intervals_that_end_before_they_begin(self):
        for change in ({"gap_start_ns": "9", "gap_end_ns": "8"}, {"holder_enter_ns": "9", "holder_leave_ns": ""}, {"dpc_end_ns": "x"},
                       {"holder_since_ns": "-1"}):
            directory, _ = self.edited(lambda number, row: row.update(change) or True)
            self.refused("trace-events", "-o", self.out, directory=directory, says="events.csv:2: no event")
            shutil.rmtree(directory)

    def test_a_run_of_an_older_build(self):
        """Its events.csv ends with the cause: every verb reads it, and nothing is made up."""
        columns = [name for name in rows_of(self.run_dir, "events.csv")[0] if name not in self.OTHERS]
        self.assertEqual(columns[-1], "cause")
        directory, rows = self.edited(lambda number, row: True, columns)
        for name in self.OTHERS:
            for row in rows:
                del row[name]
        events = self.traced(directory)
        self.assertEqual({e["cat"] for e in events if e["ph"] == "X"}, {"event"})
        instants = [e for e in events if e["ph"] == "i"]
        self.assertEqual(len(instants), sum(bool(row["holder_cpu"]) + row["cause"].startswith("gap") for row in rows
                                            if row["rank"] and self.drawn(rows, row)))
        for verb in (["explain"], ["report", "-o", os.path.join(self.folder.name, "report.html")]):
            result = subprocess.run([STORSYNC, verb[0], directory, *verb[1:]], capture_output=True, text=True, timeout=60)
            self.assertEqual(result.returncode, 0, result.stderr)
        with open(os.path.join(directory, "events.csv")) as file:
            text = file.read()
        with open(os.path.join(directory, "events.csv"), "w") as file:
            file.write(text.replace(",cause\n", "\n", 1))
        os.unlink(self.out)
        os.unlink(os.path.join(self.folder.name, "report.html"))
        self.refused("trace-events", "-o", self.out, directory=directory, says="events.csv:1: not the columns of this version")

    def drawn(self, rows, row):
        """Whether it is among the 8 worst of its back end and metric."""
        last = 2 if row["metric"] == "isr_latency" else 1
        took = lambda r: int(r[f"stamp{last}_ns"]) - int(r["stamp0_ns"])
        backend = lambda r: self.ok[r["cell_id"], r["invocation"]]["backend"]
        of_it = sorted((r for r in rows if r["metric"] == row["metric"] and backend(r) == backend(row)), key=took, reverse=True)
        return any(r is row for r in of_it[:8])

    def test_every_cause(self):
        causes = ["gap on CPU 1", "lock held by CPU 1", "masked", "undecided", "delivery"]

        def edit(_, row):
            if row["metric"] != "sync_wait" or not left:
                return False
            row["cause"] = left.pop(0)
            row["cpu"] = "0"
            row["holder_cpu"] = "1" if "lock" in row["cause"] else "" if row["cause"] == "delivery" else "0"
            row.update(dict.fromkeys(self.OTHERS, ""))
            return True

        left = list(causes)
        directory, keep = self.edited(edit)
        self.assertEqual([row["cause"] for row in keep], causes)
        events = self.traced(directory)
        for row in keep:
            pid = next(e["pid"] for e in events if e["ph"] == "X" and e.get("args", {}).get("cause") == row["cause"])
            self.check_instants([e for e in events if e["pid"] == pid and e["ph"] == "i"], row)


class Gnuplot(Case):
    def test_script_runs(self):
        self.export("gnuplot", "--metric", "isr_latency,sync_hold", "-o", self.out)
        self.assertEqual(sorted(os.listdir(self.out)), ["figures.dat", "percentiles.isr_latency.dat", "percentiles.sync_hold.dat", "plot.gp"])
        if not shutil.which("gnuplot"):
            self.skipTest("gnuplot is not installed: apt-get install gnuplot-nox")
        result = subprocess.run(["gnuplot", "plot.gp"], cwd=self.out, capture_output=True, text=True, timeout=60)
        self.assertEqual((result.returncode, result.stderr), (0, ""))
        images = glob.glob(os.path.join(self.out, "*.svg"))
        self.assertIn(os.path.join(self.out, "percentiles.isr_latency.svg"), images)
        self.assertIn(os.path.join(self.out, "isr_latency_p50.svg"), images)
        for image in images:
            with open(image) as file:
                text = file.read()
            self.assertTrue(text.rstrip().endswith("</svg>"), image)
            curves = [backend for backend in ("spinlock", "ticket") if f">{backend}<" in text]
            # A short window may hold too few samples of one for a far percentile.
            self.assertTrue(curves, image)
            if "p9" not in os.path.basename(image):
                self.assertEqual(curves, ["spinlock", "ticket"], image)

    def test_what_has_no_value_is_named(self):
        run = self.copy()
        cells = {row["cell_id"] for row in rows_of(run, "summary.csv") if row["backend"] == "ticket"}
        for name, column in (("summary.csv", "iops"), ("latency.csv", "value_ns")):
            rows = rows_of(run, name)
            with open(os.path.join(run, name), "w", newline="") as file:
                writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
                writer.writeheader()
                writer.writerows({**row, column: ""} if row["cell_id"] in cells else row for row in rows)
        stderr = self.export("gnuplot", "-o", self.out, directory=run).stderr
        with open(os.path.join(self.out, "plot.gp")) as file:
            comments = [line for line in file if line.startswith("# ")]
        for what in ("iops", "isr_latency"):
            self.assertIn(f'# {what}: left out, without a value: "ticket"\n', comments)
            self.assertIn(f"storsync export: plot.gp: {what} leaves out 1 curve without a value; a comment in plot.gp names it\n", stderr)
        self.assertFalse([line for line in comments if line.startswith("# isr_latency_p50")])

    def test_data(self):
        self.export("gnuplot", "-o", self.out)
        for backend, block in zip(("spinlock", "ticket"), self.blocks("percentiles.isr_latency.dat")):
            self.assertEqual(block[0], f'"{backend}"')
            values = collections.defaultdict(list)
            for row in rows_of(self.run_dir, "latency.csv"):
                of = self.ok.get((row["cell_id"], row["invocation"]))
                if of and of["backend"] == backend and row["metric"] == "isr_latency" and row["samples"] == "all" and row["value_ns"]:
                    values[float(row["percentile"])].append(int(row["value_ns"]))
            got = {float(line.split()[0]): [float(field) for field in line.split()[2:]] for line in block[1:]}
            self.assertEqual(got, {p: [statistics.median(v), min(v), max(v), len(v)] for p, v in values.items()})
        for backend, block in zip(("spinlock", "ticket"), self.blocks("figures.dat")):
            values = [int(row["isr_latency_p50_ns"]) for row in self.ok.values() if row["backend"] == backend]
            self.assertEqual(block[0], f'"{backend}"')
            self.assertEqual([float(field) for field in block[1].split()[:4]], [1, statistics.median(values), min(values), max(values)])

    def blocks(self, name):
        with open(os.path.join(self.out, name)) as file:
            text = "".join(line for line in file if not line.startswith("#"))
        found = [block.strip("\n").split("\n") for block in text.split("\n\n\n")]
        self.assertEqual(len(found), 2)
        return found


class Mistakes(Case):
    def test_command_line(self):
        self.refused("pdf", says="there is no format 'pdf'; use hgrm, google-benchmark, trace-events or gnuplot")
        self.refused("hgrm", "--metric", "latency", "-o", self.out, says="there is no metric 'latency'")
        self.refused("google-benchmark", "--metric", "iops", "-o", self.out, says="'iops' is no time")
        self.refused("trace-events", "--metric", "response", "-o", self.out, says="not of 'response'")
        self.refused("hgrm", "--filter", "color=red", "-o", self.out, says="--filter: 'color' is no key of a run")
        self.refused("hgrm", "--unit", "s", "-o", self.out, says="--unit: 's' is none of ns, us and ms")
        self.refused("hgrm", "--per", "cpu", "-o", self.out, says="--per: 'cpu' is neither")
        self.refused("trace-events", "--worst", "0", "-o", self.out, says="--worst: '0'")
        self.refused("trace-events", "--time", "x", "-o", self.out, says="--time: 'x' is neither")
        self.refused("gnuplot", "--worst", "2", "-o", self.out, says="--worst is of the format trace-events, not of gnuplot")
        self.refused("hgrm", says="more than one file to write; give a folder with -o")
        self.refused("gnuplot", says="more than one file to write; give a folder with -o")

    def test_nothing_to_export(self):
        self.refused("hgrm", "--filter", "backend=mcs", "-o", self.out, says="no cell is left by --filter", status=3)
        self.refused("hgrm", "--metric", "bystander_high", "-o", self.out, says="has nothing of that metric", status=3)
        self.refused("hgrm", "-o", self.out, says="run.json", directory=self.folder.name)

    def test_nothing_is_overwritten(self):
        os.mkdir(self.out)
        self.before = ["out"]
        with open(os.path.join(self.out, "mine"), "w") as file:
            file.write("mine")
        self.refused("hgrm", "-o", self.out, says="out: exists; choose another name")
        self.refused("gnuplot", "-o", self.out, says="out: exists; choose another name")
        self.refused("google-benchmark", "-o", os.path.join(self.out, "mine"), says="mine: exists; choose another name")
        self.refused("google-benchmark", "-o", os.path.join(self.out, "new/"), says="new/': the name of a file, not of a folder")
        self.refused("hgrm", "-o", os.path.join(self.out, "none", "new"), says="nothing can be written in")
        self.assertEqual(os.listdir(self.out), ["mine"])
        os.unlink(os.path.join(self.out, "mine"))
        # An empty one is nobody's.
        self.export("hgrm", "-o", self.out)
        self.assertEqual(len(os.listdir(self.out)), 2)

    def spoil(self, directory, name, change):
        path = os.path.join(directory, name)
        with open(path) as file:
            lines = file.read().splitlines(keepends=True)
        with open(path, "w") as file:
            file.write("".join(change(lines)))

    def test_bad_files(self):
        """Whatever is read, and wherever it is bad: nothing is left, and the place is named."""
        cases = [
            (["hgrm"], "histogram.csv", lambda l: l[:-1] + [l[-1][:-4]], "histogram.csv:"),
            (["hgrm"], "histogram.csv", lambda l: ["x" + l[0]] + l[1:], "histogram.csv:1: not the columns"),
            (["hgrm"], "histogram.csv", lambda l: [l[0], l[1].replace("isr_latency", "isr_latancy")] + l[2:], "histogram.csv:2: there is no metric"),
            (["hgrm"], "histogram.csv", lambda l: l[:2] + [re.sub(r",\d+,\d+,(\d+,\d+)$", r",300,302,\1", l[1])] + l[2:], "histogram.csv:3: 300 to 302"),
            (["hgrm"], "histogram.csv", lambda l: l[:2] + [l[2].replace(",", ",,", 1)] + l[3:], "histogram.csv:3: 10 fields, the header has 9"),
            (["hgrm"], "histogram.csv", lambda l: [], "histogram.csv: empty"),
            (["trace-events"], "events.csv", lambda l:
             [l[0], re.sub(r"(,isr_latency,\d+,)\d+", r"\g<1>99999999999", l[1])] + l[2:], "events.csv:2: no event"),
            (["gnuplot"], "latency.csv", lambda l: [l[0], l[1].replace(",isr_latency,", ",isr_latency,x")] + l[2:], "latency.csv:2: no percentile"),
        ]
        for number, (arguments, name, change, says) in enumerate(cases):
            directory = self.copy(f"bad{number}")
            self.spoil(directory, name, change)
            with self.subTest(name=name, says=says):
                self.refused(*arguments, "-o", self.out, says=says, directory=directory)

    def test_missing_file(self):
        directory = self.copy()
        os.unlink(os.path.join(directory, "histogram.csv"))
        self.refused("hgrm", "-o", self.out, says="histogram.csv: No such file", directory=directory)

    def test_full_disk(self):
        with open("/dev/full", "w") as full:
            for arguments in (["google-benchmark"], ["trace-events"], ["hgrm", "--filter", "backend=ticket"]):
                result = subprocess.run([STORSYNC, "export", arguments[0], self.run_dir, *arguments[1:]], stdout=full, stderr=subprocess.PIPE,
                                        text=True, timeout=60)
                self.assertEqual(result.returncode, 2)
                self.assertIn("standard output: No space left on device", result.stderr)

    def test_interrupted(self):
        """In the middle of reading: dies of the signal, and nothing is left."""
        directory = self.copy()
        self.spoil(directory, "histogram.csv", lambda l: l[:1] + l[1:] * (1 + 500000 // len(l)))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            for _ in range(20):
                process = subprocess.Popen([STORSYNC, "export", "hgrm", directory, "-o", self.out], stderr=subprocess.DEVNULL)
                while not os.listdir(self.folder.name) and process.poll() is None:
                    pass
                process.send_signal(number)
                if process.wait(timeout=60) != 0:
                    break
                shutil.rmtree(self.out)  # The signal came too late.
            self.assertEqual(process.returncode, -number)
            self.assertEqual(os.listdir(self.folder.name), [])

    def test_list(self):
        result = subprocess.run([STORSYNC, "export", "--list"], capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 0)
        for name in ("hgrm", "google-benchmark", "trace-events", "gnuplot"):
            self.assertIn(f"\n  {name} ", "\n" + result.stdout)
        described = subprocess.run([STORSYNC, "export", "--help"], capture_output=True, text=True, timeout=60)
        self.assertIn(result.stdout, described.stdout)


if __name__ == "__main__":
    unittest.main()
