#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`storsync explain` on small runs of its own: causes that were planted are named, and figures are those of the files.

Usage: explain_test.py STORSYNC [unittest options]
"""
import csv
import json
import os
import re
import shutil
import statistics
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
from command import rows_of, storsync

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
SMALL = ["--cpus", "1", "--routing", "same", "--duration", "20ms", "--warmup", "5ms", "--seed", "7"]
# What a run is made of in a file's schema, and how it is asked for.
RUNS = {
    "inject": ["--backends", "spinlock,ticket,rcu-mb", "--inject", "0,20us", "--invocations", "6"],
    "preempt": ["--backends", "spinlock", "--preempt", "0,5k/50us", "--invocations", "6"],
    "few": ["--backends", "spinlock,ticket", "--invocations", "2"],
}


def flat(text):
    """Without the line breaks that the width puts in."""
    return re.sub(r"\s+", " ", text)


class Explain(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        for name, options in RUNS.items():
            result = storsync("run", *SMALL, *options, "-o", cls.path(name))
            if result.returncode not in (0, 5):
                raise AssertionError(result.stderr)

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder.name, name)

    def cell(self, run, **keys):
        found = {row["cell_id"] for row in rows_of(self.path(run)) if all(row[key] == value for key, value in keys.items())}
        self.assertEqual(len(found), 1, keys)
        return found.pop()

    def explain(self, run, *arguments):
        result = storsync("explain", self.path(run), *arguments)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(result.stderr, "")
        return result.stdout

    def explanations(self, run, *arguments):
        return json.loads(self.explain(run, *arguments, "--format", "json"))["explanations"]

    def refuse(self, *arguments, says, status=2):
        result = storsync("explain", *arguments)
        self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        self.assertEqual(result.stdout, "")
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertRegex(result.stderr, "^storsync explain: ")
        self.assertIn(says, result.stderr)

    def needs_results(self, run):
        """On a machine that gives no time at all, rows fail: then nothing can be shown."""
        rows = rows_of(self.path(run))
        if any(row["status"] != "ok" for row in rows):
            self.skipTest("an invocation failed")

    def test_an_injected_delay_is_the_cause(self):
        self.needs_results("inject")
        cell = self.cell("inject", backend="spinlock", inject_ns="20000")
        for arguments in [[cell], [cell[:8]], [cell, "--against", "inject_ns=0"], ["--filter", "backend=spinlock", "--filter", "inject=20us"]]:
            (one,) = self.explanations("inject", *arguments)
            self.assertEqual(one["differ_in"], "inject_ns")
            why = [sentence for sentence in one["sentences"] if sentence["section"] == "why"]
            self.assertEqual(why[0]["rule"], "injected")
            self.assertRegex(why[0]["sentence"], r"holds access for (19|20|21)\.\d us more, because a delay was injected \(inject_ns 20000 against 0\)")
            self.assertIn("sync_hold", why[0]["parts"])
            self.assertIn("isr_masked", why[0]["parts"])
            rules = [sentence["rule"] for sentence in one["sentences"]]
            self.assertIn("stage.hold", rules)
            self.assertIn("stage.masked", rules)
        self.assertIn("because a delay was injected", flat(self.explain("inject", cell)))

    def test_of_a_back_end_with_a_delay_too(self):
        self.needs_results("inject")
        cell = self.cell("inject", backend="ticket", inject_ns="20000")
        one, two = self.explanations("inject", cell)
        self.assertEqual((one["differ_in"], two["differ_in"]), ("backend", "inject_ns"))
        self.assertIn("trust.injected", [sentence["rule"] for sentence in one["sentences"]])
        self.assertNotIn("injected", [sentence["rule"] for sentence in one["sentences"]])
        self.assertIn("injected", [sentence["rule"] for sentence in two["sentences"]])

    def test_the_overview_names_it(self):
        self.needs_results("inject")
        text = self.explain("inject")
        self.assertIn("because a delay was injected (inject_ns 20000 against 0)", flat(text))
        self.assertLess(text.count("\n"), 100)
        self.assertLessEqual(max(map(len, text.split("\n"))), 100)
        self.assertIn(f"storsync explain {self.path('inject')} CELL", flat(text))
        groups = json.loads(self.explain("inject", "--format", "json"))["groups"]
        self.assertEqual([len(group["cells"]) for group in groups], [2, 2, 1])
        only = self.explain("inject", "--filter", "backend=ticket,rcu-mb", "--filter", "inject_ns=0")
        self.assertNotIn("inject_ns 20000", only)

    def test_a_preempted_holder_is_the_cause(self):
        self.needs_results("preempt")
        cell = self.cell("preempt", preempt_rate_hz="5000")
        (one,) = self.explanations("preempt", cell, "--against", "preempt_rate_hz=0")
        rules = {sentence["rule"]: sentence for sentence in one["sentences"]}
        self.assertIn("preempted", rules)
        self.assertIn("sync_hold", rules["preempted"]["parts"])
        self.assertIn("preempted_ns / sync_calls", rules["preempted"]["sentence"])
        self.assertNotIn("machine.cpu-lost", rules)

    def test_figures_are_those_of_the_file(self):
        cell = self.cell("inject", backend="rcu-mb", inject_ns="0")
        rows = rows_of(self.path("inject"))
        seen = 0
        for one in self.explanations("inject", cell):
            for sentence in one["sentences"]:
                for figure in sentence["figures"]:
                    self.assertIn(figure["name"], sentence["sentence"])
                    for side in ("cell", "baseline"):
                        measured = [row for row in rows if row["cell_id"] == one[side]["cell_id"] and row["status"] == "ok"]
                        self.assertEqual(one[side]["invocations"], len(measured))
                        over = re.fullmatch(r"(\w+) / (\w+)", figure["name"])
                        if figure["name"] in rows[0]:
                            values = [float(row[figure["name"]]) for row in measured if row[figure["name"]]]
                        elif over:
                            values = [float(row[over[1]]) / float(row[over[2]]) for row in measured]
                        else:
                            continue
                        seen += 1
                        self.assertEqual(figure[side]["invocations"], len(values))
                        self.assertAlmostEqual(figure[side]["median"], statistics.median(values))
                        self.assertAlmostEqual(figure[side]["least"], min(values))
                        self.assertAlmostEqual(figure[side]["most"], max(values))
                        if all(value == int(value) for value in values) and len(values) % 2:
                            self.assertIn(f"{int(statistics.median(values))} [{int(min(values))}, {int(max(values))}]", sentence["sentence"])
        self.assertGreater(seen, 10)

    def test_events_are_those_of_the_file(self):
        cell = self.cell("inject", backend="ticket", inject_ns="0")
        ok = {row["invocation"] for row in rows_of(self.path("inject")) if row["cell_id"] == cell and row["status"] == "ok"}
        with open(os.path.join(self.path("inject"), "events.csv"), newline="") as file:
            events = [row for row in csv.DictReader(file) if row["cell_id"] == cell and row["invocation"] in ok]
        (one,) = self.explanations("inject", cell)
        text = {sentence["rule"]: sentence["sentence"] for sentence in one["sentences"]}
        for rule, metric, what in [("events.isr", "isr_latency", "interrupts"), ("events.call", "sync_wait", "calls")]:
            of_metric = [row["cause"] for row in events if row["metric"] == metric]
            if len(of_metric) < 8:
                self.assertNotIn(rule, text)
                continue
            self.assertIn(f"Of the {len(of_metric)} worst {what} of ticket, ", text[rule])
            gaps = sum(cause.startswith("gap on CPU") for cause in of_metric)
            if gaps:
                self.assertIn(f"in {gaps} a gap of a CPU was the cause", text[rule].split(";")[0])

    def test_too_few_invocations(self):
        (one,) = self.explanations("few", self.cell("few", backend="ticket"))
        rules = [sentence["rule"] for sentence in one["sentences"]]
        self.assertIn("trust.few", rules)
        self.assertFalse([sentence for sentence in one["sentences"] if sentence["section"] == "why"])
        self.assertFalse([figure for sentence in one["sentences"] for figure in sentence["figures"] if figure["shown"]])
        self.assertIn("isr_latency_mean_ns", self.explain("few", self.cell("few", backend="ticket")))

    def test_compare_does_not_contradict(self):
        """The headline is compare's of the pair: the same verdict and p, and no difference where that has none."""
        compared = storsync("compare", self.path("inject"), "--filter", "inject_ns=0", "--filter", "backend=spinlock,ticket",
                            "--metric", "isr_latency_mean", "--format", "json")
        self.assertEqual(compared.returncode, 0, compared.stderr)
        (one,) = json.loads(compared.stdout)["comparisons"]
        (told,) = self.explanations("inject", self.cell("inject", backend="ticket", inject_ns="0"))
        rules = {sentence["rule"]: sentence["sentence"] for sentence in told["sentences"]}
        self.assertIn(f"alone says {one['verdict']} of isr_latency_mean: {one['ratio']:.3f} times", rules["latency.compare"])
        self.assertEqual("latency.differs" in rules, one["verdict"] in ("better", "worse"))

    def test_compare_does_not_contradict_the_overview(self):
        compared = storsync("compare", self.path("inject"), "--filter", "inject_ns=0", "--metric", "isr_latency_mean", "--format", "json")
        verdicts = {one["candidate"]: one["verdict"] for one in json.loads(compared.stdout)["comparisons"]}
        (group,) = json.loads(self.explain("inject", "--filter", "inject_ns=0", "--format", "json"))["groups"]
        self.assertEqual({cell["name"] for cell in group["cells"]}, set(verdicts))
        for cell in group["cells"]:
            words = {"worse": "slower", "better": "faster", "equivalent": "equivalent"}
            self.assertEqual(cell["verdict"], words.get(verdicts[cell["name"]], "not decided"), cell["name"])

    def test_the_whole_run_has_its_say_in_the_overview(self):
        for group in json.loads(self.explain("inject", "--format", "json"))["groups"]:
            compared = storsync("compare", self.path("inject"), "--metric", "isr_latency_mean", "--col", group["differ_in"], "--format", "csv",
                                *([] if group["differ_in"] == "backend" else ["--baseline", "0"]))
            self.assertEqual(compared.returncode, 0, compared.stderr)
            rows = list(csv.DictReader(compared.stdout.splitlines()))
            for cell in group["cells"]:
                keys = next(row for row in rows_of(self.path("inject")) if row["cell_id"] == cell["cell_id"])
                (verdict,) = [row["verdict"] for row in rows if row["candidate"] == keys[group["differ_in"]] and
                              all(row[key] == keys[key] for key in ("backend", "inject_ns") if key != group["differ_in"])]
                self.assertEqual(cell["in_run"], verdict)

    def test_one_of_a_machine_that_differed_is_undecided(self):
        self.needs_results("inject")
        run = self.path("flipped")
        shutil.copytree(self.path("inject"), run)
        rows = rows_of(run)
        for row in rows:
            far = 50 if row["backend"] == "spinlock" else 200
            row.update(core_to_core_before_ns=str(far), core_to_core_after_ns=str(far + int(row["block"])))
        with open(os.path.join(run, "summary.csv"), "w", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        (one,) = self.explanations("flipped", self.cell("flipped", backend="ticket", inject_ns="0"))
        rules = {sentence["rule"]: sentence["sentence"] for sentence in one["sentences"]}
        self.assertIn("the machine differed between the two: core-to-core 2", rules["latency.compare"])
        self.assertIn("alone says undecided", rules["latency.compare"])
        self.assertNotIn("latency.differs", rules)

    def test_formats(self):
        cell = self.cell("inject", backend="ticket", inject_ns="0")
        text = self.explain("inject", cell)
        self.assertLessEqual(max(map(len, text.split("\n"))), 100)
        markdown = self.explain("inject", cell, "--format", "md")
        self.assertIn("\n### ISR latency\n\n- ", markdown)
        (one,) = self.explanations("inject", cell)
        for sentence in one["sentences"]:
            self.assertIn(sentence["sentence"], markdown)
            self.assertIn(sentence["sentence"], flat(text))
            self.assertTrue(sentence["sentence"].endswith("."))

    def test_baselines(self):
        spinlock = self.cell("inject", backend="spinlock", inject_ns="0")
        (one,) = self.explanations("inject", spinlock, "--baseline", "ticket")
        self.assertEqual(one["baseline"]["keys"]["backend"], "ticket")
        self.refuse(self.path("inject"), spinlock, says="is the baseline itself", status=3)
        self.refuse(self.path("inject"), "--baseline", "mcs", says="no cell has the back end 'mcs': give --baseline one of spinlock, ticket, rcu-mb")
        self.refuse(self.path("inject"), spinlock, "--against", "cpus=2", says="no measured cell differs in cpus alone and has 2", status=3)

    def test_mistakes(self):
        run = self.path("inject")
        cell = self.cell("inject", backend="ticket", inject_ns="0")
        for arguments, says in [
            ([], "a run is missing"),
            ([os.path.join(run, "nowhere")], "nowhere"),
            ([self.folder.name], self.folder.name),
            ([run, "0123"], "'0123' is no cell of"),
            ([run, "012"], "too short"),
            ([run, cell, "stray"], "stray"),
            ([run, cell, "--filter", "backend=spinlock"], "that --filter leaves"),
            ([run, "--filter", "colour=red"], "--filter: 'colour' is no key"),
            ([run, "--filter", "backend"], "--filter: 'backend' is no filter"),
            ([run, "--against", "cpus"], "--against: 'cpus' is no filter"),
            ([run, "--against", "cpus=1,2"], "'cpus=1,2' is not one value"),
            ([run, "--against", "cpus!=1"], "'cpus!=1' is not one value"),
            ([run, "--against", "run=old"], "storsync compare"),
            ([run, "--against", "cpus=1", "--against", "cpus=2"], "twice"),
            ([run, "--against", "cpus=1", "--baseline", "ticket"], "both given"),
            ([run, "--format", "xml"], "'xml' is no format: use text, md or json"),
        ]:
            with self.subTest(arguments=arguments):
                self.refuse(*arguments, says=says)
        self.refuse(run, "--filter", "backend=mcs", says="none is chosen by --filter", status=3)

    def test_damaged_runs(self):
        with tempfile.TemporaryDirectory() as folder:
            run = os.path.join(folder, "run")
            shutil.copytree(self.path("inject"), run)
            events = os.path.join(run, "events.csv")
            with open(events) as file:
                text = file.read()
            for damage, says in [(text[:-9], "events.csv:"), ("a,b\n1,2\n", "not the columns of events.csv")]:
                with open(events, "w") as file:
                    file.write(damage)
                self.refuse(run, says=says)
            os.unlink(events)
            self.assertEqual(storsync("explain", run).returncode, 0)
            os.unlink(os.path.join(run, "summary.csv"))
            self.refuse(run, says="no summary.csv there, though the run is complete")

    def test_output_that_cannot_be_written(self):
        with open("/dev/full", "w") as full:
            for form in ["text", "json"]:
                result = storsync("explain", self.path("inject"), "--format", form, stdout=full)
                self.assertEqual((result.returncode, result.stderr), (1, "storsync explain: cannot write to standard output\n"))


class Documents(unittest.TestCase):
    """docs/explaining.md has each rule of the table, with its thresholds, and each other rule by name."""

    @staticmethod
    def read(path):
        with open(os.path.join(ROOT, path), encoding="utf-8") as file:
            return file.read()

    def test_rules(self):
        rules = re.findall(r'\bRULE\("([\w.-]+)", (\w+), ([\d.]+), ([\d.]+),', self.read("bench/explain/evidence.c"))
        self.assertGreater(len(rules), 10)
        text = self.read("docs/explaining.md")
        for name, _, difference, ratio in rules:
            self.assertRegex(text, rf"\| `{re.escape(name)}` \|[^\n]*\| {re.escape(difference)}[^\n|]*\| {re.escape(ratio)} \|")
        for source in ["evidence.c", "stages.c", "trust.c"]:
            for name in re.findall(r'"((?:stage|latency|call|throughput|trust|worst|bystander|events|family)\.[\w-]+|injected|hold|unexplained|unnamed|undecided)"',
                                   self.read(f"bench/explain/{source}")):
                self.assertIn(f"`{name}`", text)

    def test_sources_of_families(self):
        sources = re.findall(r'"(impls/[\w./-]+)"', self.read("bench/explain/family.c"))
        sources = [source for source in sources if source != "impls/backends.h"]
        self.assertGreater(len(sources), 15)
        for source in sources:
            self.assertTrue(os.path.exists(os.path.join(ROOT, source)), source)


if __name__ == "__main__":
    unittest.main()
