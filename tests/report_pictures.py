# SPDX-License-Identifier: MIT
"""The tables beneath a report's pictures, against the CSV files of the run: for report_test.py.

A picture shows one group of cells, those that differ in nothing but the back end (and the axis).  Which one, the files do not say: there must be one
in which every number is right, and the title must agree with it.
"""
import collections
import csv
import math
import os
import re
import statistics

KEYS = ("delivery", "duplex", "interrupt_mode", "workload", "arrival", "irq_routing", "vectors", "queue_depth", "section_ns", "think_ns", "service_time",
        "io_bytes", "completion", "inject_ns", "irq_rate_hz", "preempt_rate_hz", "preempt_ns", "arrival_rate_hz", "cpus", "channels")
COVERAGE = 0.95
TAIL_SAMPLES = 10
WINDOW_MS, WINDOWS_LEAST, POINTS_MOST = 100, 5, 120
STAGES = ("isr_masked_mean_ns", "isr_delivery_mean_ns", "isr_acquire_mean_ns", "isr_service_mean_ns")
COLUMNS = {"I/Os a second": "iops", "ISR latency, median": "isr_latency_p50_ns", "ISR latency, p99": "isr_latency_p99_ns", "fairness (Jain)": "jain",
           "bystander above, p99": "bystander_high_p99_ns", "bystander below, p99": "bystander_low_p99_ns"}
RATIOS = {"ISR latency, median": "isr_latency_p50", "ISR latency, p99": "isr_latency_p99", "I/Os a second": "iops"}


