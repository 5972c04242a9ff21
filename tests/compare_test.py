#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`storsync compare` as a user meets it: formats agree number by number, exit codes, warnings, input that is no good.

Usage: compare_test.py STORSYNC [unittest options]
"""
import csv
import io
import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
import unittest
import xml.etree.ElementTree

sys.dont_write_bytecode = True
import command
from command import STORSYNC, rows_of, storsync

RUN = ["--backends", "spinlock,ticket,mcs,irqmask-local,mutex-none", "--cpus", "1", "--routing", "same", "--section", "0,1us", "--duration", "10ms",
       "--warmup", "1ms", "--invocations", "6", "--seed", "3"]
FIGURES = ["isr_latency_p50", "isr_latency_p99", "sync_wait_p99", "iops"]
COLUMNS = {"isr_latency_p50": "isr_latency_p50_ns", "isr_latency_p99": "isr_latency_p99_ns", "sync_wait_p99": "sync_wait_p99_ns", "iops": "iops"}
# What is planted: a factor for each back end, on a value that differs by block.
FACTOR = {"spinlock": 1, "ticket": 2, "mcs": 1.0005, "irqmask-local": 0.5}


def setUpModule():
    """One run, whose figures are then replaced: every test knows what there is to be found."""
    global folder, template
    folder = tempfile.TemporaryDirectory()
    template = os.path.join(folder.name, "template")
    subprocess.run([STORSYNC, "run", *RUN, "-o", template], check=False, capture_output=True, timeout=120)
    plant(template)


def tearDownModule():
    folder.cleanup()


def write_rows(run, rows, names=None):
    with open(os.path.join(run, "summary.csv"), "w", newline="") as file:
        writer = csv.DictWriter(file, names or list(rows[0]), lineterminator="\n", extrasaction="ignore")
        writer.writeheader()
        writer.writerows(rows)


def plant(run, scale=1.0):
    rows = rows_of(run)
    for row in rows:
        if row["status"] == "skipped":
            continue
        factor = FACTOR[row["backend"]] * scale
        block = int(row["block"])
        # The window is what it was asked to be, whatever the machine did.
        row.update(status="ok", status_reason="", gate="pass", gate_codes="", duration_s="0.02", placement="compact", clock="tsc")
        for i, name in enumerate(FIGURES):
            # As large as a run's, with a little that no block shares.
            value = 10000 * (i + 1) * (1 + 0.001 * block) * factor * (1 + 0.0001 * ((7 * block + 3 * len(row["backend"])) % 5))
            row[COLUMNS[name]] = str(round(1e9 / value)) if name == "iops" else str(round(value))
    write_rows(run, rows)


def number(text):
    """A cell of a format for machines: None where it is empty."""
    return None if text in ("", None) else float(text)


class Case(command.Case):
    SPEAKER = "storsync compare"
    maxDiff = None

    def ask(self, *arguments, environment=None):
        return storsync("compare", *arguments, cwd=self.folder.name, env={**os.environ, **(environment or {})})

    def copy(self, name="run", change=None, scale=None):
        """A run of its own, with each row changed."""
        run = os.path.join(self.folder.name, name)
        shutil.copytree(template, run)
        if scale:
            plant(run, scale)
        if change:
            rows = rows_of(run)
            for i, row in enumerate(rows):
                change(i, row)
            write_rows(run, rows)
        return run

    def compare(self, *arguments, status=0, warns=None):
        result = self.ask(*arguments)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        if warns:
            self.assertIn(warns, result.stderr)
        else:
            self.assertEqual(result.stderr, "")
        return result.stdout

    def rows(self, *arguments, **options):
        return list(csv.DictReader(io.StringIO(self.compare(*arguments, "--format", "csv", **options))))

class Findings(Case):
    def test_what_was_planted_is_found(self):
        rows = self.rows(template)
        self.assertEqual(len(rows), 4 * 3 * 2)
        self.assertEqual([row["metric"] for row in rows], [name for name in FIGURES for _ in range(6)])
        for row in rows:
            ratio = FACTOR[row["candidate"]] if row["metric"] != "iops" else 1 / FACTOR[row["candidate"]]
            self.assertEqual(row["baseline"], "spinlock")
            self.assertAlmostEqual(float(row["ratio"]) / ratio, 1, delta=0.001)
            self.assertEqual(row["verdict"], {"ticket": "worse", "mcs": "equivalent", "irqmask-local": "better"}[row["candidate"]])
            self.assertEqual(row["better"], "more" if row["metric"] == "iops" else "less")
            self.assertEqual(row["n_base"], "6")
            self.assertEqual(row["why"], "")

    def test_the_test_follows_from_the_design(self):
        # Six comparisons of six pairs: 6 * 2 / 2^6 is more than 5%, but one is not.
        self.assertEqual({row["test"] for row in self.rows(template)}, {"unpaired"})
        few = self.rows(template, "--candidate", "ticket", "--filter", "section=0", "--metric", "iops")
        self.assertEqual([(row["test"], row["pairs"]) for row in few], [("paired", "6")])
        self.assertEqual({row["test"] for row in self.rows(template, "--test", "paired", warns="of 6 comparisons with 6 pairs")}, {"paired"})
        text = self.compare(template)
        self.assertIn("pairs of one block are too few", text)
        self.assertIn("6 pairs", self.compare(template, "--candidate", "mcs", "--filter", "section=0"))

    def test_equivalent_is_no_wider_than_asked(self):
        """On a machine of much noise what lies within it is not called equivalent."""
        run = self.copy(change=lambda i, row: row.update(iops=str(100000 + 7000 * (int(row["block"] or 0) * (3 if row["backend"] == "mcs" else 1) % 7)))
                        if row["status"] == "ok" else None)
        few = ["--metric", "iops", "--candidate", "mcs", "--filter", "section=0", "--test", "unpaired", "--floor", "60%"]
        [row] = self.rows(run, *few)
        self.assertEqual((row["verdict"], row["margin"]), ("undecided", "0.1"))
        self.assertRegex(row["why"], r"^the noise floor of \d+\.\d% is wider than 10%$")
        text = " ".join(self.compare(run, *few).split())
        self.assertIn("undecided: floor over 10%", text)
        self.assertIn("1 would lie within the floor, but that is wider", text)
        self.assertIn(f"~{row['more']} more", text)
        # So many more that no run has them: the number is for programs.
        narrow = [*few, "--equivalent-within", "5%"]
        self.assertGreater(int(self.rows(run, *narrow)[0]["more"]), 44)
        self.assertIn("not within 50 invocations", self.compare(run, *narrow))
        [row] = self.rows(run, *few, "--equivalent-within", "100%")
        self.assertEqual((row["verdict"], row["why"], row["margin"]), ("equivalent", "", row["noise_floor"]))

    def test_two_runs(self):
        old, new = self.copy("old"), self.copy("new", scale=1.5)
        rows = self.rows(old, new)
        self.assertEqual(len(rows), 4 * 4 * 2)
        for row in rows:
            self.assertEqual((row["baseline"], row["candidate"], row["test"]), ("old", "new", "unpaired"))
            self.assertEqual(row["verdict"], "worse")
            self.assertIn(row["backend"], FACTOR)
        self.assertEqual({row["verdict"] for row in self.rows(old, old)}, {"equivalent"})
        text = self.compare(old, new)
        self.assertIn(old, text)
        self.assertIn(new, text)
        self.assertIn("different times", text)

    @staticmethod
    def place(backend, ns):
        """Says of a back end's rows that the CPUs were so far apart."""
        def change(i, row):
            if row["status"] == "ok" and row["backend"] == backend:
                row.update(core_to_core_before_ns=str(ns), core_to_core_after_ns=str(ns + int(row["block"])))
        return change

    def flipped(self, scale=1.5):
        return self.copy("old", change=self.place("ticket", 50)), self.copy("new", scale=scale, change=self.place("ticket", 200))

    DIFFERS = "core-to-core 204 ns (201..206) against 53.5 ns (51..56)"

    def test_a_machine_that_differed(self):
        old, new = self.flipped()
        warns = f"the machine differed between the sides of 8 of 32 comparisons, at most: {self.DIFFERS}; they are left undecided"
        for row in self.rows(old, new, warns=warns):
            if row["backend"] == "ticket":
                self.assertEqual((row["verdict"], row["more"], row["machine_differs"]), ("undecided", "", self.DIFFERS))
                self.assertEqual(row["why"], "the machine differed: " + self.DIFFERS)
            else:
                self.assertEqual((row["verdict"], row["machine_differs"], row["why"]), ("worse", "", ""))

    def test_a_machine_that_differed_in_all_formats(self):
        old, new = self.flipped()
        for form in ("text", "md"):
            output = self.compare(old, new, "--format", form, warns="the machine differed").replace("\\", "")
            self.assertEqual(output.count("undecided: the machine differed, core-to-core 204 ns against 53.5"), 8)
            self.assertIn(self.DIFFERS, " ".join(output.split()))
            self.assertIn("differed between the sides of 8 of 32 comparisons; they are undecided", " ".join(output.split()))
        found = json.loads(self.compare(old, new, "--format", "json", warns="the machine differed"))
        self.assertIn(self.DIFFERS, found["storsync_compare"]["warnings"][0])
        for one in found["comparisons"]:
            self.assertEqual(one["machine_witnessed"], one["keys"]["backend"] == "ticket" or bool(self.model(old)))
            if one["keys"]["backend"] == "ticket":
                self.assertEqual(one["machine_differs"]["text"], self.DIFFERS)
                self.assertEqual((one["machine_differs"]["cand"], one["machine_differs"]["base"]), ([201, 203.5, 206], [51, 53.5, 56]))
                self.assertLess(one["machine_differs"]["p"], 0.01)
            else:
                self.assertIsNone(one["machine_differs"])
        root = xml.etree.ElementTree.fromstring(self.compare(old, new, "--format", "junit", warns="the machine differed"))
        skipped = root.findall(".//skipped")
        self.assertEqual(len(skipped), 8)
        for element in skipped:
            self.assertIn("; the machine differed: " + self.DIFFERS, element.get("message"))

    @staticmethod
    def model(run):
        return [row for row in rows_of(run) if row["device_model_p50_ns"]]

    def test_a_machine_that_is_ignored(self):
        old, new = self.flipped()
        only = ["--filter", "backend=ticket", "--fail-on", "regress"]
        warns = "judged nevertheless (--ignore-machine)"
        self.compare(old, new, *only, warns="the machine differed")
        rows = self.rows(old, new, *only, "--ignore-machine", warns=warns, status=1)
        self.assertEqual({(row["verdict"], row["machine_differs"], row["why"]) for row in rows}, {("worse", self.DIFFERS, "")})
        text = self.compare(old, new, *only, "--ignore-machine", warns=warns, status=1)
        self.assertEqual(text.count("worse: the machine differed (ignored), core-to-core 204 ns against 53.5"), 8)
        self.assertIn("judged nevertheless (--ignore-machine)", " ".join(text.split()))
        root = xml.etree.ElementTree.fromstring(self.compare(old, new, *only, "--ignore-machine", "--format", "junit", warns=warns, status=1))
        self.assertIn("although the machine differed: " + self.DIFFERS, root.find(".//failure").get("message"))

    def test_a_machine_that_differed_within_a_run(self):
        def change(i, row):
            self.place("ticket", 200)(i, row)
            self.place("spinlock", 50)(i, row)
            self.place("mcs", 51)(i, row)

        rows = self.rows(self.copy(change=change), warns="the machine differed between the sides of 8 of 24 comparisons")
        for row in rows:
            self.assertEqual(row["verdict"], {"ticket": "undecided", "mcs": "equivalent", "irqmask-local": "better"}[row["candidate"]])

    def test_filters_and_candidates(self):
        rows = self.rows(template, "--filter", "section=1us", "--filter", "backend!=m*", "--metric", "iops")
        self.assertEqual([(row["candidate"], row["section_ns"]) for row in rows], [("ticket", "1000"), ("irqmask-local", "1000")])
        rows = self.rows(template, "--baseline", "ticket", "--candidate", "mcs,spinlock", "--metric", "iops", "--filter", "section_ns=0")
        self.assertEqual([row["candidate"] for row in rows], ["spinlock", "mcs"])

    def test_projections(self):
        rows = self.rows(template, "--col", "section_ns", "--metric", "iops")
        self.assertEqual({(row["baseline"], row["candidate"]) for row in rows}, {("0", "1000")})
        self.assertEqual(len(rows), 4)
        rows = self.rows(template, "--ignore", "section", "--metric", "iops")
        self.assertEqual([row["n_base"] for row in rows], ["12"] * 3)
        rows = self.rows(template, "--row", "cpus", "--metric", "iops", warns="section_ns differs in rows that are taken together: 0, 1000;")
        self.assertEqual([row["n_base"] for row in rows], ["12"] * 3)
        text = self.compare(template, "--table", "metric,section_ns", "--metric", "iops")
        self.assertEqual(len(re.findall(r"^iops: I/Os a second.*; section_ns", text, re.M)), 2)

    def test_gates_and_failures_are_said(self):
        def change(i, row):
            if row["backend"] == "ticket" and row["block"] == "2":
                row["gate_codes"] = "gaps cpu-lost"
            if row["backend"] == "mcs" and row["block"] == "3":
                row["status"] = "failed"

        run = self.copy(change=change)
        rows = {row["candidate"]: row for row in self.rows(run, "--metric", "iops", "--filter", "section_ns=0")}
        self.assertEqual((rows["ticket"]["gated"], rows["ticket"]["n_cand"]), ("1", "6"))
        self.assertEqual((rows["mcs"]["not_ok_cand"], rows["mcs"]["n_cand"]), ("1", "5"))
        text = " ".join(self.compare(run).split())
        self.assertIn("2 of 46 invocations carry one", text)
        self.assertIn("gaps 2, cpu-lost 2", text)
        self.assertIn("2 that did not", text)
        self.assertIn("; 1 not ok", text)
        dropped = {row["candidate"]: row for row in self.rows(run, "--gated", "drop", "--metric", "iops", "--filter", "section_ns=0")}
        self.assertEqual((dropped["ticket"]["gated"], dropped["ticket"]["n_cand"]), ("0", "5"))

    def test_refused_cells_are_no_fault(self):
        # It needs interrupts that are threads.
        text = " ".join(self.compare(template).split())
        self.assertIn("2 cells that their back end refuses (no fault of the data; everywhere: mutex-none)", text)


