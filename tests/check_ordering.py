#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""Memory-order comments and the atomic accesses that they are about.

  check_ordering.py [ROOT]      check the repository (default: the one this file is in)
  check_ordering.py --self-test check the checker, on broken trees of its own

A label is a comment that begins

  ORD name:X kind, pairs with name:Y[ and name:Z...]: why

Checked everywhere: a label exists once; the labels that it pairs with exist
and pair with it; the next access has the order that the label claims; C11
atomics are called in their _explicit form.  In impls/, but for back ends that
are broken on purpose, an access that is not relaxed follows a label, or a
comment that names its order, within a few lines of its function.
Exit status: 0 clean, 1 not.
"""

import os
import re
import sys
import tempfile

TOPS = ["hba_sim", "impls", "bench"]
# Test programs are no part of what is ordered, but a label in one is a label.
LABEL_TOPS = TOPS + ["tests"]
DOCUMENTED = "impls/"
BROKEN = re.compile(r"^impls/(broken[-_].*|none\.c)$")
ORDERS = ("relaxed", "consume", "acquire", "release", "acq_rel", "seq_cst")
# How far above an access its comment may end, and how far below a label its access may begin.
NEAR_LINES = 6

# What may look like something else inside: a comment, a string or a character.
OPAQUE = re.compile(r"""/\*.*?\*/|"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])+'""", re.S)
LABEL = re.compile(r"^ORD\s+([a-z0-9_]+:[A-Z])\s+(\w+)( fence)?, pairs with (.*?):(?=\s|$)", re.S)
PAIR = re.compile(r"^[a-z0-9_]+:[A-Z]$")
ORDER = re.compile(r"\bmemory_order_(\w+)")
CALL = re.compile(r"\b(atomic_(?:load|store|exchange|compare_exchange_strong|compare_exchange_weak|"
                  r"fetch_(?:add|sub|or|xor|and)|flag_test_and_set|flag_clear))\s*\(")


class Comment:
    """A comment, its words without the stars, and the lines that it spans."""

    def __init__(self, text, first):
        self.first = first
        self.last = first + text.count("\n")
        body = text[2:-2]
        self.words = " ".join(re.sub(r"^\s*\*", "", line).strip() for line in body.split("\n")).strip()


class Source:
    """A file: its comments, and its code with comments and strings blanked out."""

    def __init__(self, path, text):
        self.path = path
        self.comments = [
            Comment(m.group(), text.count("\n", 0, m.start()) + 1)
            for m in OPAQUE.finditer(text)
            if m.group().startswith("/*")
        ]
        self.lines = OPAQUE.sub(lambda m: re.sub(r"[^\n]", " ", m.group()), text).split("\n")

    def function_start(self, line):
        """The line of the opening brace of the function around a line, or the line itself."""
        for number in range(line, 0, -1):
            if self.lines[number - 1].startswith("{"):
                return number
            if number < line and self.lines[number - 1].startswith("}"):
                break
        return line

    def function_end(self, line):
        for number in range(line, len(self.lines) + 1):
            if self.lines[number - 1].startswith("}"):
                return number
        return len(self.lines)

    def accesses(self):
        """(line, order) of every atomic access or fence: the first order of a statement's call."""
        for number, line in enumerate(self.lines, 1):
            calls = 0
            for match in ORDER.finditer(line):
                # The second order of a compare-and-exchange is that of its failure.
                calls += 1
                before = line[: match.start()]
                if calls > 1 and re.search(r"memory_order_\w+\s*,\s*$", before):
                    continue
                if calls == 1 and not before.strip() and re.search(r"memory_order_\w+\s*,\s*$", self.lines[number - 2]):
                    continue
                yield number, match.group(1)


class Label:
    def __init__(self, source, comment, match):
        self.path, self.line, self.source, self.comment = source.path, comment.first, source, comment
        self.name, self.kind = match.group(1), match.group(2)
        self.pairs = [pair.strip() for pair in re.split(r",|\band\b", match.group(4)) if pair.strip()]


