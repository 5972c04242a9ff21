#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""The files of a run, read by somebody who knows nothing but datapackage.json: pandas, and Python's own csv.

Two shards of a small matrix are run and merged; what holds for the merged run's folder holds for any.

Usage: reader_test.py STORSYNC [unittest options]
"""
import csv
import fnmatch
import hashlib
import json
import os
import re
import shutil
import sys
import tempfile
import unittest

DEBIANS_PYTHON = "/usr/bin/python3"

try:
    import pandas
except ImportError:
    pandas = None
    # Debian's pandas is for Debian's Python, which need not be the first one on the path.
    if sys.executable != DEBIANS_PYTHON and os.path.exists(DEBIANS_PYTHON):
        os.execv(DEBIANS_PYTHON, [DEBIANS_PYTHON, *sys.argv])

sys.dont_write_bytecode = True
from command import STORSYNC, rows_of, storsync

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..")
MATRIX = ["--backends", "spinlock,irqmask-local", "--cpus", "1,2", "--routing", "same", "--duration", "60ms", "--warmup", "10ms",
          "--oversubscribe", "--invocations", "2"]
UNIT_OF_SUFFIX = {"_ns": "ns", "_ms": "ms", "_s": "s", "_hz": "Hz", "_ppm": "ppm", "_bytes": "byte", "_per_s": "1/s"}


def describe(directory):
    """A manifest and a journal for a folder that has rows only: as much of them as merging looks at."""
    rows = rows_of(directory)
    cells = {row["cell_id"]: row for row in rows}
    done = [row for row in rows if row["invocation"]]
    with open(os.path.join(directory, "run.json"), "w", encoding="utf-8") as file:
        json.dump({"format": "storsync-run", "schema_version": int(rows[0]["schema_version"]), "run_id": rows[0]["run_id"],
                   "created_utc": done[0]["started_utc"], "host_id": rows[0]["host_id"], "build_id": rows[0]["build_id"],
                   "command": ["run"], "seed": 42, "invocations": max(int(row["invocation"]) for row in done), "shard": 1,
                   "shards": 1,
                   "matrix": {"name": "small", "cells": [{"id": name, "refusal": row["status_reason"] if row["status"] == "skipped" else None,
                                                          "spec": {"backend": row["backend"]}} for name, row in cells.items()]}}, file)
    with open(os.path.join(directory, "journal.jsonl"), "w", encoding="utf-8") as file:
        print('{"event":"start"}', file=file)
        for row in done:
            print(json.dumps({"event": "invocation", "order": int(row["order_index"]), "block": int(row["block"]),
                              "cell": row["cell_id"], "status": row["status"], "wall_ns": 100000000, "window_ns": 60000000}), file=file)
        print('{"event":"complete"}', file=file)


class Reader(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.mkdtemp()
        cls.addClassCleanup(shutil.rmtree, cls.folder)
        measured = os.path.join(cls.folder, "measured")
        result = storsync("run", "-o", measured, "--seed", "42", *MATRIX)
        # 5: a window in which a busy machine left it nothing is a row like any other, and what is missing `validate` would tell.
        if result.returncode not in (0, 5):
            raise AssertionError(result.stderr)
        cls.directory = measured
        if not os.path.exists(os.path.join(measured, "datapackage.json")):
            describe(measured)
            cls.directory = os.path.join(cls.folder, "merged")
            result = storsync("merge", measured, "-o", cls.directory)
            if result.returncode != 0:
                raise AssertionError(result.stderr)
        with open(os.path.join(cls.directory, "datapackage.json"), encoding="utf-8") as file:
            cls.package = json.load(file)
        cls.tables = {resource["name"]: resource for resource in cls.package["resources"] if "schema" in resource}
        cls.rows = {}
        for name, resource in cls.tables.items():
            with open(os.path.join(cls.directory, resource["path"]), newline="", encoding=resource["encoding"]) as file:
                cls.rows[name] = list(csv.DictReader(file, delimiter=resource["dialect"]["delimiter"]))

    def each_table(self):
        for name, resource in self.tables.items():
            with self.subTest(table=name):
                yield name, resource, resource["schema"]["fields"], self.rows[name]

    def test_the_run_is_sound(self):
        result = storsync("validate", self.directory)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_nothing_is_left_out(self):
        described = {resource["path"] for resource in self.package["resources"]}
        found = {name for name in os.listdir(self.directory) if name.endswith(".csv") or name in ("benchmark.json", "run.json")}
        self.assertEqual(described, found)
        self.assertLessEqual({"summary", "latency", "histogram", "cpus"}, set(self.tables))
        self.assertIn("skipped", {row["status"] for row in self.rows["summary"]})

    def test_names_are_what_the_standard_allows(self):
        self.assertEqual(self.package["profile"], "data-package")
        for name in [self.package["name"], *(resource["name"] for resource in self.package["resources"])]:
            self.assertRegex(name, r"^[-a-z0-9._/]+$")

    def test_files_are_those_described(self):
        for resource in self.package["resources"]:
            with self.subTest(path=resource["path"]), open(os.path.join(self.directory, resource["path"]), "rb") as file:
                data = file.read()
                self.assertEqual(len(data), resource["bytes"])
                self.assertEqual("sha256:" + hashlib.sha256(data).hexdigest(), resource["hash"])

    def test_columns_and_row_counts(self):
        for name, resource, fields, rows in self.each_table():
            self.assertEqual(len(rows), resource["rows"])
            with open(os.path.join(self.directory, resource["path"]), newline="", encoding="utf-8") as file:
                self.assertEqual(next(csv.reader(file)), [field["name"] for field in fields])

    def test_values_are_of_their_types(self):
        shapes = {"integer": r"\d+", "number": r"-?\d+(\.\d+)?(e[-+]?\d+)?", "boolean": r"[01]",
                  "datetime": r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", "string": r"(?s:.+)"}
        for name, resource, fields, rows in self.each_table():
            self.assertEqual(resource["schema"]["missingValues"], [""])
            for field in fields:
                shape = re.compile(shapes[field["type"]])
                wrong = [row[field["name"]] for row in rows if row[field["name"]] and not shape.fullmatch(row[field["name"]])]
                self.assertEqual(wrong, [], field["name"])

    def test_units(self):
        for name, resource, fields, rows in self.each_table():
            for field in fields:
                suffix = max((s for s in UNIT_OF_SUFFIX if field["name"].endswith(s)), key=len, default=None)
                if suffix:
                    self.assertEqual(field.get("unit"), UNIT_OF_SUFFIX[suffix], field["name"])
                self.assertTrue(field["description"], field["name"])

    def test_keys(self):
        summary = {tuple(row[column] for column in ["run_id", "cell_id", "invocation"]) for row in self.rows["summary"]}
        self.assertEqual(len(summary), len(self.rows["summary"]))
        for name, resource, fields, rows in self.each_table():
            names = {field["name"] for field in fields}
            for reference in resource["schema"].get("foreignKeys", []):
                self.assertEqual(reference["reference"]["resource"], "summary")
                keys = {tuple(row[column] for column in reference["fields"]) for row in rows}
                self.assertLessEqual(keys, summary)
            key = resource["schema"].get("primaryKey", [])
            self.assertLessEqual(set(key), names)
            if key:
                self.assertEqual(len({tuple(row[column] for column in key) for row in rows}), len(rows))
            if name not in ("summary", "env"):
                self.assertIn("foreignKeys", resource["schema"])

    def test_every_column_is_in_the_documents(self):
        with open(os.path.join(ROOT, "results", "README.md"), encoding="utf-8") as file:
            sections = dict(re.findall(r"^## (\S+)\n(.*?)(?=^## |\Z)", file.read(), re.M | re.S))
        for name, resource, fields, rows in self.each_table():
            documented = {}
            for line in re.findall(r"^\| (`.*) \|$", sections[resource["path"]], re.M):
                names, *rest = [cell.strip() for cell in line.split(" | ")]
                documented.update({column: rest for column in re.findall(r"`([^`]+)`", names)})
            for field in fields:
                exact = documented.get(field["name"])
                if exact:
                    self.assertEqual(exact[0], field["type"], field["name"])
                    self.assertIn(field["description"], exact[-1] if not exact[-1].endswith(": gaps") else field["description"])
                else:
                    self.assertTrue(any("*" in pattern and fnmatch.fnmatchcase(field["name"], pattern) for pattern in documented),
                                    f"{field['name']} of {resource['path']} is not in results/README.md")
            for pattern in documented:
                self.assertTrue(fnmatch.filter([field["name"] for field in fields], pattern) or pattern.startswith("*"), pattern)

    @unittest.skipUnless(pandas, "pandas is not installed: apt-get install python3-pandas")
    def test_pandas(self):
        kinds = {"integer": "Int64", "number": "float64", "string": "string", "boolean": "boolean"}
        frames = {}
        for name, resource, fields, rows in self.each_table():
            frame = pandas.read_csv(
                os.path.join(self.directory, resource["path"]), keep_default_na=False, na_values=resource["schema"]["missingValues"],
                dtype={field["name"]: kinds[field["type"]] for field in fields if field["type"] in kinds},
                parse_dates=[field["name"] for field in fields if field["type"] == "datetime"],
                true_values=["1"], false_values=["0"])
            frames[name] = frame
            self.assertEqual(len(frame), resource["rows"])
            for field in fields:
                column = frame[field["name"]]
                self.assertEqual(int(column.isna().sum()), sum(not row[field["name"]] for row in rows), field["name"])
                if field["type"] == "datetime" and column.notna().any():
                    self.assertIsNotNone(column.dropna().dt.tz, field["name"])
        measured = frames["summary"][frames["summary"]["status"] == "ok"]
        self.assertGreater(len(measured), 0)
        both = frames["cpus"].merge(measured, on=["run_id", "cell_id", "invocation"], validate="many_to_one")
        self.assertEqual(len(both), len(frames["cpus"]))
        buckets = frames["histogram"][frames["histogram"]["metric"] == "isr_latency"]
        sums = buckets.groupby(["run_id", "cell_id", "invocation"])["count"].sum()
        n = measured.set_index(["run_id", "cell_id", "invocation"])["isr_latency_n"]
        self.assertTrue((sums.sort_index() == n.sort_index()).all())


if __name__ == "__main__":
    unittest.main()