class Formats(Case):
    NUMBERS = ["n_base", "n_cand", "base_median", "cand_median", "ratio", "ci_lo", "ci_hi", "p_value", "p_adj", "noise_floor", "confidence",
               "more", "gated", "not_ok_base", "not_ok_cand", "pairs", "margin"]
    TEXTS = ["metric", "unit", "better", "baseline", "candidate", "verdict", "test", "why", "test_why", "p_method"]

    def outputs(self, *arguments):
        def change(i, row):
            # Something of every kind: what has no ratio, what is undecided, what has no value.
            if row["backend"] == "mcs" and row["section_ns"] == "0":
                row["sync_wait_p99_ns"] = "0"
            if row["backend"] == "ticket" and row["section_ns"] == "1000":
                row["isr_latency_p99_ns"] = str(int(row["isr_latency_p99_ns"]) // (1 + int(row["block"]) % 4))
            if row["backend"] == "irqmask-local":
                row["iops"] = ""

        run = self.copy(change=change)
        return {form: self.compare(run, "--format", form, *arguments) for form in ("csv", "json", "junit", "md", "text")}

    def test_they_agree_number_by_number(self):
        output = self.outputs()
        rows = list(csv.DictReader(io.StringIO(output["csv"])))
        found = json.loads(output["json"])
        self.assertEqual(len(rows), 24)
        self.assertEqual(len(found["comparisons"]), len(rows))
        for row, one in zip(rows, found["comparisons"]):
            for name in self.NUMBERS:
                self.assertEqual(number(row[name]), None if one[name] is None else float(one[name]), name)
            for name in self.TEXTS:
                self.assertEqual(row[name], one[name] or "", name)
            for name, text in one["keys"].items():
                self.assertTrue(row[name] == text or float(row[name]) == float(text))
        self.assertEqual({row["verdict"] for row in rows} & {"not comparable", "undecided", "better", "worse", "equivalent"},
                         {row["verdict"] for row in rows})
        for verdict, count in found["storsync_compare"]["verdicts"].items():
            self.assertEqual(count, sum(row["verdict"] == verdict for row in rows))
        self.check_table(rows, output["text"], lambda line: re.split(r"\s{2,}", line.strip()), "    ")
        self.check_table(rows, output["md"].replace("\\", ""), lambda line: [cell.strip() for cell in line.strip("| ").split("|")], "| ")

    def check_table(self, rows, text, split, indent):
        lines = [split(line) for line in text.split("\n") if re.match(re.escape(indent) + r"(ticket|mcs|irqmask-local)\b", line)]
        self.assertEqual(len(lines), len(rows))
        for row, line in zip(rows, lines):
            candidate, n, median, ratio, interval, p, floor, verdict = line
            self.assertEqual(candidate, row["candidate"])
            self.assertEqual(n, row["n_cand"])
            self.assertTrue(verdict.startswith(row["verdict"]), line)
            if row["verdict"] == "not comparable":
                self.assertEqual((ratio, interval, p, floor), ("-",) * 4)
                self.assertIn(row["why"], verdict)
                continue
            scale = 1e-3 if row["unit"] == "1/s" else 1
            self.assertAlmostEqual(float(median) / (float(row["cand_median"]) * scale), 1, delta=0.006)
            self.assertAlmostEqual(float(ratio), float(row["ratio"]), delta=0.00051)
            low, high = interval.split(" to ")
            self.assertAlmostEqual(float(low), float(row["ci_lo"]), delta=0.00051)
            self.assertAlmostEqual(float(high), float(row["ci_hi"]), delta=0.00051)
            self.assertAlmostEqual(float(p), float(row["p_adj"]), delta=0.000051)
            self.assertAlmostEqual(float(floor.strip("%")), 100 * float(row["noise_floor"]), delta=0.051)
            self.assertEqual(row["more"], (re.findall(r"~(\d+) more", verdict) or [""])[0] if int(row["more"] or 0) + 6 <= 50 else row["more"])

    def test_junit_has_every_comparison(self):
        for fail_on in ("regress", "undecided"):
            arguments = ["--fail-on", fail_on]
            run = self.copy(fail_on, change=lambda i, row: row.update(iops="1") if row["backend"] == "mcs" and int(row["block"]) % 2 else None)
            rows = self.rows(run, *arguments, status=1)
            root = xml.etree.ElementTree.fromstring(self.compare(run, "--format", "junit", *arguments, status=1))
            self.assertEqual(root.tag, "testsuites")
            self.assertEqual([suite.get("name") for suite in root], FIGURES)
            cases = [case for suite in root for case in suite]
            self.assertEqual(len(cases), len(rows))
            for suite in root:
                self.assertEqual({"name", "tests", "failures", "errors", "skipped", "time"}, set(suite.keys()))
                self.assertEqual(int(suite.get("tests")), len(suite))
                for count, element in (("failures", "failure"), ("skipped", "skipped")):
                    self.assertEqual(int(suite.get(count)), len(suite.findall("testcase/" + element)))
            self.assertEqual(int(root.get("failures")), len(root.findall(".//failure")))
            self.assertEqual(len({(case.get("classname"), case.get("name")) for case in cases}), len(cases))
            for row, case in zip(rows, cases):
                self.assertEqual(case.get("classname"), "storsync." + row["metric"])
                self.assertTrue(case.get("name").startswith(row["candidate"] + " "))
                untold = row["verdict"] in ("undecided", "not comparable")
                expected = "failure" if row["verdict"] == "worse" or untold and fail_on == "undecided" else "skipped" if untold else "system-out"
                self.assertEqual([child.tag for child in case], [expected])
                said = case[0].get("message") or case[0].text
                self.assertTrue(said.startswith(row["verdict"]))
                self.assertAlmostEqual(float(re.search(r"ratio (\S+),", said).group(1)), float(row["ratio"]), delta=1e-8 * float(row["ratio"]))
                self.assertAlmostEqual(float(re.search(r"p_adj (\S+),", said).group(1)), float(row["p_adj"]), delta=1e-8)

    def test_names_are_only_text(self):
        def change(i, row):
            row["workload"] = '<a&b>|"c"' if row["section_ns"] == "0" else "plain"

        run = self.copy(change=change)
        root = xml.etree.ElementTree.fromstring(self.compare(run, "--format", "junit"))
        self.assertIn('workload=<a&b>|"c"', root[0][0].get("name"))
        self.assertEqual({row["workload"] for row in self.rows(run)}, {'<a&b>|"c"', "plain"})
        json.loads(self.compare(run, "--format", "json"))

    def test_text_fits_and_has_no_colour_in_a_pipe(self):
        text = self.compare(template)
        self.assertNotIn("\033", text)
        self.assertLess(max(map(len, text.split("\n"))), 151)
        self.assertIn("isr_latency_p50: 2 better, 2 worse, 2 equivalent of 6", text)

    def test_a_file_is_written_once(self):
        out = os.path.join(self.folder.name, "compare.json")
        self.assertEqual(self.compare(template, "--format", "json", "-o", out), "")
        with open(out) as file:
            self.assertEqual(json.load(file), json.loads(self.compare(template, "--format", "json")))
        self.refuse(template, "-o", out, says="exists; choose another name")
        self.refuse(template, "-o", os.path.join(self.folder.name, "none", "x"), says="No such file")
        self.assertEqual(os.listdir(self.folder.name), ["compare.json"])
        csv_file = os.path.join(self.folder.name, "compare.csv")
        self.compare(template, "--format", "csv", "-o", csv_file)
        with open(csv_file) as file:
            self.assertEqual(file.read(), self.compare(template, "--format", "csv"))

    def test_a_full_disk_is_noticed(self):
        for form in ("text", "csv", "json", "junit", "md"):
            with open("/dev/full", "w") as full:
                result = subprocess.run([STORSYNC, "compare", template, "--format", form], stdout=full, stderr=subprocess.PIPE, timeout=60)
            self.assertEqual(result.returncode, 2, form)
            self.assertIn(b"cannot write", result.stderr)


class ExitCodes(Case):
    def test_fail_on(self):
        only_better = ["--candidate", "irqmask-local", "--metric", "isr_latency_p50"]
        self.compare(template)
        self.compare(template, "--fail-on", "regress", status=1)
        self.compare(template, *only_better, "--fail-on", "regress")
        self.compare(template, *only_better, "--fail-on", "undecided")

        def change(i, row):
            if row["backend"] == "irqmask-local":
                row["status"] = "ok" if int(row["block"]) < 3 else "failed"

        run = self.copy(change=change)
        few = {"warns": "nothing can be shown better or worse: of 2 comparisons with 6 invocations a side"}
        self.assertEqual({row["verdict"] for row in self.rows(run, *only_better, **few)}, {"undecided"})
        self.compare(run, *only_better, "--fail-on", "regress", **few)
        self.compare(run, *only_better, "--fail-on", "undecided", status=1, **few)
        self.compare(run, *only_better, "--fail-on", "undecided,regress", status=1, **few)

    def test_mistakes(self):
        for arguments, says in [
            ([], "a run is missing"),
            ([template, template, template], "one run too many"),
            ([template, "--metric", "isr_latency_max"], "choose a percentile"),
            ([template, "--metric", "latency"], "--metric help"),
            ([template, "--metric", "iops,iops_"], "iops_"),
            ([template, "--metric", "real_time"], "Google Benchmark"),
            ([template, "--baseline", "spinlok"], "spinlock, ticket, mcs, irqmask-local"),
            ([template, "--candidate", "nothing"], "nothing"),
            ([template, "--candidate", "spinlock"], "is the baseline"),
            ([template, "--col", "run"], "there is only one"),
            ([template, "--col", "back"], "backend"),
            ([template, "--row", "section_n"], "section_ns"),
            ([template, "--filter", "section"], "KEY=VALUE"),
            ([template, "--filter", "cpu=1"], "cpus"),
            ([template, "--row", "cpus", "--ignore", "cpus"], "asked for twice"),
            ([template, "--ignore", "backend"], "asked for twice"),
            ([template, "--floor", "2"], "5%"),
            ([template, "--equivalent-within", "10"], "has no %"),
            ([template, "--equivalent-within", "101%"], "--equivalent-within"),
            ([template, "--alpha", "0.7"], "0.05"),
            ([template, "--alpha", "x"], "0.05"),
            ([template, "--test", "t"], "auto, paired and unpaired"),
            ([template, "--format", "xml"], "text, md, csv, json and junit"),
            ([template, "--fail-on", "all"], "regress and undecided"),
            ([template, "--gated", "x"], "use and drop"),
            ([template, template, "--test", "paired"], "share no blocks"),
        ]:
            with self.subTest(arguments=arguments[1:]):
                self.refuse(*arguments, says=says)

    def test_metrics_are_listed(self):
        text = self.compare("--metric", "help")
        self.assertIn("isr_latency_p99_9", text)
        self.assertNotIn("isr_latency_max", text)

    def test_nothing_comparable(self):
        out = os.path.join(self.folder.name, "out.csv")
        self.refuse(template, "--filter", "cpus=7", "-o", out, says="no row passes", status=3)
        self.refuse(template, "--filter", "backend=mcs", "-o", out, says="the only back end", status=3)
        self.refuse(self.copy(change=lambda i, row: row.update(iops="")), "--metric", "iops", says="nothing comparable", status=3)


class BadInput(Case):
    def test_mixed_hosts(self):
        run = self.copy(change=lambda i, row: row.update(host_id="a" if int(row["block"] or 0) % 2 else "b"))
        self.refuse(run, says="several hosts (a, b)")
        self.compare(run, "--ignore", "host_id")
        self.compare(run, "--filter", "host_id=a", warns="nothing can be shown")
        old = self.copy("old", change=lambda i, row: row.update(host_id="a"))
        new = self.copy("new", change=lambda i, row: row.update(host_id="b"))
        self.refuse(old, new, says="--ignore host_id")
        self.compare(old, new, "--ignore", "host_id")

    def test_other_builds(self):
        old = self.copy("old", change=lambda i, row: row.update(build_id="one"))
        new = self.copy("new", change=lambda i, row: row.update(build_id="two"))
        text = self.compare(old, new)
        self.assertRegex(text, r"old,.*build one")
        self.assertRegex(text, r"new,.*build two")
        both = self.copy("both", change=lambda i, row: row.update(build_id="one" if int(row["block"] or 0) % 2 else "two"))
        self.compare(both, warns="build_id differs")

    def test_a_run_that_goes_on(self):
        run = self.copy()
        os.remove(os.path.join(run, "summary.csv"))
        journal = os.path.join(run, "journal.jsonl")
        with open(journal) as file:
            lines = file.readlines()
        with open(journal, "w") as file:
            file.writelines(lines[:-3])
        self.refuse(run, says=run, status=3)

    def test_nothing_there(self):
        self.refuse(os.path.join(self.folder.name, "none"), says="none")

    def test_missing_columns(self):
        run = self.copy()
        rows = rows_of(run)
        write_rows(run, rows, [name for name in rows[0] if name != "isr_latency_p50_ns"])
        self.refuse(run, says="summary.csv")

    def test_another_schema_version(self):
        self.refuse(self.copy(change=lambda i, row: row.update(schema_version="99")), says="99")

    def test_truncated_rows(self):
        run = self.copy()
        path = os.path.join(run, "summary.csv")
        with open(path) as file:
            text = file.read()
        with open(path, "w") as file:
            file.write(text[:-40])
        self.refuse(run, says="summary.csv")

    def test_nan(self):
        self.refuse(self.copy(change=lambda i, row: row.update(isr_latency_p50_ns="nan") if i == 3 else None), says="nan")


class GoogleBenchmark(Case):
    def write(self, name, factor):
        path = os.path.join(self.folder.name, name)
        entries = []
        for i, bench in enumerate(("push", "pop")):
            for k in range(8):
                time = 100 * (i + 1) * factor * (1 + 0.002 * ((3 * k) % 8))
                entries.append({"name": bench, "run_name": bench, "run_type": "iteration", "repetitions": 8, "repetition_index": k, "threads": 1,
                                "iterations": 1000, "real_time": time, "cpu_time": time, "time_unit": "ns"})
        with open(path, "w") as file:
            json.dump({"context": {"date": "2024-05-01T12:00:00+00:00", "host_name": "vm", "executable": "x", "num_cpus": 2}, "benchmarks": entries},
                      file)
        return path

    def test_one_file_and_two(self):
        one, two = self.write("one.json", 1), self.write("two.json", 1.5)
        rows = self.rows(one, "--baseline", "push")
        self.assertEqual([(row["metric"], row["baseline"], row["candidate"]) for row in rows],
                         [("real_time", "push", "pop"), ("cpu_time", "push", "pop")])
        self.assertAlmostEqual(float(rows[0]["ratio"]), 2, delta=0.05)
        rows = self.rows(one, two)
        self.assertEqual({row["benchmark"] for row in rows}, {"push", "pop"})
        self.assertEqual({row["verdict"] for row in rows}, {"worse"})
        self.refuse(one, template, says="no figure in common")


if __name__ == "__main__":
    unittest.main()
