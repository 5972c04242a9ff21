#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Print the project's performance budgets, measured here and now as ratios within one run.

Usage: scripts/budgets.py [--rounds N] [STORSYNC]

A budget is met, missed, or undecided when the rounds do not agree.  fio is used
where it is installed (apt-get install fio); nothing is asserted.
"""
import argparse
import csv
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time


def command(*arguments):
    result = subprocess.run(arguments, capture_output=True, text=True)
    if result.returncode:
        sys.exit("budgets: %s failed: %s" % (" ".join(arguments), result.stderr.strip()))
    return result.stdout


def rows_of(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file))


def micro(storsync, folder, pattern):
    """Medians over shuffled repetitions, in ns: {(benchmark, backend): ns}."""
    os.mkdir(folder)
    command(storsync, "micro", "-o", folder, "--benchmark_filter=" + pattern, "--benchmark_repetitions=9",
            "--benchmark_min_time=0.05")
    samples = {}
    for row in rows_of(os.path.join(folder, "micro.csv")):
        if row["ns_per_op"]:
            samples.setdefault((row["benchmark"], row["backend"]), []).append(float(row["ns_per_op"]))
    return {key: statistics.median(values) for key, values in samples.items()}


def locks_and_instruments(storsync, folder):
    cost = micro(storsync, folder, "uncontended/(spinlock|ticket|ck_spinlock_(fas|cas|dec|ticket)|pthread_spin)/|instrument/")
    pair = cost["instrument/stamp-pair", ""]
    flat = min(cost["uncontended", peer] for peer in ("ck_spinlock_fas", "ck_spinlock_cas", "ck_spinlock_dec", "pthread_spin"))
    return {
        "spinlock enter+leave / fastest peer": cost["uncontended", "spinlock"] / flat,
        "ticket enter+leave / ck ticket": cost["uncontended", "ticket"] / cost["uncontended", "ck_spinlock_ticket"],
        "interrupt taken / stamp pair": cost["instrument/take-interrupt", ""] / pair,
        "recording one sample, ns": cost["instrument/record-sample", ""],
    }


def simulated_iops(storsync, folder):
    command(storsync, "run", "-o", folder, "--backends", "spinlock", "--cpus", "1", "--routing", "same", "--queue-depth", "32",
            "--invocations", "3", "--duration", "500ms")
    return statistics.median(float(row["iops"]) for row in rows_of(os.path.join(folder, "summary.csv")))


def fio_iops():
    out = command("fio", "--name=null", "--ioengine=null", "--iodepth=32", "--size=100G", "--bs=4k", "--rw=randrw", "--time_based",
                  "--runtime=1", "--cpus_allowed=0", "--output-format=terse")
    fields = out.strip().splitlines()[-1].split(";")
    return float(fields[7]) + float(fields[48])


def matrix_share(storsync, folder):
    begin = time.monotonic()
    command(storsync, "run", "-o", folder, "--backends", "spinlock,ticket", "--cpus", "1,2", "--routing", "same", "--duration",
            "200ms", "--invocations", "5", "--oversubscribe")
    wall = time.monotonic() - begin
    return sum(float(row["duration_s"] or 0) for row in rows_of(os.path.join(folder, "summary.csv"))) / wall


BUDGETS = [
    ("spinlock enter+leave / fastest peer", "at most", 1.1),
    ("ticket enter+leave / ck ticket", "at most", 1.1),
    ("interrupt taken / stamp pair", "at most", 5),
    ("recording one sample, ns", "at most", 15),
    ("simulated I/O per s / fio null", "at least", 1),
    ("share of time inside windows", "at least", 0.8),
    ("memory of a run, MiB", "at most", 64),
]


def measure(storsync, folder):
    figures = locks_and_instruments(storsync, os.path.join(folder, "micro"))
    ours = simulated_iops(storsync, os.path.join(folder, "iops"))
    if shutil.which("fio"):
        figures["simulated I/O per s / fio null"] = ours / fio_iops()
    figures["share of time inside windows"] = matrix_share(storsync, os.path.join(folder, "share"))
    figures["memory of a run, MiB"] = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    return figures


def verdict(values, direction, bound):
    met = [value <= bound if direction == "at most" else value >= bound for value in values]
    return "met" if all(met) else "undecided" if any(met) else "missed"


def main():
    parser = argparse.ArgumentParser(description=re.sub(r"\n\nUsage.*", "", __doc__, flags=re.S))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("storsync", nargs="?", default=os.path.join(os.path.dirname(__file__), "..", "build", "storsync"))
    arguments = parser.parse_args()
    rounds = []
    for _ in range(arguments.rounds):
        with tempfile.TemporaryDirectory() as folder:
            rounds.append(measure(arguments.storsync, folder))
    print("%-38s %-8s %6s %9s %9s %9s  %s" % ("budget", "", "bound", "median", "min", "max", "verdict"))
    for name, direction, bound in BUDGETS:
        values = [figures[name] for figures in rounds if name in figures]
        if not values:
            print("%-38s %-8s %6g   not measured: fio is not installed" % (name, direction, bound))
            continue
        print("%-38s %-8s %6g %9.2f %9.2f %9.2f  %s" % (name, direction, bound, statistics.median(values), min(values), max(values),
                                                        verdict(values, direction, bound)))


if __name__ == "__main__":
    main()
