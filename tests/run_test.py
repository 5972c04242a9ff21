#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""`storsync run` when it is killed, interrupted, crowded out, resumed, shared out: what is done stays, and is done once.

Usage: run_test.py STORSYNC [unittest options]
"""
import csv
import glob
import json
import os
import random
import re
import resource
import signal
import subprocess
import sys
import time
import unittest

sys.dont_write_bytecode = True
import command
from command import STORSYNC, digest, rows_of, storsync

FILES = ["summary.csv", "latency.csv", "histogram.csv", "cpus.csv", "windows.csv", "events.csv", "verifier.csv", "env.csv"]
# Three cells, one of them refused, three blocks.
SMALL = ["--backends", "spinlock,ticket,irqmask-local", "--cpus", "2", "--routing", "same", "--duration", "60ms", "--warmup", "5ms",
         "--invocations", "3", "--seed", "7"]
DONE = 6  # invocations of it


def journal_of(directory):
    try:
        with open(os.path.join(directory, "journal.jsonl")) as file:
            lines = file.read().split("\n")
    except FileNotFoundError:
        return []
    # The last one may be torn.
    return [json.loads(line) for line in lines[:-1]]


def done_of(directory):
    return [event["order"] for event in journal_of(directory) if event["event"] == "invocation"]


def what_was_run(directory):
    """What does not depend on time: which rows there are, and in which order."""
    return [(row["cell_id"], row["invocation"], row["block"], row["order_index"], row["seed"],
             "ok" if was_taken_away(row) else row["status"]) for row in rows_of(directory)]


def was_taken_away(row):
    """Whether the machine gave it no time at all: nothing that a test of the run's own could do about."""
    return row["status"] == "failed" and row["status_reason"].startswith("no I/O was completed in the window")