def read_sources(root):
    for top in LABEL_TOPS:
        for folder, folders, names in os.walk(os.path.join(root, top)):
            folders.sort()
            for name in sorted(names):
                if name.endswith((".c", ".h", ".cc")):
                    path = os.path.join(folder, name)
                    with open(path, encoding="utf-8") as file:
                        yield Source(os.path.relpath(path, root).replace(os.sep, "/"), file.read())


def labels_of(source, findings):
    labels = []
    for comment in source.comments:
        if not re.match(r"ORD\b", comment.words):
            if re.search(r"\bORD [a-z0-9_]+:[A-Z]\b", comment.words):
                findings.append((source.path, comment.first, "a label must begin its comment"))
            continue
        match = LABEL.match(comment.words)
        if not match:
            findings.append((source.path, comment.first, "not of the form ORD name:X kind, pairs with name:Y: why"))
            continue
        labels.append(Label(source, comment, match))
    return labels


def check_pairs(labels):
    by_name = {}
    for label in labels:
        if label.name in by_name:
            other = by_name[label.name]
            yield label.path, label.line, f"{label.name} is already at {other.path}:{other.line}"
        else:
            by_name[label.name] = label
    for label in labels:
        for pair in label.pairs:
            if not PAIR.match(pair):
                yield label.path, label.line, f'{label.name} pairs with "{pair}", which is no label'
            elif pair not in by_name:
                yield label.path, label.line, f"{label.name} pairs with {pair}, which does not exist"
            elif label.name not in by_name[pair].pairs:
                other = by_name[pair]
                where = f"{other.path}:{other.line}"
                yield label.path, label.line, f"{label.name} pairs with {pair}, which at {where} does not say so"


def check_kind(label):
    """The next access is near, and of the order that the label claims."""
    end = min(label.source.function_end(label.comment.last), label.comment.last + NEAR_LINES)
    if label.kind not in ORDERS:
        yield label.path, label.line, f'{label.name} claims "{label.kind}", which is no order'
        return
    for line, order in label.source.accesses():
        if label.comment.last <= line <= end:
            if order != label.kind:
                yield label.path, line, f"{label.name} claims {label.kind}, the access is {order}"
            return
    yield label.path, label.line, f"{label.name} has no access within {NEAR_LINES} lines"


def check_explicit(source):
    for number, line in enumerate(source.lines, 1):
        match = CALL.search(line)
        if match:
            yield source.path, number, f"{match.group(1)} without an order: use {match.group(1)}_explicit"


def check_documented(source):
    """Above every access of a sound back end that is not relaxed, the nearest comment says so."""
    for line, order in source.accesses():
        if order == "relaxed":
            continue
        start = source.function_start(line)
        near = [c for c in source.comments if start < c.first and line - NEAR_LINES <= c.last <= line]
        if not near or not re.search(rf"\b{order}\b", near[-1].words):
            yield source.path, line, f"{order}, and the nearest comment within {NEAR_LINES} lines of its function does not say so"


def check(root):
    """Findings (path, line, text), and the number of labels."""
    findings, labels = [], []
    for source in read_sources(root):
        labels += labels_of(source, findings)
        if source.path.startswith(tuple(top + "/" for top in TOPS)):
            findings += check_explicit(source)
        if source.path.startswith(DOCUMENTED) and not BROKEN.match(source.path):
            findings += check_documented(source)
    findings += check_pairs(labels)
    for label in labels:
        findings += check_kind(label)
    return findings, len(labels)


GOOD = """
static void f(struct s *s)
{
	/* ORD s:A release, pairs with s:B: the why. */
	atomic_store_explicit(&s->x, 1, memory_order_release);
	/* relaxed: only a hint */
	atomic_store_explicit(&s->y, 1, memory_order_relaxed);
}

static void g(struct s *s)
{
	/*
	 * ORD s:B acquire, pairs with s:A
	 * and s:C: a comment of several lines.
	 */
	while (!atomic_compare_exchange_weak_explicit(&s->x, &old, 1, memory_order_acquire,
						      memory_order_relaxed))
		;
	/* ORD s:C seq_cst fence, pairs with s:B: why. */
	atomic_thread_fence(memory_order_seq_cst);
	/* seq_cst: for a reason that needs no pair */
	atomic_exchange_explicit(&s->x, 1, memory_order_seq_cst);
}
"""

