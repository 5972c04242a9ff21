#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`storsync report`: what its page says is what the files say, and a browser has nothing to complain of.

  report_test.py STORSYNC [unittest options]             the command, and the page as a text
  report_test.py --browser STORSYNC [unittest options]   the page in Chromium; STORSYNC_AXE is axe-core's axe.min.js

Every checker is a function that returns what is wrong; the classes that end in "CanFail" give each of them a page that is wrong.
Exit status: 0 passed, 1 failed, 77 skipped, with the reason.
"""
import collections
import csv
import html
import html.parser
import io
import json
import math
import os
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
from report_pictures import CHECKS, KEYS, table_problems

DEBIANS_PYTHON = "/usr/bin/python3"
BROWSER = "--browser" in sys.argv
if BROWSER:
    sys.argv.remove("--browser")
try:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service
    from selenium.webdriver.common.keys import Keys
except ImportError:
    webdriver = None
    # Debian's Selenium is for Debian's Python, which need not be the first one on the path.
    if BROWSER and sys.executable != DEBIANS_PYTHON and os.path.exists(DEBIANS_PYTHON):
        os.execv(DEBIANS_PYTHON, [DEBIANS_PYTHON, sys.argv[0], "--browser", *sys.argv[1:]])

from command import STORSYNC, rows_of, storsync

AXE = os.environ.get("STORSYNC_AXE", "")
# Two back ends on one and two CPUs, and one that may not run on two.
MATRIX = ["--backends", "spinlock,ticket,irqmask-local", "--cpus", "1,2", "--routing", "same", "--duration", "20ms", "--warmup", "2ms",
          "--oversubscribe", "--invocations", "6", "--seed", "7"] + ([] if BROWSER else ["--inject", "0,20us"])
# What that has not: an open loop at two rates, bystanders, and windows enough to be drawn over time.
OPEN = ["--backends", "spinlock,ticket", "--cpus", "1", "--routing", "same", "--arrival", "poisson:2k,poisson:4k", "--bystander", "5k", "--duration", "500ms",
        "--warmup", "2ms", "--invocations", "2", "--seed", "7"]
ALL_FIGURES = ["iops", "isr_latency_p50", "isr_latency_p99", "isr_masked_mean", "isr_delivery_mean", "isr_acquire_mean", "isr_service_mean",
               "sync_wait_p50", "sync_wait_p99", "response_p99", "bystander_high_p99", "bystander_low_p99", "jain"]
VOID = {"meta", "link", "br", "img", "input", "hr"}
HOSTILE = "<script>alert('\"1\"')</script>&amp;<img src=x>"


# --- a page as a tree ---

class Node:
    def __init__(self, tag, attributes, parent):
        self.tag, self.attributes, self.parent, self.children = tag, attributes, parent, []

    def all(self, tag=None, name=None):
        """Elements below, in their order; of that tag, and of that class."""
        for child in self.children:
            if isinstance(child, Node):
                if (tag is None or child.tag == tag) and (name is None or name in child.attributes.get("class", "").split()):
                    yield child
                yield from child.all(tag, name)

    def text(self):
        return "".join(child if isinstance(child, str) else child.text() for child in self.children)

    def data(self):
        return [float(element.attributes["value"]) for element in self.all("data")]

    def by_id(self, name):
        return next((element for element in self.all() if element.attributes.get("id") == name), None)


class Parser(html.parser.HTMLParser):
    def __init__(self):
        super().__init__(convert_charrefs=True)
        self.root = self.at = Node("", {}, None)
        self.problems = []

    def handle_starttag(self, tag, attributes):
        node = Node(tag, {name: value or "" for name, value in attributes}, self.at)
        self.at.children.append(node)
        if tag not in VOID:
            self.at = node

    def handle_startendtag(self, tag, attributes):
        self.at.children.append(Node(tag, {name: value or "" for name, value in attributes}, self.at))

    def handle_endtag(self, tag):
        if self.at.tag != tag:
            self.problems.append(f"</{tag}> at line {self.getpos()[0]} closes <{self.at.tag}>")
        elif self.at.parent:
            self.at = self.at.parent

    def handle_data(self, text):
        self.at.children.append(text)


def parse(text):
    parser = Parser()
    parser.feed(text)
    parser.close()
    if parser.at is not parser.root:
        parser.problems.append(f"<{parser.at.tag}> is never closed")
    return parser.root, parser.problems


# --- checkers of the text ---

def structure_problems(text):
    root, problems = parse(text)
    elements = list(root.all())
    ids = collections.Counter(element.attributes["id"] for element in elements if "id" in element.attributes)
    problems += [f"id {name} is there {count} times" for name, count in ids.items() if count > 1]
    for element in elements:
        said = element.attributes
        if element.tag in ("script", "iframe", "object", "embed", "form") or any(name.startswith("on") for name in said):
            problems.append(f"<{element.tag}> with {said}: nothing may run")
        for name in ("src", "href", "xlink:href", "srcset", "data", "poster"):
            if name in said and not said[name].startswith(("#", "data:,")):
                problems.append(f"<{element.tag} {name}={said[name]}>: nothing may be fetched")
        for target in [said.get("href", "")[1:]] if said.get("href", "").startswith("#") else []:
            problems += [] if target in ids else [f"link to #{target}: there is no such id"]
        for target in (said.get("aria-labelledby", "") + " " + said.get("aria-describedby", "")).split():
            problems += [] if target in ids else [f"label {target}: there is no such id"]
        if element.tag == "table" and (not list(element.all("caption")) or not list(element.all("thead"))):
            problems.append("a table without caption or head: " + element.text()[:60])
        if element.tag == "th" and said.get("scope") not in ("col", "row", "rowgroup"):
            problems.append("a heading of a table without scope: " + element.text())
        if "scroll" in said.get("class", "").split() and (said.get("tabindex") != "0" or not said.get("aria-label")):
            problems.append(f"a box that scrolls, without label or out of the keyboard's reach: {said}")
    if re.search(r"url\((?!['\"]?#)|@import", text):
        problems.append("a style that fetches")
    levels = [int(element.tag[1]) for element in elements if re.fullmatch("h[1-6]", element.tag)]
    problems += [f"a heading of level {b} follows one of level {a}" for a, b in zip(levels, levels[1:]) if b > a + 1]
    problems += [] if levels.count(1) == 1 and levels[0] == 1 else ["not one heading of level 1, first of all"]
    problems += [f"not one <{tag}>" for tag in ("main", "header", "title") if sum(1 for element in elements
                 if element.tag == tag and element.parent.tag != "svg" and not in_drawing(element)) != 1]
    problems += [] if elements and elements[0].attributes.get("lang") == "en" else ["no language"]
    return problems


def in_drawing(element):
    while element and element.tag != "svg":
        element = element.parent
    return element is not None


def shown_forms(value):
    """The ways in which a number may be shown."""
    if math.isinf(value):
        return {"∞"}
    return {f"{value:.{digits}f}" for digits in (0, 1, 3, 4)} | {f"{100 * value:.1f}%", f"{value:.1f} s"} | \
        ({"<0.0001"} if value < 0.0001 else set())


def data_problems(text):
    """What is shown is what is meant, rounded."""
    root, _ = parse(text)
    return [f"{element.attributes['value']} is shown as {element.text()}" for element in root.all("data")
            if element.text() not in shown_forms(float(element.attributes["value"]))]


def same(a, b):
    """A number of the page and a field of a file."""
    return a == float(b) if b not in ("", "nan") else math.isnan(a) or math.isinf(a)


def of_group(row, comparison, backend):
    """Whether a row of summary.csv is one of those that the comparison is of."""
    return row["status"] == "ok" and row["backend"] == backend and \
        all(row[key] == comparison[key] for key in KEYS)


def median_of(rows, comparison, column, backend):
    values = [float(row[column]) for row in rows if of_group(row, comparison, backend) and row[column]]
    return (statistics.median(values) if values else math.nan, len(values))


def compared(directory, baseline, metrics):
    done = storsync("compare", directory, "--format", "csv", "--baseline", baseline, "--metric", ",".join(metrics))
    if done.returncode not in (0, 3):
        raise RuntimeError(done.stderr)
    return list(csv.DictReader(io.StringIO(done.stdout)))


def cells_of(row):
    return [child for child in row.children if isinstance(child, Node)]


def comparison_problems(where, cells, comparison):
    """A row of the table of verdicts against one of `storsync compare`."""
    numbers = [cell.data() for cell in cells]
    expected = [(1, 0, "n_cand"), (2, 0, "gated"), (3, 0, "cand_median"), (4, 0, "ratio"), (5, 0, "ci_lo"), (5, 1, "ci_hi"),
                (7, 0, "p_adj")] + ([(8, 0, "noise_floor")] if comparison["verdict"] != "not comparable" else [])
    problems = []
    for cell, at, column in expected:
        given = numbers[cell][at] if at < len(numbers[cell]) else math.nan
        if not same(given, comparison[column]):
            problems.append(f"{where}: {column} is {given}, not {comparison[column]}")
    verdict = cells[9].text().split(":")[0].split(" ", 1)[1]
    if verdict != comparison["verdict"]:
        problems.append(f"{where}: {verdict}, not {comparison['verdict']}")
    if comparison["verdict"] == "undecided" and comparison["more"] not in ("", "0") and numbers[9] != [float(comparison["more"])]:
        problems.append(f"{where}: {numbers[9]} more, not {comparison['more']}")
    return problems


def verdict_problems(text, directory, baseline="spinlock"):
    """Against `storsync compare`, and medians against summary.csv itself."""
    root, _ = parse(text)
    rows = rows_of(directory)
    tables = {element.attributes["id"][len("verdict-"):]: element for element in root.all("details")
              if element.attributes.get("id", "").startswith("verdict-")}
    columns = {cells_of(row)[0].text(): cells_of(row)[1].text() for row in root.by_id("sources").all("tr")}
    comparisons = compared(directory, baseline, tables)
    problems = [] if tables else ["no verdicts"]
    not_shown = {row["metric"] for row in compared(directory, baseline, ALL_FIGURES) if row["verdict"] != "not comparable"} - set(tables)
    problems += [f"{metric} is compared and not shown" for metric in not_shown]
    for metric, table in tables.items():
        expected = [row for row in comparisons if row["metric"] == metric]
        heading = next(table.all("h3")).text()
        counts = collections.Counter(row["verdict"] for row in expected)
        said = next(item.text() for item in root.by_id("verdicts").all("li") if f"#verdict-{metric}" in
                    [link.attributes["href"] for link in item.all("a")]) if metric in linked(root) else None
        for verdict in ("better", "worse", "equivalent", "undecided"):
            if said is not None and f"{counts[verdict]} {verdict}" not in said:
                problems.append(f"{metric}: the line on top says {said}, and there are {counts[verdict]} {verdict}")
        names = {verdict: collections.Counter(row["candidate"] for row in expected if row["verdict"] == verdict) for verdict in ("better", "worse")}
        floors = [float(row["noise_floor"]) for row in expected if row["verdict"] != "not comparable" and row["noise_floor"]]
        words = ["; " + verdict + ": " + ", ".join(name + (f" ({count})" if count > 1 else "") for name, count in names[verdict].items())
                 for verdict in names if names[verdict]]
        words += ["; noise floor " + " to ".join(sorted({f"{100 * floor:.1f}%" for floor in (min(floors), max(floors))}, key=lambda text: float(text[:-1])))]
        if said is not None and not said.endswith("".join(words) + "."):
            problems.append(f"{metric}: the line on top says {said}, and should end in {words}")
        at = 0
        for group in table.all("tbody"):
            base = None
            for row in group.all("tr"):
                if "group" in row.attributes.get("class", ""):
                    base = row.data()
                    continue
                comparison, cells = expected[at], cells_of(row)
                where = f"{metric}, {cells[0].text()}"
                at += 1
                problems += comparison_problems(where, cells, comparison)
                for side, given in ((comparison["candidate"], [*cells[3].data(), math.nan][0]),
                                    (comparison["baseline"], base[0] if len(base) > 1 else math.nan)):
                    median, count = median_of(rows, comparison, columns[heading], side)
                    if count and given != median:
                        problems.append(f"{where}: the median of {side} is {given}; of the rows it is {median}")
                if cells[0].text() != comparison["candidate"]:
                    problems.append(f"{where}: where {comparison['candidate']} is compared")
        if at != len(expected):
            problems.append(f"{metric}: {at} comparisons, not {len(expected)}")
    return problems


def linked(root):
    return {link.attributes["href"][len("#verdict-"):] for link in root.all("a") if link.attributes["href"].startswith("#verdict-")}


def trust_problems(text, directory):
    """Gates, findings, failures and skipped cells against the files."""
    root, _ = parse(text)
    rows = rows_of(directory)
    measured = [row for row in rows if row["status"] != "skipped"]
    gated = collections.Counter(code for row in measured for code in row["gate_codes"].split())
    failed = collections.Counter((row["backend"], row["status"], row["status_reason"] or "no reason was given") for row in measured if row["status"] != "ok")
    skipped = collections.Counter(row["status_reason"] for row in rows if row["status"] == "skipped")
    tables = {next(table.all("caption")).text(): [cells_of(row) for row in table.all("tr")][1:] for table in root.by_id("trust").all("table")}
    problems = []

    def expect(what, given, wanted):
        if given != wanted:
            problems.append(f"{what}: {given}, not {wanted}")

    expect("gates", {row[0].text(): row[1].data() for row in tables.get("Invocations by gate code", [])},
           {code: [float(count)] for code, count in gated.items()})
    expect("failures", {(row[0].text(), row[1].text(), row[3].text()): row[2].data()
                        for row in tables.get("Invocations that did not end well; none of their figures is used", [])},
           {key: [float(count)] for key, count in failed.items()})
    expect("skipped", {row[0].text(): row[1].data() for row in tables.get("Cells that were skipped, by reason", [])},
           {reason: [float(count)] for reason, count in skipped.items()})
    expect("tiles", [element.data() for element in root.all("dl", "tiles")],
           [[float(len({row["cell_id"] for row in measured})), float(len(measured)), float(sum(1 for row in measured if row["gate_codes"])),
             float(sum(1 for row in measured if row["status"] != "ok")),
             float(len({row["cell_id"] for row in rows} - {row["cell_id"] for row in measured}))]])
    bad = [row for row in rows_of(directory, "env.csv") if row["verdict"] == "bad"]
    found = collections.Counter((row[0].text(), item.text(), row[3].text()) for row in tables.get("Checks of the environment that failed", [])
                                for item in row[2].all("li"))
    expect("findings", found, collections.Counter((row["check"], f"{row['scope']}, {row['phase']}: {row['value']}", row["expected"])
                                                  for row in bad))
    for row in bad:
        if row["remedy"].removeprefix("# ") not in root.by_id("trust").text():
            problems.append(f"the remedy of {row['check']} is not told")
    return problems


def picture_problems(text, directory, baseline="spinlock"):
    """Tables beneath pictures: as many fields in each row as headings, and every number that of the files."""
    root, _ = parse(text)
    comparisons = compared(directory, baseline, ALL_FIGURES)
    problems, read = [], {}
    for figure in root.all("figure"):
        name, title = figure.attributes["id"], next(figure.all("h3")).text()
        problems += [] if list(figure.all("svg")) or list(figure.all("p", "missing")) else [f"{name}: neither a drawing nor a reason"]
        if list(figure.all("svg")) and not list(figure.all("table")):
            problems.append(f"{name}: a drawing without its numbers")
        for table in figure.all("table"):
            rows = [[cell.text() for cell in cells_of(row)] for row in table.all("tr")]
            torn = [f"{name}: a row of {len(row)} fields under {len(rows[0])} headings" for row in rows if len(row) != len(rows[0])]
            problems += torn or table_problems(name, title, rows, directory, comparisons, read)
    return problems


# --- colours ---

def luminance(colour):
    """WCAG 2.2, relative luminance."""
    parts = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in colour]
    return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2]


def contrast(a, b):
    low, high = sorted((luminance(a), luminance(b)))
    return (high + 0.05) / (low + 0.05)


def themes(text):
    """Light, dark and paper: each a dictionary of colours by name, what a later one does not set being as in the first."""
    blocks = [dict(re.findall(r"--([\w-]+): #([0-9a-f]{6})", block)) for block in re.findall(r":root \{(.*?)\}", text, re.DOTALL)]
    return [{name: tuple(int(value[i:i + 2], 16) / 255 for i in (0, 2, 4)) for name, value in {**blocks[0], **block}.items()} for block in blocks]


def colour_problems(text):
    """Marks have 3:1 against the paper and text 4.5:1, also text in a shaded cell; a drawing has no colours of its own."""
    problems = [] if len(themes(text)) == 3 else ["not three themes"]
    drawings = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    for name, value in re.findall(r"\b(fill|stroke|color|stop-color)=[\"']([^\"']*)", "".join(drawings)):
        if value not in ("none", "currentColor", "inherit") and not re.fullmatch(r"var\(--[\w-]+\)|url\(#[\w-]+\)", value):
            problems.append(f"{name} {value} is no colour of the theme")
    for number, theme in enumerate(themes(text)):
        for name in [f"series-{i}" for i in range(1, 9)] + ["muted", "ink", "link", "better", "worse", "equivalent", "undecided"]:
            least = 3 if name.startswith("series") else 4.5
            for paper in ("paper", "wash"):
                if contrast(theme[name], theme[paper]) < least:
                    problems.append(f"theme {number}: {name} has {contrast(theme[name], theme[paper]):.2f}:1 against {paper}")
        for drawing in drawings:
            if '"ratios-' not in drawing:
                continue
            for name, opacity in set(re.findall(r'fill="var\(--(series-\d)\)"[^>]*fill-opacity="([\d.]+)"', drawing)):
                shade = [float(opacity) * a + (1 - float(opacity)) * b for a, b in zip(theme[name], theme["paper"])]
                if contrast(theme["ink"], shade) < 4.5:
                    problems.append(f"theme {number}: text on {name} at {opacity} has {contrast(theme['ink'], shade):.2f}:1")
    return problems


def text_problems(text, directory):
    return structure_problems(text) + data_problems(text) + colour_problems(text) + verdict_problems(text, directory) + trust_problems(text, directory) + \
        picture_problems(text, directory)


# --- runs and pages ---

def edit_rows(directory, change, name="summary.csv"):
    """Rewrites a CSV file as storsync writes it."""
    rows = rows_of(directory, name)
    for number, row in enumerate(rows):
        change(number, row)
    with open(os.path.join(directory, name), "w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)


def doctor_row(number, row):
    """Every gate, one that nobody knows, and a failure."""
    if row["status"] != "ok":
        return
    if number % 3 == 0:
        row["gate"], row["gate_codes"] = "warn", "gaps cpu-lost"
    if number % 7 == 0:
        row["gate"], row["gate_codes"] = "warn", "of-tomorrow"
    if row["backend"] == "ticket" and row["invocation"] == "2":
        row["status"], row["status_reason"] = "violated", HOSTILE


def set_hostile(directory):
    path = os.path.join(directory, "run.json")
    with open(path, encoding="utf-8") as file:
        manifest = json.load(file)
    manifest["host_id"] = HOSTILE
    manifest["matrix"]["name"] = HOSTILE
    manifest["command"] = ["storsync", "run", "-o", "x", "it's " + HOSTILE]
    with open(path, "w", encoding="utf-8") as file:
        json.dump(manifest, file)


def report(directory, *options):
    done = storsync("report", directory, "-o", "-", *options)
    if done.returncode:
        raise RuntimeError(done.stderr)
    return done.stdout


class Case(unittest.TestCase):
    """One run for all, and one with what a run seldom has."""
    folder = measured = doctored = open = text = open_text = None

    @classmethod
    def setUpClass(cls):
        if Case.folder:
            return
        Case.folder = tempfile.TemporaryDirectory()
        unittest.addModuleCleanup(Case.folder.cleanup)
        Case.measured = os.path.join(Case.folder.name, "run")
        done = storsync("run", *MATRIX, "-o", Case.measured)
        if done.returncode not in (0, 5):
            raise RuntimeError(done.stderr)
        Case.doctored = os.path.join(Case.folder.name, "doctored")
        shutil.copytree(Case.measured, Case.doctored)
        edit_rows(Case.doctored, doctor_row)
        edit_rows(Case.doctored, lambda number, row: row.update(verdict="bad", value=HOSTILE, remedy="") if number == 1 else None, "env.csv")
        set_hostile(Case.doctored)
        Case.text = report(Case.measured)
        if BROWSER:
            return
        Case.open = os.path.join(Case.folder.name, "open")
        done = storsync("run", *OPEN, "-o", Case.open)
        if done.returncode not in (0, 5):
            raise RuntimeError(done.stderr)
        Case.open_text = report(Case.open)

    def copy(self):
        path = tempfile.mkdtemp(dir=self.folder.name)
        return shutil.copytree(self.measured, path, dirs_exist_ok=True)


class Page(Case):
    def test_everything_in_it_is_as_the_files_have_it(self):
        self.assertEqual(text_problems(self.text, self.measured), [])

        self.assertEqual(text_problems(self.open_text, self.open), [])

    def test_every_picture_is_checked(self):
        drawn = {figure.attributes["id"] for text in (self.text, self.open_text) for figure in parse(text)[0].all("figure") if list(figure.all("svg"))}
        self.assertEqual(drawn, {"ratios", "worst-interrupt", "worst-call", *CHECKS})

    def test_machine(self):
        with open(os.path.join(self.measured, "run.json"), encoding="utf-8") as file:
            manifest = json.load(file)
        facts = {row.text(): value.text() for row, value in zip(parse(self.text)[0].by_id("run").all("dt"), parse(self.text)[0].by_id("run").all("dd"))}
        for name, words in ("cpu_model", "CPU model"), ("kernel", "kernel"), ("distribution", "distribution"), ("compiler", "compiler"):
            self.assertEqual(facts[words], manifest["machine"][name] or "not known")
        self.assertEqual(manifest["machine"]["cpus_usable"], len(os.sched_getaffinity(0)))
        self.assertEqual(manifest["machine"]["kernel"], "Linux " + os.uname().release)
        for machine in None, "x", {}, {"cpu_model": HOSTILE, "memory_bytes": -1}:
            folder = self.copy()
            with open(os.path.join(folder, "run.json"), "w", encoding="utf-8") as file:
                json.dump({name: value for name, value in {**manifest, "machine": machine}.items() if value is not None}, file)
            text = report(folder)
            self.assertEqual(structure_problems(text), [])
            self.assertIn("not known" if isinstance(machine, dict) else "not recorded by this run", text)

    def test_merged_run(self):
        shards = [os.path.join(self.folder.name, f"shard {k}") for k in (1, 2)]
        for k, shard in enumerate(shards, 1):
            storsync("run", "--backends", "spinlock,ticket", "--cpus", "1", "--routing", "same", "--duration", "10ms", "--warmup", "1ms", "-n", "12", "--seed", "3",
                "--shard", f"{k}/2", "-o", shard)
        path = os.path.join(shards[1], "run.json")
        out = os.path.join(self.folder.name, "merged")
        done = storsync("merge", *shards, "-o", out)
        self.assertEqual(done.returncode, 0, done.stderr)
        text = report(out)
        self.assertEqual(structure_problems(text) + verdict_problems(text, out) + trust_problems(text, out) + picture_problems(text, out), [])
        with open(path, encoding="utf-8") as file:
            model = json.load(file)["machine"]["cpu_model"] or "not known"
        self.assertEqual(text.count(f"CPU model {html.escape(model, quote=True)}; "), 1)
        path = os.path.join(out, "run.json")
        with open(path, encoding="utf-8") as file:
            manifest = json.load(file)
        manifest["parts"][1].update(machine={"cpu_model": "Another"}, host_id="other")
        del manifest["parts"][0]["machine"]
        with open(path, "w", encoding="utf-8") as file:
            json.dump(manifest, file)
        text = report(out)
        self.assertIn("CPU model Another; CPUs not known on cores not known; memory not known", text)
        self.assertIn("CPU model, kernel and memory were not recorded by this run", text)

    def test_what_there_is_nothing_of_is_said(self):
        folder = self.copy()
        edit_rows(folder, lambda number, row: row.update(status="failed") if row["status"] == "ok" else None)
        text = report(folder)
        self.assertEqual(structure_problems(text) + trust_problems(text, folder), [])
        self.assertNotIn("&lt;/p&gt;", text)
        self.assertNotIn("<svg", text)
        self.assertEqual(text.count("No invocation ended well; the section on trust lists how they ended."), 11)
        folder = os.path.join(self.folder.name, "one back end")
        storsync("run", "--backends", "ticket", "--cpus", "1", "--routing", "same", "--duration", "10ms", "--warmup", "1ms", "-n", "1", "-o", folder)
        text = report(folder)
        self.assertEqual(structure_problems(text) + trust_problems(text, folder) + picture_problems(text, folder, "ticket"), [])
        self.assertIn("Nothing was compared: the only back end", text)
        self.assertNotIn("highest under ticket", text)

    def test_gates_failures_and_hostile_texts(self):
        text = report(self.doctored)
        self.assertEqual(text_problems(text, self.doctored), [])
        self.assertNotIn("<script", text)
        self.assertNotIn("<img", text)
        self.assertIn("A code that this version does not know.", text)

    def test_baseline_and_title(self):
        text = report(self.measured, "--baseline", "ticket", "--title", HOSTILE)
        self.assertEqual(structure_problems(text) + verdict_problems(text, self.measured, "ticket"), [])
        self.assertIn(HOSTILE, next(parse(text)[0].all("h1")).text())

    def test_command_repeats_the_run_elsewhere(self):
        root, _ = parse(self.text)
        command = next(root.by_id("run").all("pre")).text()
        self.assertIn("--seed 7", command)
        self.assertNotIn(self.measured, command)
        root, _ = parse(report(self.doctored))
        self.assertEqual(next(root.by_id("run").all("pre")).text(),
                         "storsync run 'it'\\''s " + HOSTILE.replace("'", "'\\''") + "' --seed 7")

    def test_same_run_gives_the_same_page(self):
        self.assertEqual(self.text, report(self.measured))

    def test_what_has_no_baseline_is_told_and_not_compared(self):
        folder = self.copy()
        edit_rows(folder, lambda number, row: row.update(status="failed") if row["backend"] == "ticket" and row["status"] == "ok" else None)
        text = report(folder, "--baseline", "ticket")
        self.assertEqual(structure_problems(text) + trust_problems(text, folder), [])
        self.assertRegex(text, "Nothing was compared|Not compared")


class Command(Case):
    def refuse(self, *arguments, says, status=2, **options):
        before = sorted(os.listdir(self.folder.name))
        done = storsync("report", *arguments, cwd=self.folder.name, **options)
        self.assertEqual((done.returncode, done.stdout), (status, ""), done.stderr)
        self.assertEqual(done.stderr.count("\n"), 1, done.stderr)
        self.assertTrue(done.stderr.startswith("storsync report: "), done.stderr)
        self.assertIn(says, done.stderr)
        self.assertEqual(sorted(os.listdir(self.folder.name)), before)

    def test_writes_a_file_and_never_over_one(self):
        path = os.path.join(self.folder.name, "page.html")
        done = storsync("report", self.measured, "-o", path)
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stdout.count("\n"), 1)
        with open(path, encoding="utf-8") as file:
            self.assertEqual(file.read(), self.text)
        self.refuse(self.measured, "-o", path, says="page.html: exists")
        self.assertFalse([name for name in os.listdir(self.folder.name) if name.endswith(".part")])

    def test_mistakes(self):
        new = ["-o", "new.html"]
        self.refuse(says="a run's folder is missing")
        self.refuse(self.measured, says="--output is missing")
        self.refuse(self.measured, self.measured, *new, says="one folder at a time")
        self.refuse("nowhere", *new, says="nowhere: not a run's folder")
        self.refuse(self.folder.name, *new, says="not a run's folder")
        self.refuse(os.path.join(self.measured, "summary.csv"), *new, says="not a run's folder")
        self.refuse(os.path.join(self.measured, "benchmark.json"), *new, says="but a file; a report needs all")
        self.refuse(self.measured, "-o", "", says="--output")
        self.refuse(self.measured, "-o", "nowhere/new.html", says="nowhere/new.html")
        self.refuse(self.measured, "-o", self.folder.name, says="exists")
        self.refuse(self.measured, *new, "--baseline", "mutex", says="--baseline mutex: no back end of this run: spinlock, ticket, irqmask-local")

    def test_damaged_runs(self):
        new = ["-o", "new.html"]
        folder = self.copy()
        os.unlink(os.path.join(folder, "env.csv"))
        self.refuse(folder, *new, says="env.csv")
        for name in "summary.csv", "env.csv", "run.json":
            folder = self.copy()
            with open(os.path.join(folder, name), "r+b") as file:
                file.truncate(os.path.getsize(file.name) - 30)
            with self.subTest(name):
                self.refuse(folder, *new, says=name)
        folder = self.copy()
        with open(os.path.join(folder, "env.csv"), "r+", encoding="utf-8") as file:
            text = file.read().replace("verdict", "judgement", 1)
            file.seek(0)
            file.write(text)
        self.refuse(folder, *new, says="no column 'verdict'")

    def test_run_that_goes_on(self):
        folder = self.copy()
        os.unlink(os.path.join(folder, "summary.csv"))
        self.refuse(folder, "-o", "new.html", says=folder)
        with open(os.path.join(folder, "journal.jsonl"), "r+", encoding="utf-8") as file:
            lines = [line for line in file if '"complete"' not in line]
            file.seek(0)
            file.writelines(lines)
            file.truncate()
        self.refuse(folder, "-o", "new.html", says=folder, status=3)

    def test_without_gnuplot(self):
        self.refuse(self.measured, "-o", "new.html", says="gnuplot-nox", env={"PATH": self.folder.name})

    def test_with_something_else_for_gnuplot(self):
        folder = tempfile.mkdtemp()
        self.addCleanup(shutil.rmtree, folder)
        path = os.path.join(folder, "gnuplot")
        for script, says in ("echo hello", "has not drawn latency-by-percentile"), ("kill -9 $$", "signal 9"), ("echo no >&2; exit 1", "gnuplot: no"):
            with open(path, "w", encoding="utf-8") as file:
                file.write(f"#!/bin/sh\n{script}\n")
            os.chmod(path, 0o700)
            with self.subTest(script):
                self.refuse(self.measured, "-o", "new.html", says=says, env={"PATH": folder})

    def test_full_disk(self):
        with open("/dev/full", "wb") as full:
            done = subprocess.run([STORSYNC, "report", self.measured, "-o", "-"], stdout=full, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual((done.returncode, done.stderr.count("\n")), (2, 1), done.stderr)


class TextCheckersCanFail(Case):
    def broken(self, pattern, replacement, count=1):
        text, done = re.subn(pattern, replacement, self.text, count=count, flags=re.DOTALL)
        self.assertGreater(done, 0, pattern)
        return text

    def test_structure(self):
        for pattern, replacement in ((r'<main id="main">', '<main id="main"><img src="https://example.org/x.png">'),
                                     (r"</main>", "<script>1</script></main>"), (r' lang="en"', ""), (r"<h3>", "<h5>"), ("<caption>.*?</caption>", ""),
                                     (r' scope="col"', ""), (r'id="trust"', 'id="run"'), (r' tabindex="0"', ""), (r"</section>", ""),
                                     (r'href="#trust"', 'href="#nothing"'), (r"<style>", "<style>@import 'x';"), (r"<style>", "<style>p { background: url(x.png) }"),
                                     (r"<h1>", '<h1 onclick="x()">'), (r"<h2(.*?)</h2>", r"<h1\1</h1>")):
            with self.subTest(pattern):
                self.assertNotEqual(structure_problems(self.broken(pattern, replacement)), [])

    def test_colours(self):
        self.assertIn('"ratios-', self.text)
        for pattern, replacement in (("--series-3: #1a7a3c", "--series-3: #60c080"), ("--series-7: #dcb243", "--series-7: #604000"),
                                     ("--ink: #e5eaf0", "--ink: #909090"), (r'stroke="var\(--series-1\)"', 'stroke="#0b5fa5"'),
                                     (r'(id="ratios".*?fill="var\(--series-[12]\)"[^>]*fill-opacity=")[\d.]+', r"\g<1>1.0")):
            with self.subTest(pattern):
                self.assertNotEqual(colour_problems(self.broken(pattern, replacement)), [])

    def test_rounding(self):
        self.assertNotEqual(data_problems(self.broken(r'<data value="(\d+)">', r'<data value="9\1">')), [])
        self.assertNotEqual(data_problems(self.broken(r'(<data value="[^"]+">)', r"\g<1>1")), [])

    def test_every_number_of_the_verdicts(self):
        start = self.text.index('<details id="verdict-isr_latency_p50"')
        end = self.text.index("</details>", start)
        numbers = list(re.finditer(r'<data value="[^"]+">', self.text[start:end]))
        summary = next(i for i, match in enumerate(numbers) if match.start() > self.text[start:end].index("</summary>"))
        for match in numbers[summary:summary + 12]:
            wrong = self.text[:start + match.start()] + '<data value="123.25">' + self.text[start + match.end():]
            if "invocation" in self.text[start + match.end():start + match.end() + 30] or "/<data" in self.text[start:][match.end() - 30:match.end()]:
                continue
            with self.subTest(match.group(0)):
                self.assertNotEqual(verdict_problems(wrong, self.measured), [])

    def test_verdicts(self):
        self.assertNotEqual(verdict_problems(self.broken(r"(</span> )(better|worse|equivalent|undecided)(?=<)", r"\1splendid", 0), self.measured), [])
        self.assertNotEqual(verdict_problems(self.broken(r'(<ul class="summary">.*?</data>) undecided', r"\1 decided"), self.measured), [])
        self.assertNotEqual(verdict_problems(self.broken(r'(<section id="verdicts".*?)<tr><th scope="row"><code>ticket.*?</tr>', r"\1"), self.measured), [])

    def test_trust(self):
        text = report(self.doctored)
        for pattern in (r'(<code>gaps</code></th><td class="n"><data value=")\d+', r'(<td>violated</td><td class="n"><data value=")\d+',
                        r'(<dl class="tiles">.*?<data value=")\d+', r"(<li>[^<]*<b>)[^<]*"):
            with self.subTest(pattern):
                self.assertNotEqual(trust_problems(re.sub(pattern, r"\g<1>99", text, count=1, flags=re.DOTALL), self.doctored), [])

    def each_number_counts(self):
        """Of each picture, a wrong number in each column of a row in its middle."""
        read = {}
        for text, directory in (self.text, self.measured), (self.open_text, self.open):
            comparisons = compared(directory, "spinlock", ALL_FIGURES)
            for figure in parse(text)[0].all("figure"):
                name, title = figure.attributes["id"], next(figure.all("h3")).text()
                for table in figure.all("table"):
                    rows = [[cell.text() for cell in cells_of(row)] for row in table.all("tr")]
                    wrong = [(i, 1) for i in range(1, len(rows))] if name.startswith("worst") else [(len(rows) // 2, i) for i in range(len(rows[0]))]
                    self.assertEqual(table_problems(name, title, rows, directory, comparisons, read.setdefault(directory, {})), [])
                    for row, column in wrong:
                        if name == "ratios" and column == 1:
                            continue
                        changed = [list(one) for one in rows]
                        changed[row][column] = "ticket" if changed[row][column] == "spinlock" else "spinlock" if changed[row][column] == "ticket" else \
                            "0" + changed[row][column] if name.startswith("worst") else "98765"
                        with self.subTest(name, row=row, column=column):
                            try:
                                self.assertNotEqual(table_problems(name, title, changed, directory, comparisons, read[directory]), [])
                            except (KeyError, ValueError):
                                pass

    def test_pictures(self):
        self.assertNotEqual(picture_problems(self.broken(r'(<figure id="throughput-by-cpus".*?<tbody>\n<tr>.*?<td class="n">.*?<td class="n">.*?'
                                                         r'<td class="n">)\d+', r"\g<1>9"), self.measured), [])
        self.each_number_counts()
        for name in "ratios", "stages":
            self.assertNotEqual(picture_problems(self.broken(rf'(<figure id="{name}".*?<tbody>\n<tr>.*?<td class="n">.*?<td class="n">)\d', r"\g<1>77"),
                                                 self.measured), [], name)
        self.assertNotEqual(picture_problems(self.broken(r"(<figure.*?<tbody>\n<tr><th.*?</th>)", r"\1<td></td>"), self.measured), [])


# --- the page in a browser ---

class Browser:
    """Chromium without a network."""

    def __init__(self):
        options = webdriver.ChromeOptions()
        options.binary_location = shutil.which("chromium")
        for argument in ("--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-background-networking",
                         "--disable-component-update", "--host-resolver-rules=MAP * ~NOTFOUND"):
            options.add_argument(argument)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
        self.driver.set_page_load_timeout(60)
        self.driver.set_script_timeout(120)

    def cdp(self, command, **arguments):
        return self.driver.execute_cdp_cmd(command, arguments)

    def open(self, path, theme="light", width=1280, media="", scripts=True):
        self.cdp("Emulation.setScriptExecutionDisabled", value=not scripts)
        self.cdp("Emulation.setDeviceMetricsOverride", width=width, height=900, deviceScaleFactor=1, mobile=width < 500)
        self.cdp("Emulation.setEmulatedMedia", media=media, features=[{"name": "prefers-color-scheme", "value": theme}])
        self.driver.get("about:blank")
        self.driver.get_log("browser")
        self.driver.get_log("performance")
        self.driver.get("file://" + path)

    def ask(self, expression):
        return self.cdp("Runtime.evaluate", expression=expression, returnByValue=True)["result"].get("value")


def console_problems(browser):
    return [entry["message"] for entry in browser.driver.get_log("browser")]


def request_problems(browser, path):
    """Whatever is asked for besides the page itself."""
    messages = [json.loads(entry["message"])["message"] for entry in browser.driver.get_log("performance")]
    urls = [message["params"]["request"]["url"] for message in messages if message["method"] == "Network.requestWillBeSent"]
    problems = [url for url in urls if url not in ("file://" + path, "about:blank") and not url.startswith("data:,")]
    return problems + ([] if "file://" + path in urls else ["the log does not even have the page"])


def width_problems(browser):
    wide = browser.ask("document.documentElement.scrollWidth")
    return [] if wide <= browser.ask("document.documentElement.clientWidth") else [f"the page is {wide} wide"]


def access_problems(browser):
    """What axe-core finds when all details are open."""
    with open(AXE, encoding="utf-8") as file:
        browser.driver.execute_script(file.read())
    browser.driver.execute_script("document.querySelectorAll('details').forEach(d => d.open = true)")
    result = browser.driver.execute_async_script("axe.run(document, {resultTypes: ['violations']}).then(arguments[0], e => arguments[0]({error: String(e)}))")
    if "error" in result:
        return [result["error"]]
    problems = [f"{rule['id']}: {node['target']} {node['failureSummary']}" for rule in result["violations"] for node in rule["nodes"]]
    return problems + ([] if "color-contrast" in {rule["id"] for rule in result["passes"] + result["violations"]} else ["contrast was not looked at"])


def print_problems(browser):
    """On paper nobody can open anything."""
    return browser.ask("""[...document.querySelectorAll('details:not([open]) table')].filter(t => !t.offsetHeight || !t.checkVisibility())
        .map(t => 'hidden in print: ' + t.caption.textContent).concat(
        [...document.querySelectorAll('nav')].filter(n => n.offsetHeight).map(n => 'links in print'),
        [...document.querySelectorAll('.scroll')].filter(s => getComputedStyle(s).overflowX != 'visible').map(s => 'cut off in print'))""")


class InBrowser(Case):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.driver.quit)
        cls.page = cls.put(cls.text, "page.html")
        cls.other = cls.put(report(cls.doctored, "--title", HOSTILE), "other.html")

    @classmethod
    def put(cls, text, name="broken.html"):
        path = os.path.join(os.path.realpath(cls.folder.name), name)
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
        return path


class Shown(InBrowser):
    def test_no_message_and_no_request(self):
        for path in self.page, self.other:
            self.browser.open(path)
            self.assertEqual(request_problems(self.browser, path), [])
            self.assertEqual(console_problems(self.browser), [])

    def test_axe_finds_nothing_in_either_theme(self):
        for path, theme, width in (self.page, "light", 1280), (self.other, "dark", 360):
            with self.subTest(path=path, theme=theme):
                self.browser.open(path, theme, width)
                self.assertEqual(access_problems(self.browser), [])

    def test_themes_differ(self):
        colours = []
        for theme in "light", "dark":
            self.browser.open(self.page, theme)
            colours.append(self.browser.ask("getComputedStyle(document.body).backgroundColor"))
        self.assertNotEqual(*colours)

    def test_readable_without_scripts(self):
        texts = []
        for scripts in True, False:
            self.browser.open(self.page, scripts=scripts)
            texts.append(self.browser.ask("document.body.innerText"))
        self.assertEqual(*texts)
        for words in "How far to trust it", "Against spinlock", "What this run was":
            self.assertIn(words, texts[1])

    def test_phone(self):
        self.browser.open(self.page, width=360)
        self.assertEqual(width_problems(self.browser), [])
        self.browser.ask("document.querySelectorAll('details').forEach(d => d.open = true)")
        self.assertEqual(width_problems(self.browser), [])

    def test_keyboard(self):
        self.browser.open(self.page)
        self.browser.driver.switch_to.active_element.send_keys(Keys.TAB)
        self.assertEqual(self.browser.ask("document.activeElement.className"), "skip")
        self.assertGreaterEqual(self.browser.ask("document.activeElement.getBoundingClientRect().top"), 0)
        self.assertEqual(self.browser.ask("getComputedStyle(document.activeElement).outlineStyle"), "solid")

    def test_print(self):
        self.browser.open(self.page, "dark", media="print")
        self.assertEqual(print_problems(self.browser), [])
        self.assertEqual(self.browser.ask("getComputedStyle(document.body).backgroundColor"), "rgb(255, 255, 255)")
        self.assertGreater(len(self.browser.cdp("Page.printToPDF")["data"]), 10000)


class BrowserCheckersCanFail(InBrowser):
    def shown(self, pattern, replacement, **options):
        text = self.text.replace(pattern, replacement)
        self.assertNotEqual(text, self.text)
        path = self.put(text)
        self.browser.open(path, **options)
        return path

    def test_requests(self):
        policy = re.search("<meta http-equiv=.*?>", self.text).group(0)
        text = self.text.replace(policy, "").replace("</main>", '<img alt="x" src="http://127.0.0.1:9/x.png"></main>')
        path = self.put(text)
        self.browser.open(path)
        self.assertNotEqual(request_problems(self.browser, path), [])

    def test_console(self):
        self.shown("</main>", "<script>console.error('x')</script></main>")
        self.assertNotEqual(console_problems(self.browser), [])

    def test_access(self):
        # As little as has all three: what axe finds it describes at length.
        text = re.sub(r"<section id=.(verdicts|pictures|sources).*?</section>", "", self.text, flags=re.DOTALL)
        text = text.replace("--muted: #56606b", "--muted: #d0d0d0").replace(' lang="en"', "").replace("</main>", "<input></main>")
        self.browser.open(self.put(text))
        problems = access_problems(self.browser)
        for rule in "color-contrast", "html-has-lang", "label":
            self.assertIn(rule, {problem.split(":")[0] for problem in problems})

    def test_width(self):
        self.shown(".scroll { position: relative; overflow-x: auto;", ".scroll {", width=360)
        self.assertNotEqual(width_problems(self.browser), [])

    def test_print(self):
        for pattern in "details::details-content", "nav, .skip", ".scroll, .tall { overflow: visible":
            with self.subTest(pattern):
                self.shown(pattern, ".nothing" if "{" not in pattern else ".nothing { overflow: visible", media="print")
                self.assertNotEqual(print_problems(self.browser), [])


def missing():
    if not webdriver:
        return "no Selenium (Debian: python3-selenium)"
    for program, package in ("chromium", "chromium"), ("chromedriver", "chromium-driver"):
        if not shutil.which(program):
            return f"no {program} (Debian: {package})"
    return "" if os.path.exists(AXE) else "no axe-core: scripts/test.sh installs it by `npm ci` (STORSYNC_AXE is its axe.min.js)"


if __name__ == "__main__":
    if BROWSER and missing():
        print("skipped:", missing())
        sys.exit(77)
    if not shutil.which("gnuplot"):
        print("skipped: no gnuplot (Debian: gnuplot-nox)")
        sys.exit(77)
    classes = (Shown, BrowserCheckersCanFail) if BROWSER else (Page, Command, TextCheckersCanFail)
    unittest.main(defaultTest=[one.__name__ for one in classes])