class Case(command.Case):
    SPEAKER = "storsync run"

    def storsync(self, *arguments, **options):
        return storsync(*arguments, cwd=self.folder.name, **options)

    def ask(self, *arguments, **options):
        return self.storsync("run", *arguments, **options)

    def run_to_end(self, *arguments, out=None, status=0):
        result = self.storsync("run", *arguments, "-o", out or self.out)
        if status == 0 and result.returncode == 5 and any(map(was_taken_away, rows_of(out or self.out))):
            self.assertTrue(all(row["status"] in ("ok", "skipped") or was_taken_away(row) for row in rows_of(out or self.out)))
        else:
            self.assertEqual(result.returncode, status, result.stdout + result.stderr)
        return result

    def start(self, *arguments):
        process = subprocess.Popen([STORSYNC, "run", *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   cwd=self.folder.name)
        self.addCleanup(self.end, process)
        return process

    @staticmethod
    def end(process):
        if process.poll() is None:
            process.kill()
        process.wait()
        process.stdout.close()
        process.stderr.close()

    def wait_for(self, condition, what):
        for _ in range(6000):
            if condition():
                return
            time.sleep(0.01)
        self.fail(f"never: {what}")

    def check_whole(self, directory):
        """Nothing is left of the making, every row is there once, and every file goes with the summary."""
        names = sorted(os.listdir(directory))
        self.assertEqual(names, sorted(FILES + ["benchmark.json", "datapackage.json", "journal.jsonl", "run.json"]))
        self.assertEqual(journal_of(directory)[-1]["event"], "complete")
        result = self.storsync("validate", directory)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        measured = [(row["cell_id"], row["invocation"]) for row in rows_of(directory) if row["invocation"]]
        self.assertEqual(len(measured), len(set(measured)))
        for name in FILES:
            if name in ("summary.csv", "env.csv"):
                continue
            keys = [(row["cell_id"], row["invocation"]) for row in rows_of(directory, name)]
            self.assertTrue(set(keys) <= set(measured), name)
            # Rows of an invocation stand together: none came twice.
            groups = [key for i, key in enumerate(keys) if not i or keys[i - 1] != key]
            self.assertEqual(len(groups), len(set(groups)), name)
        with open(os.path.join(directory, "benchmark.json")) as file:
            self.assertEqual(len(json.load(file)["benchmarks"]), len(measured))


class Killed(Case):
    def test_killed_at_random_it_ends_with_the_same_rows(self):
        undisturbed = os.path.join(self.folder.name, "undisturbed")
        self.run_to_end(*SMALL, out=undisturbed)
        self.check_whole(undisturbed)
        self.assertEqual(len(what_was_run(undisturbed)), DONE + 1)
        rng = random.Random(1)
        kept = []
        for _ in range(6):
            process = self.start(*SMALL, "-o", self.out)
            time.sleep(rng.uniform(0, 0.35))
            process.send_signal(signal.SIGKILL)
            process.communicate()
            now = done_of(self.out)
            self.assertEqual(now[:len(kept)], kept, "what was done before the kill is no longer there")
            kept = now
        self.run_to_end(*SMALL)
        self.check_whole(self.out)
        self.assertEqual(what_was_run(self.out), what_was_run(undisturbed))

    def test_killed_while_collecting(self):
        """As a kill between the last invocation and the end leaves it."""
        self.run_to_end(*SMALL)
        whole = what_was_run(self.out)
        process = self.start(*SMALL, "-o", os.path.join(self.folder.name, "other"))
        other = os.path.join(self.folder.name, "other")
        self.wait_for(lambda: len(done_of(other)) == DONE, "all invocations done")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        with open(os.path.join(other, ".summary.csv.part"), "w") as file:
            file.write("schema_ver")
        if journal_of(other)[-1]["event"] != "complete":
            self.run_to_end(*SMALL, out=other)
            self.check_whole(other)
        self.assertEqual(what_was_run(other), whole)

    def test_no_cell_outlives_its_run(self):
        process = self.start("--backends", "spinlock", "--cpus", "1", "--duration", "30s", "-o", self.out)
        children = f"/proc/{process.pid}/task/{process.pid}/children"
        cells = []

        def has_cell():
            with open(children) as file:
                cells[:] = file.read().split()
            return bool(cells)
        self.wait_for(has_cell, "a cell's process")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        self.wait_for(lambda: not os.path.exists(f"/proc/{cells[0]}"), "the cell's end")

    def test_a_cell_that_is_killed_is_a_row(self):
        process = self.start("--backends", "spinlock,ticket", "--cpus", "1", "--routing", "same", "--duration", "300ms", "--invocations", "1", "-o", self.out)
        children = f"/proc/{process.pid}/task/{process.pid}/children"

        def kill_cell():
            with open(children) as file:
                cells = file.read().split()
            for cell in cells:
                os.kill(int(cell), signal.SIGSEGV)
            return bool(cells)
        self.wait_for(kill_cell, "a cell's process")
        stdout, stderr = process.communicate()
        self.assertEqual(process.returncode, 5, stderr)
        self.assertIn("crashed", stderr)
        statuses = sorted(row["status"] for row in rows_of(self.out))
        self.assertEqual(statuses, ["crashed", "ok"])
        crashed = [row for row in rows_of(self.out) if row["status"] == "crashed"][0]
        self.assertIn("signal 11", crashed["status_reason"])
        # It is done all the same: the row says what became of it.
        self.assertIn("is complete", self.storsync("run", "--backends", "spinlock,ticket", "--cpus", "1", "--routing", "same", "--duration", "300ms",
                                                   "--invocations", "1", "-o", self.out).stdout)


    def test_killed_while_clearing_up(self):
        """As a kill behind the journal's last line leaves it: nothing is damaged, and the same command takes the rest away."""
        self.run_to_end(*SMALL)
        parts = os.path.join(self.out, "parts")
        os.mkdir(parts)
        for name in ("000006.json", "skipped.json", ".000006.json.part"):
            with open(os.path.join(parts, name), "w") as file:
                file.write("{}")
        with open(os.path.join(self.out, "run.lock"), "w"):
            pass
        self.assertEqual(self.storsync("validate", self.out).returncode, 0)
        self.assertIn("is complete", self.run_to_end(*SMALL).stdout)
        self.check_whole(self.out)

    def test_a_part_that_has_changed_is_no_row(self):
        """A byte of what is not in the files yet: it is named, and only that invocation is measured again."""
        process = self.start(*SMALL, "--duration", "100ms", "-o", self.out)
        self.wait_for(lambda: len(done_of(self.out)) >= 2, "invocations")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        done = done_of(self.out)
        self.assertEqual(self.storsync("validate", self.out).returncode, 5)
        part = os.path.join(self.out, "parts", f"{done[0]:06}.json")
        with open(part) as file:
            text = file.read()
        with open(part, "w") as file:
            # Another digit, and not 0, which no number begins with.
            file.write(re.sub(r'("isr_latency_p50_ns":)(\d)', lambda match: match[1] + str(int(match[2]) % 8 + 1), text, count=1))
        result = self.storsync("validate", self.out)
        self.assertEqual(result.returncode, 1)
        self.assertIn(f"parts/{done[0]:06}.json: changed since it was written", result.stdout)
        result = self.run_to_end(*SMALL, "--duration", "100ms", status=5)
        self.assertIn(f'remove the line with "order":{done[0]} from {self.out}/journal.jsonl', result.stderr)
        self.assertNotIn("make room", result.stderr)
        journal = os.path.join(self.out, "journal.jsonl")
        with open(journal) as file:
            lines = file.readlines()
        with open(journal, "w") as file:
            file.writelines(line for line in lines if f'"order":{done[0]},' not in line)
        self.run_to_end(*SMALL, "--duration", "100ms")
        self.check_whole(self.out)
        self.assertEqual(len(what_was_run(self.out)), DONE + 1)


class Interrupted(Case):
    def interrupt(self, *arguments, after=2):
        process = self.start(*arguments)
        self.wait_for(lambda: len(done_of(self.out)) >= after or process.poll() is not None, "invocations")
        process.send_signal(signal.SIGINT)
        stdout, stderr = process.communicate()
        return process.returncode, stdout, stderr

    def test_control_c_ends_cleanly_and_says_how_to_go_on(self):
        long = [*SMALL, "--duration", "200ms", "-o", self.out]
        status, stdout, stderr = self.interrupt(*long)
        self.assertEqual(status, 5, stderr)
        self.assertRegex(stderr, r"interrupted: \d of 6 invocations are done and safe in .*; the same command goes on")
        self.assertNotIn("Traceback", stderr)
        # What there is, is in the files.
        self.assertEqual(len(rows_of(self.out)), len(done_of(self.out)) + 1)
        done = done_of(self.out)
        result = self.storsync("run", *long)
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn(f"going on with {self.out}: {len(done)} of 6 invocations are done", result.stderr)
        self.assertEqual(done_of(self.out)[:len(done)], done)
        self.check_whole(self.out)

    def test_what_is_ignored_from_the_start_stays_ignored(self):
        """As under nohup."""
        process = subprocess.Popen([STORSYNC, "run", *SMALL, "-o", self.out], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))
        self.addCleanup(self.end, process)
        self.wait_for(lambda: done_of(self.out), "an invocation")
        process.send_signal(signal.SIGHUP)
        self.assertEqual(process.communicate()[1].count("interrupted"), 0)
        self.assertEqual(process.returncode, 0)
        self.check_whole(self.out)

    def test_how_to_go_on_with_a_fresh_one(self):
        status, stdout, stderr = self.interrupt(*SMALL, "--duration", "200ms", "--fresh", "-o", self.out)
        self.assertEqual(status, 5, stderr)
        self.assertIn("the same command without --fresh goes on", stderr)
        self.assertRegex(stdout, r"Medians of [0-2] to [1-3] invocations a cell|Medians of [12] invocations? a cell")
        self.assertNotIn("--fresh", self.storsync("status", self.out).stdout)

    def test_closed_streams(self):
        def close():
            for stream in (0, 1, 2):
                os.close(stream)
        result = subprocess.run([STORSYNC, "run", *SMALL, "-o", self.out], preexec_fn=close, timeout=150)
        self.assertEqual(result.returncode, 0)
        self.check_whole(self.out)

    def test_two_processes_do_not_share_a_folder(self):
        process = self.start(*SMALL, "--duration", "1s", "-o", self.out)
        self.wait_for(lambda: done_of(self.out), "an invocation")
        result = self.storsync("run", *SMALL, "--duration", "1s", "-o", self.out)
        self.assertEqual(result.returncode, 2)
        self.assertIn("a process is at this run already", result.stderr)
        process.send_signal(signal.SIGINT)
        process.communicate()
        self.assertEqual(process.returncode, 5)

    def test_without_o_the_same_command_goes_on_in_the_same_folder(self):
        process = self.start(*SMALL, "--duration", "200ms")
        results = os.path.join(self.folder.name, "results")
        self.wait_for(lambda: glob.glob(results + "/*/journal.jsonl") and done_of(glob.glob(results + "/*")[0]), "an invocation")
        process.send_signal(signal.SIGKILL)
        process.communicate()
        folder = os.listdir(results)
        result = self.storsync("run", *SMALL, "--duration", "200ms")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("going on with results/" + folder[0], result.stderr)
        self.assertEqual(os.listdir(results), folder)
        self.check_whole(os.path.join(results, folder[0]))
        # It is complete: the same command now means a new run.
        result = self.storsync("run", *SMALL, "--seed", "8")
        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertEqual(len(os.listdir(results)), 2)


    def test_several_at_once_without_o(self):
        """Within a second, with one seed: each has a folder of its own."""
        processes = [self.start("--backends", "spinlock", "--cpus", "1", "--routing", "same", "--duration", "5ms", "-n", "1",
                                "--seed", "7") for _ in range(3)]
        for process in processes:
            self.assertEqual(process.communicate()[1].count("a process is"), 0)
            # They crowd each other out, and a cell may have measured nothing.
            self.assertIn(process.returncode, (0, 5))
        folders = glob.glob(os.path.join(self.folder.name, "results", "*"))
        self.assertEqual(len(folders), 3)
        for folder in folders:
            self.check_whole(folder)
            self.assertEqual({row["run_id"] for row in rows_of(folder)}, {os.path.basename(folder)})