# (what is changed in GOOD, into what, what must be found)
CASES = [
    ("static void g", "/* ORD s:A relaxed, pairs with s:B: again */\nstatic void g", "is already at"),
    ("pairs with s:B: the why", "pairs with s:Q: the why", "does not exist"),
    ("pairs with s:B: the why", "pairs with s:C: the why", "does not say so"),
    ("s:A\n\t * and s:C:", "s:A:", "does not say so"),
    ("pairs with s:B: the why", "pairs with nobody: the why", "which is no label"),
    ("ORD s:A release, pairs", "ORD s:A release pairs", "not of the form"),
    ("ORD s:A release", "see ORD s:A release", "must begin its comment"),
    ("ORD s:A release", "ORD s:A strong", "which is no order"),
    ("ORD s:A release", "ORD s:A acquire", "claims acquire, the access is release"),
    ("memory_order_acquire,", "memory_order_relaxed,", "claims acquire, the access is relaxed"),
    ("\t/* seq_cst: for a reason that needs no pair */\n", "\n" * 8, "and the nearest comment"),
    ("seq_cst: for a reason", "for a reason", "and the nearest comment"),
    ("atomic_store_explicit(&s->y, 1, memory_order_relaxed)", "atomic_store(&s->y, 1)", "without an order"),
    ("atomic_store_explicit(&s->y, 1, memory_order_relaxed)", "atomic_fetch_add (&s->y, 1)", "without an order"),
]
# Findings that follow from the first: a label that is not read is missed by its pair.
CONSEQUENCES = ("does not exist", "does not say so", "has no access", "and the nearest comment", "claims")


def findings_in(files):
    with tempfile.TemporaryDirectory() as root:
        for path, text in files.items():
            os.makedirs(os.path.dirname(os.path.join(root, path)), exist_ok=True)
            with open(os.path.join(root, path), "w", encoding="utf-8") as file:
                file.write(text)
        return check(root)


def self_test():
    failures = []
    found, labels = findings_in({"impls/x.c": GOOD})
    if found or labels != 3:
        failures.append(f"clean: {labels} labels, {found}")
    for old, new, expected in CASES:
        assert GOOD.count(old) == 1, old
        found, _ = findings_in({"impls/x.c": GOOD.replace(old, new)})
        unexpected = [f for f in found if expected not in f[2] and not any(c in f[2] for c in CONSEQUENCES)]
        if unexpected or not any(expected in f[2] for f in found):
            failures.append(f"{old!r} -> {new!r}: expected {expected!r}, found {found}")
    # What need not be documented: a broken back end, and other layers.
    bare = "static void f(void)\n{\n\tatomic_store_explicit(&x, 1, memory_order_release);\n}\n"
    for path, clean in (("impls/broken-x.c", True), ("impls/none.c", True), ("bench/x.c", True), ("impls/x.h", False)):
        found, _ = findings_in({path: bare})
        if bool(found) == clean:
            failures.append(f"{path}: {found}")
    # Labels pair across files, and a label in a string is none.
    two = {
        "hba_sim/a.c": GOOD.split("static void g")[0],
        "impls/b.c": "static void g" + GOOD.split("static void g")[1] + 'static const char *t = "/* ORD s:A x */";\n',
    }
    found, labels = findings_in(two)
    if found or labels != 3:
        failures.append(f"two files: {labels} labels, {found}")
    for failure in failures:
        print(failure)
    print(f"{len(CASES) + 6} trees, {len(failures)} judged wrongly")
    return 1 if failures else 0


def main(arguments):
    if arguments == ["--self-test"]:
        return self_test()
    if len(arguments) > 1 or (arguments and arguments[0].startswith("-")):
        print(__doc__, file=sys.stderr)
        return 2
    root = arguments[0] if arguments else os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    findings, labels = check(root)
    for path, line, what in sorted(findings):
        print(f"{path}:{line}: {what}")
    print(f"{labels} labels, {len(findings)} findings")
    return 1 if findings or not labels else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
