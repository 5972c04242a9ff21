#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`storsync history` as a user meets it: added twice, at once, killed in between; files that are not its own; a planted change.

Usage: history_test.py STORSYNC [unittest options]
"""
import csv
import io
import json
import os
import random
import re
import shutil
import signal
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
import unittest
import xml.etree.ElementTree

sys.dont_write_bytecode = True
import command
from command import STORSYNC, digest, storsync

SMALL = ["--backends", "spinlock,ticket", "--cpus", "1", "--routing", "same", "--duration", "20ms", "--warmup", "5ms",
         "--invocations", "6", "--seed", "7"]
RUNS = 12
STEP = 6      # the first run of the new level
FACTOR = 1.3
P50 = "isr_latency_p50_ns"


def copied(cell_id, number):
    return f"{int(cell_id, 16) ^ number:016x}"


def make_run(source, target, number, scale=1.0, host=None, build=None, copies=1):
    """A run like `source`, `number` days later, with the ISR latency's median at 1000 ns times `scale`, or so; copies: of each cell."""
    os.mkdir(target)
    with open(os.path.join(source, "run.json")) as file:
        manifest = json.load(file)
    manifest["run_id"] = f"run-{number:02}"
    manifest["created_utc"] = f"2026-01-{number + 1:02}T12:00:00Z"
    manifest["host_id"] = host or "one"
    manifest["build_id"] = build or f"v{number}"
    manifest["matrix"]["cells"] = [dict(cell, id=copied(cell["id"], i), spec=dict(cell["spec"], section_ns=i))
                                   for i in range(copies) for cell in manifest["matrix"]["cells"]]
    with open(os.path.join(target, "run.json"), "w") as file:
        json.dump(manifest, file)
    with open(os.path.join(source, "summary.csv"), newline="") as file:
        rows = list(csv.DictReader(file))
    with open(os.path.join(target, "summary.csv"), "w", newline="") as file:
        writer = csv.DictWriter(file, rows[0].keys(), lineterminator="\n")
        writer.writeheader()
        for i, row in enumerate(rows * copies):
            row = dict(row, run_id=manifest["run_id"], host_id=manifest["host_id"], build_id=manifest["build_id"])
            row["section_ns"] = str(i // len(rows))
            row["cell_id"] = copied(row["cell_id"], i // len(rows))
            if row["invocation"]:
                row.update(status="ok", status_reason="", gate_codes="gaps" if row["invocation"] == "1" else "",
                           gate="0" if row["invocation"] == "1" else "1")
                row[P50] = str(round(1000 * scale) + int(row["invocation"]) + number * 7 % 5)
            writer.writerow(row)


class Case(command.Case):
    SPEAKER = "storsync history"

    @classmethod
    def setUpClass(cls):
        cls.shared = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.shared.cleanup)
        cls.run_folder = os.path.join(cls.shared.name, "measured")
        done = storsync("run", *SMALL, "-o", cls.run_folder)
        if done.returncode not in (0, 5):
            raise RuntimeError(done.stdout + done.stderr)

    def setUp(self):
        super().setUp()
        self.db = self.path("h.sqlite")

    def made(self, number, **what):
        target = self.path(f"made-{number}-{what.get('host', '')}")
        make_run(self.run_folder, target, number, **what)
        return target

    def ask(self, *arguments, db=True, **options):
        where = ["--db", self.db] if db else []
        return storsync("history", *arguments, *where, cwd=self.folder.name, **options)

    def good(self, *arguments, **options):
        result = self.ask(*arguments, **options)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertEqual(result.stderr, "")
        return result.stdout

    def runs(self):
        return json.loads(self.good("list", "--format", "json"))["runs"]

    def planted(self):
        """Runs of two hosts; the first one's change at STEP.  Added in no order."""
        folders = [self.made(i, scale=1 if i < STEP else FACTOR) for i in range(RUNS)]
        random.Random(1).shuffle(folders)
        self.good("add", *folders)


class Adding(Case):
    def test_a_run_is_added_once(self):
        run = self.made(1)
        said = self.good("add", run)
        self.assertIn(f"{run}: added to {self.db} as run-01: host one, build v1", said)
        before = digest(self.folder.name)
        self.assertEqual(self.good("add", run, run), f"{run}: run-01 is in {self.db} already\n" * 2)
        self.assertEqual(digest(self.folder.name), before)
        self.assertEqual([run["run_id"] for run in self.runs()], ["run-01"])

    def test_the_same_run_with_other_numbers_is_refused(self):
        run = self.made(1)
        self.good("add", run)
        shutil.rmtree(run)
        self.made(1, scale=2)
        self.refuse("add", run, says="with another summary.csv")

    def test_a_bad_run_does_not_spoil_the_others(self):
        good, torn, later = self.made(1), self.made(2), self.made(3)
        with open(os.path.join(torn, "summary.csv"), "r+") as file:
            file.truncate(os.path.getsize(file.name) - 20)
        result = self.ask("add", good, torn, self.path("nowhere"), later)
        self.assertEqual(result.returncode, 2)
        self.assertEqual(result.stdout.count("added to"), 2)
        self.assertEqual(result.stderr.count("\n"), 2, result.stderr)
        self.assertIn(torn, result.stderr)
        self.assertIn("nowhere", result.stderr)
        self.assertEqual([run["run_id"] for run in self.runs()], ["run-01", "run-03"])

    def test_a_bad_run_alone_makes_no_file(self):
        self.refuse("add", self.folder.name, says="run.json")
        self.assertFalse(os.path.exists(self.db))
        os.remove(os.path.join(self.made(1), "summary.csv"))
        self.refuse("add", self.path("made-1-"), says=self.path("made-1-"))
        google = self.path("gbench.json")
        with open(google, "w") as file:
            file.write('{"context": {}, "benchmarks": []}')
        self.refuse("add", google, says="not a run's folder")

    def test_where_it_is(self):
        run = self.made(1)
        data = self.path("data")
        environment = {"PATH": os.environ["PATH"], "HOME": self.path("home")}
        os.mkdir(self.path("home"))
        self.refuse("list", says=".local/share/storsync/history.sqlite: there is no history", db=False, env=environment)
        said = self.good("add", run, db=False, env=environment)
        self.assertIn(os.path.join(self.path("home"), ".local/share/storsync/history.sqlite"), said)
        said = self.good("add", run, db=False, env=dict(environment, XDG_DATA_HOME=data))
        self.assertIn(f"added to {data}/storsync/history.sqlite", said)
        said = self.good("add", run, db=False, env=dict(environment, XDG_DATA_HOME=data, STORSYNC_HISTORY=self.db))
        self.assertIn(f"added to {self.db}", said)
        self.refuse("list", says="there is no HOME", db=False, env={"PATH": os.environ["PATH"]})
        self.refuse("add", run, "--db", self.path("none/h.sqlite"), says="none/h.sqlite: ", db=False)
        # A name that SQLite takes for something else.
        self.assertIn("added to :memory:", self.good("add", run, "--db", ":memory:", db=False))
        self.assertIn("1 run in :memory:", self.good("list", "--db", ":memory:", db=False))

    def test_many_at_once(self):
        folders = [self.made(i) for i in range(8)]
        processes = [subprocess.Popen([STORSYNC, "history", "add", "--db", self.db, *order], stdout=subprocess.PIPE,
                                      stderr=subprocess.PIPE, text=True) for order in (folders, folders[::-1], folders[4:] + folders[:4])]
        results = [process.communicate(timeout=60) + (process.returncode,) for process in processes]
        for out, error, status in results:
            self.assertEqual((status, error), (0, ""))
            self.assertEqual(out.count("\n"), 8)
        # Each was added by one of them.
        self.assertEqual("".join(result[0] for result in results).count("added to"), 8)
        self.assertEqual(len(self.runs()), 8)
        self.assertEqual([name for name in os.listdir(self.folder.name) if name.startswith("h.")], ["h.sqlite"])

    def test_a_writer_that_does_not_end(self):
        first, second = self.made(1), self.made(2)
        self.good("add", first)
        other = sqlite3.connect(self.db, isolation_level=None)
        self.addCleanup(other.close)
        other.execute("BEGIN IMMEDIATE")
        result = self.ask("add", second, "--wait", "20ms")
        self.assertEqual(result.returncode, 2)
        self.assertIn("another process is writing to it, and still is after 0.02 s; nothing was changed", result.stderr)
        # Who reads need not wait.
        self.assertEqual(len(self.runs()), 1)
        other.execute("ROLLBACK")
        self.good("add", second)
        self.assertEqual(len(self.runs()), 2)

    def test_a_full_disk(self):
        self.good("add", self.made(1))
        before = digest(self.folder.name)["h.sqlite"]
        big = self.made(2, copies=60)
        size = os.path.getsize(self.db)
        result = subprocess.run(["sh", "-c", f"trap '' XFSZ; ulimit -f {size // 512 + 8}; exec \"$@\"", "sh", STORSYNC, "history", "add",
                                 "--db", self.db, big], capture_output=True, text=True, timeout=60)
        self.assertEqual(result.returncode, 2, result.stderr)
        self.assertEqual(result.stderr.count("\n"), 1, result.stderr)
        self.assertEqual(len(self.runs()), 1)
        self.assertEqual(digest(self.folder.name)["h.sqlite"], before)
        self.good("add", big)


class Killed(Case):
    def check_sound(self, runs, beside=()):
        self.assertIn(len(self.runs()), runs)
        self.assertLessEqual({name for name in os.listdir(self.folder.name) if name.startswith("h.")}, {"h.sqlite", *beside})
        database = sqlite3.connect(self.db)
        self.addCleanup(database.close)
        self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        self.assertEqual(database.execute("PRAGMA foreign_key_check").fetchall(), [])
        for run, cells in database.execute("SELECT id, cells FROM runs").fetchall():
            self.assertEqual(database.execute("SELECT count(*) FROM samples WHERE run = ?", (run,)).fetchone()[0], cells)

    def test_killed_at_random(self):
        self.good("add", self.made(1))
        big = self.made(2, copies=60)
        rng = random.Random(1)
        for _ in range(8):
            process = subprocess.Popen([STORSYNC, "history", "add", "--db", self.db, big], stdout=subprocess.DEVNULL)
            time.sleep(rng.uniform(0, 0.06))
            process.kill()
            process.wait()
            # A journal of pages that were not touched yet is no one's hurry.
            self.check_sound({1, 2}, beside=["h.sqlite-journal"])
        self.good("add", big)
        self.check_sound({2})

    def test_a_journal_is_taken_back(self):
        """Killed while pages were being written: what a reader finds is the state before, and no journal after."""
        self.good("add", self.made(1))
        before = digest(self.folder.name)["h.sqlite"]
        died = subprocess.run([sys.executable, "-c", """
import os, sqlite3, sys
database = sqlite3.connect(sys.argv[1], isolation_level=None)
database.execute("PRAGMA cache_size = 2")
database.execute("BEGIN")
database.execute("UPDATE runs SET host = 'nobody'")
for i in range(200):
    database.execute("INSERT INTO cells(keys) VALUES(?)", ('{"section_ns":"%d%s"}' % (i, 'x' * 2000),))
os.kill(os.getpid(), 9)
""", self.db], timeout=60)
        self.assertEqual(died.returncode, -signal.SIGKILL)
        self.assertTrue(os.path.exists(self.db + "-journal"))
        self.assertNotEqual(digest(self.folder.name)["h.sqlite"], before)
        self.assertEqual([run["host_id"] for run in self.runs()], ["one"])
        self.check_sound({1})
        self.assertEqual(digest(self.folder.name)["h.sqlite"], before)


class LeftAlone(Case):
    def refuse_all(self, says):
        run = self.made(9)
        for arguments in (["list"], ["show"], ["plot"], ["add", run], ["add", run, run]):
            self.refuse(*arguments, says=says)
        shutil.rmtree(run)

    def test_what_is_no_database(self):
        with open(self.db, "w") as file:
            file.write("a letter\n" * 100)
        self.refuse_all("no SQLite database at all")
        os.remove(self.db)
        os.mkfifo(self.db)
        for arguments in (["list"], ["add", self.made(8)]):
            result = self.ask(*arguments)
            self.assertEqual((result.returncode, result.stderr.count("\n")), (2, 1))
            self.assertIn("not a file", result.stderr)

    def test_another_programs_database(self):
        database = sqlite3.connect(self.db)
        database.execute("CREATE TABLE runs(id)")
        database.commit()
        database.close()
        self.refuse_all("another program's database")

    def test_another_programs_database_in_use(self):
        """Opened by SQLite, even to read, it would get a file beside it, or lose one."""
        database = sqlite3.connect(self.db)
        self.addCleanup(database.close)
        database.execute("PRAGMA journal_mode = WAL")
        database.execute("CREATE TABLE runs(id)")
        database.commit()
        self.assertTrue(os.path.exists(self.db + "-wal"))
        self.refuse_all("another program's database")

    def test_a_newer_one(self):
        self.good("add", self.made(1))
        database = sqlite3.connect(self.db)
        database.execute("PRAGMA user_version = 2")
        database.commit()
        database.close()
        self.refuse_all("a history of version 2, and this storsync knows version 1")

    def test_a_damaged_one(self):
        self.good("add", *[self.made(i) for i in range(1, 4)])
        with open(self.db, "rb") as file:
            sound = file.read()
        for at, what in ((4096, b"\0" * 4096), (3 * 4096, b"\xff" * 4096), (len(sound) - 4096, b"\xa5" * 4096)):
            with self.subTest(at=at):
                with open(self.db, "wb") as file:
                    file.write(sound[:at] + what + sound[at + len(what):])
                self.refuse_all("a damaged history")
        with open(self.db, "wb") as file:
            file.write(sound[:len(sound) - 5000])
        self.refuse_all("a damaged history")

    def test_nothing_there(self):
        for verb in ("list", "show", "plot"):
            self.refuse(verb, says="there is no history; `storsync history add` begins one")
        with open(self.db, "w"):
            pass
        for verb in ("list", "show", "plot"):
            self.refuse(verb, says="an empty file, no history yet")
        self.good("add", self.made(1))


class Shown(Case):
    def test_list(self):
        self.good("add", self.made(3), self.made(1), self.made(2, host="two"))
        runs = self.runs()
        self.assertEqual([(run["run_id"], run["host_id"], run["build_id"]) for run in runs],
                         [("run-01", "one", "v1"), ("run-02", "two", "v2"), ("run-03", "one", "v3")])
        self.assertEqual((runs[0]["cells"], runs[0]["invocations"], runs[0]["gated"], runs[0]["not_ok"]), (2, 12, 2, 0))
        self.assertAlmostEqual(runs[0]["gated_share"], 1 / 6, 5)
        rows = list(csv.DictReader(io.StringIO(self.good("list", "--format", "csv"))))
        self.assertEqual([row["run_id"] for row in rows], ["run-01", "run-02", "run-03"])
        self.assertEqual([row["run_id"] for row in csv.DictReader(io.StringIO(self.good("list", "--host", "two", "--format", "csv")))],
                         ["run-02"])
        text = self.good("list")
        self.assertIn("2 (16.7%)", text)
        self.assertIn(f"3 runs in {self.db}", text)

    def test_too_few_runs(self):
        self.good("add", self.made(1), self.made(2))
        text = self.good("show")
        self.assertEqual(text.count("2 runs with a value: a change point needs at least 10"), 2)
        self.assertIn("0 of 2 series had runs enough", text)

    def test_a_planted_change(self):
        self.planted()
        text = self.good("show")
        changes = re.findall(r"change at (\S+) \((\S+)\): (\S+)x \[(\S+), (\S+)\], p = (\S+)", text)
        self.assertEqual(len(changes), 2, text)
        for run, build, ratio, low, high, p in changes:
            self.assertEqual((run, build), (f"run-{STEP:02}", f"v{STEP}"))
            self.assertLess(abs(float(ratio) - FACTOR), 0.01)
            self.assertTrue(1.28 < float(low) <= float(ratio) <= float(high) < 1.32)
            self.assertTrue(0 < float(p) < 0.01)
        self.assertIn("2 of 2 series had runs enough to be searched for change points: 2 found; 0.02 would be expected by chance", text)

    def test_figures_are_those_of_the_rows(self):
        self.planted()
        for metric, column in (("isr_latency_p50", P50), ("iops", "iops")):
            expected = {}
            for i in range(RUNS):
                with open(os.path.join(self.path(f"made-{i}-"), "summary.csv"), newline="") as file:
                    for row in csv.DictReader(file):
                        if row["status"] == "ok" and row[column]:
                            expected.setdefault((row["run_id"], row["backend"]), []).append(float(row[column]))
            rows = list(csv.DictReader(io.StringIO(self.good("show", "--metric", metric, "--format", "csv"))))
            shown = json.loads(self.good("show", "--metric", metric, "--format", "json"))
            values = {(run["run_id"], series["keys"]["backend"]): run["values"] for series in shown["series"] for run in series["runs"]}
            self.assertEqual(len(rows), 2 * RUNS)
            for row in rows:
                of = expected[row["run_id"], row["backend"]]
                self.assertEqual(sorted(values[row["run_id"], row["backend"]]), sorted(of))
                self.assertEqual(int(row["n"]), len(of))
                for name, value in (("median", statistics.median(of)), ("min", min(of)), ("max", max(of)), ("median_lo", min(of))):
                    self.assertAlmostEqual(float(row[name]) / value, 1, 8, name)
            first = [row for row in rows if row["backend"] == "ticket"]
            self.assertEqual([row["run_id"] for row in first], [f"run-{i:02}" for i in range(RUNS)])
            for before, row in zip(first, first[1:]):
                self.assertAlmostEqual(float(row["to_previous"]), float(row["median"]) / float(before["median"]), 6)
                self.assertAlmostEqual(float(row["to_first"]), float(row["median"]) / float(first[0]["median"]), 6)
        self.assertEqual([row["change"] for row in rows if row["run_id"] == f"run-{STEP:02}"], ["", ""])

    def test_hosts_are_apart(self):
        """Two machines with a level each: going from one to the other is no change."""
        self.good("add", *[self.made(i, scale=1 if i < STEP else FACTOR, host="one" if i < STEP else "two") for i in range(RUNS)])
        text = self.good("show")
        self.assertNotIn("change at", text)
        self.assertEqual(text.count("host one, "), 2)
        self.assertEqual(text.count("host two, "), 2)
        text = self.good("show", "--host", "two", "--filter", "backend=ticket")
        self.assertEqual(re.findall(r"^host (\w+)", text, re.M), ["two"])
        self.assertNotIn("run-01", text)
        self.refuse("show", "--host", "three", says="is left to show", status=3)
        self.refuse("show", "--filter", "backend=mcs", says="is left to show", status=3)

    def test_plot(self):
        self.planted()
        picture = self.path("p.svg")
        self.assertEqual(self.good("plot", "-o", picture), f"{picture}: written, from {self.db}\n")
        with open(picture) as file:
            svg = file.read()
        xml.etree.ElementTree.fromstring(svg)
        texts = re.findall(r">([^<>\n]*\S[^<>\n]*)<", svg)
        for wanted in ("backend=spinlock", "backend=ticket"):
            self.assertIn(wanted, [text.strip() for text in texts])
        self.assertEqual(len(re.findall(rf">\s*1\.(?:29|30)\dx at v{STEP}\s*<", svg)), 2)
        self.assertEqual(self.good("plot", "-o", "-"), svg)
        self.refuse("plot", "-o", picture, says="exists; choose another name")
        self.refuse("plot", "-o", self.path("p.png"), says="pictures are SVG")
        letters = self.good("plot")
        self.assertIn("backend=ticket", letters)
        self.assertNotIn("<svg", letters)
        self.assertEqual([name for name in os.listdir(self.folder.name) if "part" in name], [])
        self.refuse("plot", says="gnuplot", status=4, env=dict(os.environ, PATH="/nowhere"))

    def test_nobodys_words_are_gnuplots(self):
        self.good("add", self.made(1, host="a'`touch x`\"\\", build="$(touch x)`touch x`'"), self.made(2, host="b"))
        self.good("plot", "-o", "-")
        self.good("plot")
        self.assertFalse(os.path.exists(self.path("x")))

    def test_too_many_lines(self):
        self.good("add", self.made(1, copies=5))
        self.refuse("plot", says="10 lines are too many for one picture, which holds 8; choose cells with --filter")
        self.good("plot", "--filter", "section_ns=0-3")

    def test_what_cannot_be_written(self):
        self.good("add", self.made(1))
        for arguments in (["list"], ["show"], ["plot"]):
            with open("/dev/full", "w") as full:
                result = subprocess.run([STORSYNC, "history", *arguments, "--db", self.db], stdout=full, stderr=subprocess.PIPE,
                                        text=True, timeout=60)
            self.assertEqual((result.returncode, result.stderr), (1, "storsync history: cannot write to standard output\n"))

    def test_usage(self):
        for arguments, says in ((["bogus"], "'bogus' is none of add, list, show and plot"), ([], "what to do is missing"),
                                (["add"], "a run's folder is missing"), (["list", "x"], "only `add` takes arguments"),
                                (["list", "--metric", "iops"], "--metric is not for this"), (["add", "x", "--host", "y"], "--host is not"),
                                (["show", "--metric", "nothing"], "use one of isr_latency_p50, "),
                                (["show", "--filter", "colour=blue"], "--filter: "), (["list", "--format", "xml"], "'xml' is none of"),
                                (["list", "--wait", "2h"], "out of range"), (["list", "--db", ""], "a file's name is missing")):
            with self.subTest(arguments=arguments):
                self.refuse(*arguments, says=says, db=False)


if __name__ == "__main__":
    unittest.main()