class Housekeeping(Case):
    def test_the_run_keeps_off_the_measured_core(self):
        if len(os.sched_getaffinity(0)) < 2:
            self.skipTest("there is no other CPU")
        process = self.start("--backends", "spinlock", "--cpus", "1", "--routing", "same", "--duration", "500ms", "--invocations", "2",
                             "-o", self.out)

        def look():
            with open(f"/proc/{process.pid}/task/{process.pid}/children") as file:
                children = file.read().split()
            own, cell = set(), set()
            try:
                own.update(os.sched_getaffinity(process.pid))
                # Of its threads, the simulated CPU's is pinned to where it measures.
                for task in os.listdir(f"/proc/{children[0]}/task"):
                    affinity = os.sched_getaffinity(int(task))
                    if len(affinity) == 1:
                        cell.update(affinity)
            except (IndexError, OSError):
                return False
            # Until it pins itself, a cell is where the process was that started it.
            return bool(cell) and not own & cell
        self.wait_for(look, "a cell that is pinned, and elsewhere than the run")
        process.communicate()
        self.assertEqual(process.returncode, 0)


class Refused(Case):
    def test_another_runs_folder(self):
        self.run_to_end(*SMALL)
        self.refuse(*SMALL, "--queue-depth", "16", "-o", "out", says="queue_depth")
        self.refuse(*SMALL, "--backends", "spinlock", "-o", "out", says="another run is in this folder")
        self.refuse(*SMALL, "--seed", "8", "-o", "out", says="seed")
        self.refuse(*SMALL, "--shard", "1/2", "-o", "out", says="shard")
        self.refuse(*SMALL, "--queue-depth", "16", "--fresh", "-o", "out", says="another matrix")
        manifest = os.path.join(self.out, "run.json")
        with open(manifest) as file:
            text = file.read()
        for change, says in [(('"schema_version": 2', '"schema_version": 1'), "columns"), (('"build_id": "', '"build_id": "x'), "build"),
                             (('"format"', '"farmat"'), "run.json"), (("{", "["), "run.json")]:
            self.assertIn(change[0], text)
            with open(manifest, "w") as file:
                file.write(text.replace(*change))
            self.refuse(*SMALL, "-o", "out", says=says)
        with open(manifest, "w") as file:
            file.write(text)
        journal = os.path.join(self.out, "journal.jsonl")
        with open(journal) as file:
            lines = file.read().split("\n")
        with open(journal, "w") as file:
            file.write("\n".join([lines[0], "{}", *lines[1:]]))
        self.refuse(*SMALL, "-o", "out", says="journal.jsonl:2")

    def test_another_trace_of_the_same_name(self):
        trace = os.path.join(self.folder.name, "log.fio")

        def write(commands):
            with open(trace, "w") as file:
                file.write("fio version 2 iolog\n/dev/sda add\n/dev/sda open\n")
                file.writelines(f"/dev/sda write {4096 * i} 4096\n" for i in range(commands))
                file.write("/dev/sda close\n")
        matrix = ["--backends", "spinlock", "--cpus", "1", "--routing", "same", "-n", "2", "--seed", "7", "--trace", trace]
        write(200)
        self.run_to_end(*matrix, "--budget", "1ms", status=5)
        write(100)
        result = self.storsync("run", *matrix, "-o", self.out)
        self.assertEqual(result.returncode, 2)
        self.assertIn("the trace's file has another content", result.stderr)
        write(200)
        self.run_to_end(*matrix)
        self.check_whole(self.out)
        self.assertEqual([row["ios"] for row in rows_of(self.out)], ["200", "200"])
        latin = os.fsencode(self.folder.name) + b"/l\xf6g.fio"
        os.rename(trace, latin)
        result = self.storsync("run", *matrix[:-1], os.fsdecode(latin), "-o", "new")
        self.assertEqual(result.returncode, 2)
        self.assertIn("--trace: the file's name is not UTF-8", result.stderr)

    def test_what_is_no_folder_of_a_run(self):
        os.mkdir(self.out)
        with open(os.path.join(self.out, "thesis.tex"), "w") as file:
            file.write("precious")
        self.refuse(*SMALL, "-o", "out", says="not empty")
        self.refuse(*SMALL, "--fresh", "-o", "out", says="not empty")
        self.refuse(*SMALL, "-o", "out/thesis.tex", says="thesis.tex")
        self.refuse(*SMALL, "-o", "/proc/results", says="/proc/results")

    def test_somebody_elses_parts(self):
        os.makedirs(os.path.join(self.out, "parts"))
        with open(os.path.join(self.out, "parts", "bolt.stl"), "w") as file:
            file.write("precious")
        self.refuse(*SMALL, "-o", "out", says="not empty")

    def test_other_cores_than_before(self):
        cores = sorted(os.sched_getaffinity(0))
        if len(cores) < 2:
            self.skipTest("one CPU only")
        matrix = ["--backends", "spinlock", "--cpus", "1,2", "--routing", "same", "--duration", "20ms", "-n", "2", "--seed", "7"]
        self.run_to_end(*matrix, "--budget", "1ms", status=5)
        result = self.storsync("run", *matrix, "-o", self.out, preexec_fn=lambda: os.sched_setaffinity(0, cores[:1]))
        self.assertEqual(result.returncode, 2)
        self.assertIn("cell 2 may not run any more: ", result.stderr)
        self.run_to_end(*matrix)
        self.check_whole(self.out)

    def test_what_was_merged(self):
        matrix = ["--backends", "spinlock", "--cpus", "1", "--routing", "same", "--duration", "5ms", "-n", "2", "--seed", "7"]
        self.run_to_end(*matrix, "--shard", "1/2", out=os.path.join(self.folder.name, "shard"))
        self.assertEqual(self.storsync("merge", "shard", "-o", "out").returncode, 5)
        self.refuse(*matrix, "-o", "out", says="it was merged from others")
        self.refuse(*matrix, "-o", "out", "--fresh", says="was merged from others")

    def test_a_folder_that_cannot_be_written(self):
        if os.geteuid() == 0:
            self.skipTest("root may write everywhere")
        os.mkdir(self.out, 0o555)
        self.refuse(*SMALL, "-o", "out", says="Permission denied")

    def test_a_disk_that_is_full(self):
        os.mkdir(self.out)
        mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", self.out], capture_output=True)
        if mounted.returncode:
            self.skipTest("no right to mount a small disk")
        self.addCleanup(subprocess.run, ["umount", self.out])
        with open(os.path.join(self.out, "filler"), "wb") as file:
            file.write(bytes(700000))
        result = self.storsync("run", *SMALL, "-o", os.path.join(self.out, "run"))
        self.assertEqual(result.returncode, 4, result.stderr)
        self.assertRegex(result.stderr, r"MiB are free, and 6 invocations may take \d+ MiB")

    def test_a_disk_that_fills_up(self):
        """Files that may not grow stand for it: the run stops, keeps what it has, and goes on when there is room."""
        def little():
            signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
            resource.setrlimit(resource.RLIMIT_FSIZE, (16000, resource.RLIM_INFINITY))
        result = self.storsync("run", *SMALL, "-o", self.out, preexec_fn=little)
        self.assertEqual(result.returncode, 5, result.stderr)
        self.assertIn("what is done is safe: make room", result.stderr)
        self.assertEqual(done_of(self.out), [])
        self.run_to_end(*SMALL)
        self.check_whole(self.out)