def rows_of(directory, name):
    with open(os.path.join(directory, name), newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def near(text, value):
    """A field of the page and a number, which may be missing on both sides."""
    if text == "" or value is None:
        return text == "" and value is None
    return math.isclose(float(text), float(value), rel_tol=1e-9)


def values_of(rows, column):
    return sorted(float(row[column]) for row in rows if row.get(column))


def interval(values):
    """Of the median, from the k-th smallest to the k-th largest; of too few, their range."""
    n, k = len(values), 0
    while 1 - 2 * sum(math.comb(n, i) for i in range(k + 1)) / 2 ** n >= COVERAGE:
        k += 1
    return (values[k - 1], values[-k]) if k else (values[0], values[-1])


def summary(rows, column):
    """Median, low, high."""
    values = values_of(rows, column)
    return (statistics.median(values), *interval(values)) if values else (None, None, None)


class Group:
    """Cells that differ in the back end only, and perhaps in `but`."""

    def __init__(self, rows):
        self.rows = rows

    def of(self, backend, **keys):
        return [row for row in self.rows if row["backend"] == backend and all(row[key] == value for key, value in keys.items())]


def groups_of(rows, but=()):
    keys = [key for key in KEYS if key in rows[0] and key not in but] if rows else []
    groups = collections.defaultdict(list)
    for row in rows:
        groups[tuple(row[key] for key in keys)].append(row)
    return [Group(members) for members in groups.values()]


def agrees(title, group):
    """What the title says of the cells."""
    row = group.rows[0]
    for pattern, key in ((r"(\d+) CPUs?, routing", "cpus"), (r"routing (\w+)", "irq_routing"), (r"injected ns (\d+)", "inject_ns"),
                         (r"queue depth (\d+)", "queue_depth")):
        said = re.search(pattern, title)
        if said and key in row and said.group(1) != row[key]:
            return False
    return True


# --- of each picture: what is wrong in a table if it is of this group ---

def percentile_problems(head, body, group, files):
    counts = collections.defaultdict(collections.Counter)
    backends = {(row["cell_id"], row["invocation"]): row["backend"] for row in group.rows}
    for row in files("histogram.csv"):
        if row["metric"] == "isr_latency" and (row["cell_id"], row["invocation"]) in backends:
            counts[backends[row["cell_id"], row["invocation"]]][int(row["hi_ns"])] += int(row["count"])
    problems = []
    for said in body:
        samples = sorted(counts[said[0]].items())
        n = sum(count for _, count in samples)
        problems += [] if int(said[1]) == n else [f"{said[0]}: {said[1]} samples, not {n}"]
        for heading, value in zip(head[2:], said[2:]):
            one_in = round(100 / (100 - float(heading.split("%")[0])))
            at, rank = 0, n - n // one_in
            wanted = next(hi for hi, count in samples if (at := at + count) >= rank) if n // one_in >= TAIL_SAMPLES else None
            problems += [] if near(value, wanted) else [f"{said[0]}: {heading} is {value}, not {wanted}"]
    return problems


def summaries_problems(head, body, group, _):
    """Medians with their intervals, in threes from the column on that has the first of them."""
    problems = []
    for said in body:
        rows = group.of(said[0], **({"cpus": said[head.index("CPUs")]} if "CPUs" in head else {}))
        at = head.index("invocations") + 1
        count = len(values_of(rows, COLUMNS[head[at].removesuffix(", ns")]))
        problems += [] if int(said[at - 1]) == count else [f"{said[0]}: {said[at - 1]} invocations, not {count}"]
        for i in range(at, len(head), 3):
            wanted = summary(rows, COLUMNS[head[i].removesuffix(", ns")])
            problems += [f"{said[0]}: {head[i]} {head[i + k]} is {said[i + k]}, not {wanted[k]}" for k in range(3) if not near(said[i + k], wanted[k])]
    return problems


def stage_problems(_, body, group, __):
    problems = []
    for said in body:
        rows = {row["invocation"]: [int(row[name]) for name in STAGES[:3]] for row in group.of(said[0]) if all(row[name] for name in STAGES[:3])}
        sums = sorted(sum(parts) for parts in rows.values())
        row = next((row for row in group.of(said[0]) if row["invocation"] == said[2]), None)
        wanted = [row[name] for name in STAGES] + [str(sums[(len(sums) - 1) // 2])] if row and sums else []
        problems += [] if said[3:] == wanted and int(said[1]) == len(rows) else [f"stages: {said}, not {wanted}"]
    return problems


def time_problems(head, body, group, files):
    columns = "isr_latency_p50_ns", "isr_latency_p99_ns"
    values = collections.defaultdict(lambda: ([], []))
    if head[1].startswith("ms"):
        backends = {(row["cell_id"], row["invocation"]): row["backend"] for row in group.rows}
        rows = [row for row in files("windows.csv") if (row["cell_id"], row["invocation"]) in backends]
        together = -(-(max((int(row["window"]) for row in rows), default=0) + 1) // POINTS_MOST)
        at = [(backends[row["cell_id"], row["invocation"]], int(row["window"]) // together * together * WINDOW_MS) for row in rows]
    else:
        rows, at = group.rows, [(row["backend"], int(row["block"])) for row in group.rows]
    for row, place in zip(rows, at):
        for i, column in enumerate(columns):
            values[place][i].extend([float(row[column])] if row[column] else [])
    problems = []
    for said in body:
        of = values[said[0], int(said[1])]
        wanted = [len(of[0])] + [statistics.median(some) if some else None for some in of]
        problems += [] if all(near(*pair) for pair in zip(said[2:], wanted)) else [f"over time: {said}, not {wanted}"]
    shown = {said[0] for said in body}
    missing = sum(1 for place, some in values.items() if some[0] and place[0] in shown) - len(body)
    return problems + ([f"over time: {missing} rows are missing"] if missing else [])


def load_problems(_, body, group, __):
    problems = []
    for said in body:
        rows = group.of(said[0], arrival_rate_hz=said[1])
        offered = values_of(rows, "offered_iops")
        wanted = [len(offered), statistics.median(offered) if offered else None, *summary(rows, "iops")]
        problems += [] if all(near(*pair) for pair in zip(said[2:], wanted)) else [f"load: {said}, not {wanted}"]
    return problems


def worst_problems(name, body, rows, files):
    """The worst event of all invocations that ended well."""
    metric, until = ("isr_latency", 2) if name == "worst-interrupt" else ("sync_wait", 1)
    backends = {(row["cell_id"], row["invocation"]): row["backend"] for row in rows}
    events = [row for row in files("events.csv") if row["metric"] == metric and row["rank"] == "1" and (row["cell_id"], row["invocation"]) in backends and
              all(row[f"stamp{i}_ns"] for i in range(4))]
    stamps = lambda row: [int(row[f"stamp{i}_ns"]) for i in range(4)]
    worst = max(events, key=lambda row: stamps(row)[until] - stamps(row)[0])
    at = stamps(worst)
    wanted = [backends[worst["cell_id"], worst["invocation"]], worst["invocation"], *map(str, at), *(str(b - a) for a, b in zip(at, at[1:])),
              worst["cpu"], worst["holder_cpu"], worst["waiters"], worst["cause"],
              # A run of an older build has none of these.
              *(worst.get(column, "") for column in ("gap_cpu", "gap_start_ns", "gap_end_ns", "holder_since_ns", "holder_enter_ns",
                                                     "holder_leave_ns", "dpc_start_ns", "dpc_end_ns"))]
    said = [row[1] for row in body]
    return [] if said == wanted else [f"{name}: {said}, not {wanted}"]


CHECKS = {"latency-by-percentile": (percentile_problems, ()), "throughput-by-cpus": (summaries_problems, ("cpus", "channels")),
          "latency-by-cpus": (summaries_problems, ("cpus", "channels")), "stages": (stage_problems, ()), "latency-over-time": (time_problems, ()),
          "bystanders": (summaries_problems, ()), "fairness": (summaries_problems, ()), "offered-load": (load_problems, ("arrival_rate_hz",))}


def table_problems(name, title, table, directory, comparisons, read=None):
    """Of a picture's table, as rows of texts with the headings first; the comparisons are those of `storsync compare --format csv`,
    and `read` keeps the files for the next picture."""
    head, *body = table
    if len({tuple(row[:3 if name == "ratios" else 2]) for row in body}) < len(body):
        return [f"{name}: a row is there twice"]
    read = {} if read is None else read

    def files(file):
        if file not in read:
            read[file] = rows_of(directory, file)
        return read[file]

    rows = [row for row in files("summary.csv") if row["status"] == "ok"]
    if name == "ratios":
        known = {(row["candidate"], row["metric"], row["ratio"], row["ci_lo"], row["ci_hi"], row["verdict"]) for row in comparisons}
        return [f"ratios: {row} is no comparison" for row in body if (row[0], RATIOS[row[2]], *("" if value == "inf" else value for value in row[3:])) not in known]
    if name.startswith("worst"):
        return worst_problems(name, body, rows, files)
    check, but = CHECKS[name]
    groups = [group for group in groups_of(rows, but) if agrees(title, group)]
    found = [check(head, body, group, files) for group in groups if {said[0] for said in body} <= {row["backend"] for row in group.rows}]
    return [f"{name}: no cells are as the title says: {title}"] if not found else [f"{name}: {problem}" for problem in min(found, key=len)]