class Extent(Case):
    def test_fresh_starts_over(self):
        self.run_to_end(*SMALL)
        first = rows_of(self.out)
        self.assertIn("is complete: 6 invocations; --fresh starts over", self.run_to_end(*SMALL).stdout)
        self.assertEqual(rows_of(self.out), first)
        self.run_to_end(*SMALL, "--fresh")
        self.check_whole(self.out)
        self.assertEqual(what_was_run(self.out), [(row["cell_id"], row["invocation"], row["block"], row["order_index"], row["seed"],
                                                   row["status"]) for row in first])
        self.assertNotEqual([row["started_utc"] + row["isr_latency_mean_ns"] for row in rows_of(self.out)],
                            [row["started_utc"] + row["isr_latency_mean_ns"] for row in first])

    def test_shards_are_the_matrix(self):
        self.run_to_end(*SMALL)
        united = []
        for k in (1, 2):
            shard = os.path.join(self.folder.name, f"shard{k}")
            self.run_to_end(*SMALL, "--shard", f"{k}/2", out=shard)
            self.check_whole(shard)
            self.assertEqual({row["block"] for row in rows_of(shard) if row["block"]}, {"1", "3"} if k == 1 else {"2"})
            # Those of one second would otherwise have the same, and could not be merged.
            self.assertRegex(rows_of(shard)[0]["run_id"], rf"^\d{{8}}T\d{{6}}Z-00000007-{k}of2$")
            united += [row for row in what_was_run(shard) if row[1]]
        # They may begin in the same second, and are of one seed.
        self.assertEqual([os.path.basename(rows_of(os.path.join(self.folder.name, f"shard{k}"))[0]["run_id"]).rsplit("-")[-1]
                          for k in (1, 2)], ["1of2", "2of2"])
        whole = [row for row in what_was_run(self.out) if row[1]]
        self.assertEqual(sorted(united, key=lambda row: int(row[3])), whole)

    def test_until_ci_adds_blocks_until_the_budget_is_gone(self):
        matrix = ["--backends", "spinlock", "--cpus", "1", "--routing", "same", "--duration", "20ms", "--warmup", "5ms",
                  "--invocations", "6", "--seed", "7"]
        # Wide enough for anything: nothing is added.
        result = self.run_to_end(*matrix, "--until-ci", "100%")
        self.assertEqual(len(rows_of(self.out)), 6)
        self.assertIn("within 100% in all but 0 of 1 cells", result.stdout)
        self.check_whole(self.out)
        # Too narrow for anything.
        out = os.path.join(self.folder.name, "narrow")
        narrow = [*matrix, "--until-ci", "0.0001%:isr_latency_mean_ns", "--budget", "500ms", "-o", out]
        rows = []
        while len(rows) <= 6:
            result = self.storsync("run", *narrow)
            self.assertGreater(len(rows_of(out)), len(rows), "each time one more at least")
            rows = rows_of(out)
            self.assertEqual(result.returncode, 0 if len(rows) >= 6 else 5, result.stderr)
        self.assertRegex(result.stdout, r"median of isr_latency_mean_ns within 0.0001% in all but 1 of 1 cells")
        orders = [int(row["order_index"]) for row in rows]
        self.assertEqual(orders, sorted(set(orders)))
        self.assertEqual(self.storsync("validate", out).returncode, 5)
        # It goes on where it was.
        self.assertEqual(self.storsync("run", *narrow).returncode, 0)
        more = rows_of(out)
        self.assertGreater(len(more), len(rows))
        self.assertEqual(more[:len(rows)], rows)

    def test_until_ci_of_a_shard_stays_in_its_blocks(self):
        matrix = ["--backends", "spinlock", "--cpus", "1", "--routing", "same", "--duration", "5ms", "--warmup", "1ms", "-n", "2", "--seed", "7"]
        shards = [os.path.join(self.folder.name, f"shard{k}") for k in (1, 2)]
        for k, shard in enumerate(shards, 1):
            # Each time there is at least one more.
            for _ in range(2):
                self.run_to_end(*matrix, "--shard", f"{k}/2", "--until-ci", "0.0001%", "--budget", "500ms", out=shard)
            blocks = [int(row["block"]) for row in rows_of(shard)]
            self.assertGreater(max(blocks), 2)
            self.assertEqual({block % 2 for block in blocks}, {k % 2})
            self.assertEqual(self.storsync("validate", shard).returncode, 5)
        self.assertEqual(self.storsync("merge", *shards, "-o", self.out).returncode, 5)
        self.assertEqual(self.storsync("validate", self.out).returncode, 5)
        self.refuse(*matrix, "--shard", "1/2", "--until-ci", "50%", "-o", shards[0], says="another --until-ci")

    def test_a_budget_ends_the_run_and_the_next_goes_on(self):
        result = self.run_to_end(*SMALL, "--duration", "300ms", "--budget", "600ms", status=5)
        self.assertIn("the budget is gone", result.stderr)
        self.assertLess(len(done_of(self.out)), DONE)
        self.assertGreater(len(done_of(self.out)), 0)
        self.run_to_end(*SMALL, "--duration", "300ms")
        self.check_whole(self.out)

    def test_the_share_of_time_in_windows_is_told(self):
        result = self.run_to_end(*SMALL)
        self.assertRegex(result.stdout, r"Time: [\d.]+ s, estimated [\d.]+ s( to [\d.]+ s)?; \d+% of it inside measured windows")
        self.assertTrue(all(event["wall_ns"] > event["window_ns"] > 0 for event in journal_of(self.out)
                            if event["event"] == "invocation"))


if __name__ == "__main__":
    unittest.main()
