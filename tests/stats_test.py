#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""bench/stats against SciPy, against counting every case, and against published tables.

1000 random samples, every other one with ties, of 3 to 12 values a side, go through stats_driver; each answer is worked out
again here by other means: SciPy's exact tests where there are no ties, else every deal of the ranks and every way to sign them.
1000 larger ones, of 51 to 150 values on one side at least, are compared with SciPy's asymptotic tests.
What disagrees is listed, and a driver that is made wrong by a millionth in one p value has to be found out.

Usage: stats_test.py STATS_DRIVER [unittest options]
Exit status: 0 passed, 1 failed, 77 skipped, with the reason.
"""
import functools
import itertools
import math
import os
import subprocess
import sys
import unittest
import warnings

DEBIANS_PYTHON = "/usr/bin/python3"

try:
    import numpy
    import scipy.stats
except ImportError as error:
    # Debian's SciPy is for Debian's Python, which need not be the first one on the path.
    if sys.executable != DEBIANS_PYTHON and os.path.exists(DEBIANS_PYTHON):
        os.execv(DEBIANS_PYTHON, [DEBIANS_PYTHON, *sys.argv])
    print(f"stats_test.py: skipped: {error} (Debian: python3-scipy)")
    sys.exit(77)

DRIVER = os.path.abspath(sys.argv.pop(1)) if len(sys.argv) > 1 else "build/tests/stats_driver"
SAMPLES = 1000
CONFIDENCE = 0.95
TOLERANCE = 1e-9
# Up to so many deals are listed; beyond, they are counted by adding one rank after the other.
DEALS_MAX = 20000

# Largest U and W that are significant, two-sided: R. C. Milton, "An extended table of critical values for the Mann-Whitney
# (Wilcoxon) two-sample statistic", J. Amer. Statist. Assoc. 59 (1964); R. L. McCornack, "Extended tables of the Wilcoxon matched
# pair signed rank statistic", J. Amer. Statist. Assoc. 60 (1965).
CRITICAL_U = {(4, 4, 0.05): 0, (5, 5, 0.05): 2, (6, 6, 0.05): 5, (7, 7, 0.05): 8, (8, 8, 0.05): 13, (5, 10, 0.05): 8,
              (10, 10, 0.05): 23, (12, 12, 0.05): 37, (15, 20, 0.05): 90, (20, 20, 0.05): 127, (6, 6, 0.01): 2,
              (20, 20, 0.01): 105}
CRITICAL_W = {(6, 0.05): 0, (7, 0.05): 2, (8, 0.05): 3, (9, 0.05): 5, (10, 0.05): 8, (12, 0.05): 13, (15, 0.05): 25,
              (20, 0.05): 52, (30, 0.05): 137, (50, 0.05): 434, (10, 0.01): 3, (15, 0.01): 15, (20, 0.01): 37, (50, 0.01): 373}


def ask(lines, *arguments):
    """The driver's answer to each line, as a list of numbers."""
    done = subprocess.run([DRIVER, *arguments], input="".join(line + "\n" for line in lines), capture_output=True, text=True,
                          timeout=60, check=True)
    return [[float(word) for word in line.split()] for line in done.stdout.splitlines()]


def words(values):
    return " ".join(repr(float(value)) for value in values)


def unpaired(a, b, confidence=CONFIDENCE):
    return f"unpaired {confidence} {words(a)} : {words(b)}"


def paired(d, confidence=CONFIDENCE):
    return f"paired {confidence} {words(d)}"


def tied(values):
    return len(set(values)) < len(values)


@functools.lru_cache(maxsize=None)
def deals(total, n):
    return numpy.array(list(itertools.combinations(range(total), n)))


@functools.lru_cache(maxsize=None)
def signs(n):
    return (numpy.arange(2 ** n)[:, None] >> numpy.arange(n)) & 1


def count_sums(rank2, n):
    """How many subsets of n have which sum: one rank after the other."""
    ways = numpy.zeros((n + 1, sum(sorted(rank2)[-n:]) + 1), dtype=numpy.int64)
    ways[0, 0] = 1
    for rank in rank2:
        longer = ways.copy()
        longer[1:, rank:] += ways[:-1, :ways.shape[1] - rank]
        ways = longer
    return ways[n]


def mann_whitney_p(a, b):
    """The share of all deals of the pooled mid-ranks whose sum is as far from its mean."""
    rank2 = numpy.rint(2 * scipy.stats.rankdata(numpy.concatenate([a, b]))).astype(numpy.int64)
    n, total = len(a), len(rank2)
    seen = abs(rank2[:n].sum() - n * (total + 1))
    if math.comb(total, n) <= DEALS_MAX:
        return float(numpy.mean(abs(rank2[deals(total, n)].sum(axis=1) - n * (total + 1)) >= seen))
    ways = count_sums(rank2.tolist(), n)
    far = abs(numpy.arange(len(ways)) - n * (total + 1)) >= seen
    return float(ways[far].sum() / ways.sum())


def signed_rank_p(d):
    """The same of all ways to sign the ranks; SciPy says what a zero and a tie rank (Pratt)."""
    rank2 = numpy.rint(2 * scipy.stats.rankdata(abs(d))).astype(numpy.int64)[d != 0]
    if not len(rank2):
        return 1.0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore") # its p value is approximate for so few: only the statistic is taken
        smaller = scipy.stats.wilcoxon(d, zero_method="pratt", method="approx").statistic
    sums = signs(len(rank2)) @ rank2
    return float(numpy.mean(numpy.minimum(sums, rank2.sum() - sums) <= round(2 * smaller)))


def interval(sums, p_of_rank):
    """The outermost sums that the test does not reject a shift between: p_of_rank(k) is p with k sums beyond the shift."""
    ordered = numpy.sort(sums)
    rejected = 0
    while rejected <= len(ordered) // 2 and p_of_rank(rejected) <= 1 - CONFIDENCE + 1e-12:
        rejected += 1
    if not rejected:
        return [-math.inf, math.inf, 1]
    return [ordered[rejected - 1], ordered[-rejected], 1 - p_of_rank(rejected - 1)]


@functools.lru_cache(maxsize=None)
def p_of_u(n, m, u):
    """Of untied values that have this U, by SciPy."""
    return u_sample(n, m, u, lambda a, b: scipy.stats.mannwhitneyu(a, b, method="exact").pvalue)


def u_sample(n, m, u, function):
    """function(a, b) of untied a and b with u of the n * m pairs in a's favour."""
    above = [min(m, max(0, u - i * m)) for i in range(n)]
    return function([count + 0.5 - i / 1000 for i, count in enumerate(above)], [j + 0.75 for j in range(m)])


@functools.lru_cache(maxsize=None)
def p_of_w(n, w):
    return scipy.stats.wilcoxon(w_sample(n, w), method="exact").pvalue


def w_sample(n, w):
    """n untied differences whose positive ranks sum up to w."""
    d = []
    for rank in range(n, 0, -1):
        d.append(rank if w >= rank else -rank)
        w -= rank if w >= rank else 0
    return d


def walsh(d):
    i, j = numpy.triu_indices(len(d))
    return (d[i] + d[j]) / 2


def expected_unpaired(a, b):
    together = numpy.concatenate([a, b])
    p = mann_whitney_p(a, b) if tied(together) else scipy.stats.mannwhitneyu(a, b, method="exact").pvalue
    differences = numpy.subtract.outer(b, a).ravel()
    return [p, numpy.median(differences), *interval(differences, lambda u: p_of_u(len(a), len(b), u))]


def expected_paired(d):
    plain = not tied(abs(d)) and numpy.all(d != 0)
    p = scipy.stats.wilcoxon(d, method="exact").pvalue if plain else signed_rank_p(d)
    return [p, numpy.median(walsh(d)), *interval(walsh(d), lambda w: p_of_w(len(d), w))]


def normal_interval(sums, about, p_of_rank):
    """As interval(), of so many sums that the place is looked for from about where it is."""
    ordered, low = numpy.sort(sums), max(0, round(about))
    while p_of_rank(low) <= 1 - CONFIDENCE + 1e-12:
        low += 1
    while low and p_of_rank(low - 1) > 1 - CONFIDENCE + 1e-12:
        low -= 1
    return [ordered[low - 1], ordered[-low], 1 - p_of_rank(low - 1)] if low else [-math.inf, math.inf, 1]


def expected_unpaired_of_many(a, b):
    """SciPy's, and an interval of the shifts of untied values that its test does not reject."""
    p = scipy.stats.mannwhitneyu(a, b, method="asymptotic", use_continuity=True).pvalue
    differences = numpy.subtract.outer(b, a).ravel()
    about = len(differences) / 2 - 1.96 * math.sqrt(len(differences) / 12 * (len(a) + len(b) + 1))
    untied = functools.lru_cache(maxsize=None)(lambda u: u_sample(
        len(a), len(b), u, lambda x, y: scipy.stats.mannwhitneyu(x, y, method="asymptotic").pvalue))
    return [p, numpy.median(differences), *normal_interval(differences, about, untied)]


def wilcoxon_of_many(d):
    """SciPy corrects for continuity beyond the mean, too, where p is 1."""
    done = scipy.stats.wilcoxon(d, zero_method="pratt", correction=True, method="approx")
    rank_sum = scipy.stats.rankdata(abs(d))[d != 0].sum()
    return 1.0 if rank_sum == 0 or abs(done.statistic - rank_sum / 2) <= 0.5 else done.pvalue


def expected_paired_of_many(d):
    about = len(d) * (len(d) + 1) / 4 - 1.96 * math.sqrt(len(d) * (len(d) + 1) * (2 * len(d) + 1) / 24)
    untied = functools.lru_cache(maxsize=None)(lambda w: wilcoxon_of_many(numpy.array(w_sample(len(d), w))))
    return [wilcoxon_of_many(d), numpy.median(walsh(d)), *normal_interval(walsh(d), about, untied)]


def holm(p):
    adjusted, floor = list(p), 0
    for rank, at in enumerate(sorted(range(len(p)), key=lambda i: p[i])):
        floor = adjusted[at] = max(floor, min(1, (len(p) - rank) * p[at]))
    return adjusted


def differs(got, expected):
    return got != expected and not abs(got - expected) <= TOLERANCE * (1 + abs(expected))


def disagreements(lines, answers, expected):
    """A line of text for each answer that is not what was expected."""
    found = [f"{line}: {got}, expected {want}" for line, got, want in zip(lines, answers, expected)
             if len(got) != len(want) or any(differs(one, other) for one, other in zip(got, want))]
    if not len(lines) == len(answers) == len(expected):
        found.append(f"{len(lines)} lines, {len(answers)} answers, {len(expected)} expected")
    return found


def sample(random, round_number, n):
    """Every other one is of whole numbers with many ties; a shift makes small p values as common as large ones."""
    if round_number % 2:
        return random.integers(0, random.integers(2, 9), n).astype(float)
    return random.normal(random.uniform(0, 2), 1, n)


class Agreement(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        random = numpy.random.default_rng(20)
        cls.lines, cls.expected, cls.ties = [], [], 0
        for round_number in range(SAMPLES):
            n, m = random.integers(3, 13, 2)
            a, b = sample(random, round_number, n), sample(random, round_number, m)
            d = sample(random, round_number, n) - sample(random, round_number, n)
            cls.lines += [unpaired(a, b), paired(d)]
            cls.expected += [expected_unpaired(a, b), expected_paired(d)]
            cls.ties += tied(numpy.concatenate([a, b]))

    def test_samples(self):
        self.assertGreater(self.ties, SAMPLES / 3)
        self.assertEqual(disagreements(self.lines, ask(self.lines), self.expected), [])

    def test_samples_of_many(self):
        random = numpy.random.default_rng(24)
        lines, expected, ties = [], [], 0
        for round_number in range(SAMPLES):
            n, m = random.integers(51, 151), random.integers(3, 151)
            n, m = (n, m) if round_number % 4 < 2 else (m, n)
            a, b = sample(random, round_number, n), sample(random, round_number, m)
            larger = max(n, m)
            d = sample(random, round_number, larger) - sample(random, round_number, larger)
            lines += [unpaired(a, b), paired(d)]
            expected += [expected_unpaired_of_many(a, b), expected_paired_of_many(d)]
            ties += tied(numpy.concatenate([a, b]))
        self.assertGreater(ties, SAMPLES / 3)
        self.assertEqual(disagreements(lines, ask(lines), expected), [])

    def test_a_wrong_p_value_is_seen(self):
        for wrong in (1, 2, 1000, 2 * SAMPLES):
            found = disagreements(self.lines, ask(self.lines, "--perturb", str(wrong)), self.expected)
            self.assertEqual(len(found), 1)
            self.assertTrue(found[0].startswith(self.lines[wrong - 1]))

    def test_counting_is_what_scipy_enumerates(self):
        """The references themselves: counted, listed, and SciPy's own enumeration of all permutations."""
        random = numpy.random.default_rng(21)
        for round_number in range(1, 21, 2):
            a, b = sample(random, round_number, 4), sample(random, round_number, 5)
            ranks = scipy.stats.rankdata(numpy.concatenate([a, b]))
            test = scipy.stats.permutation_test((ranks[:4], ranks[4:]), lambda x, y: abs(x.sum() - 20), vectorized=False,
                                                n_resamples=math.inf, alternative="greater")
            self.assertAlmostEqual(mann_whitney_p(a, b), test.pvalue)
            rank2 = numpy.rint(2 * ranks).astype(int)
            listed = numpy.bincount(rank2[deals(9, 4)].sum(axis=1), minlength=1 + sum(sorted(rank2)[-4:]))
            self.assertEqual(count_sums(rank2.tolist(), 4).tolist(), listed.tolist())

    def test_intervals_are_where_scipys_test_turns(self):
        """The interval by its meaning: a shift just inside is not rejected, one just outside is."""
        random = numpy.random.default_rng(22)
        pairs = [(random.normal(0, 1, n), random.normal(1, 1, m)) for n, m in random.integers(4, 13, (30, 2))]
        for (a, b), (_, _, lo, hi, _) in zip(pairs, ask([unpaired(a, b) for a, b in pairs])):
            for shift, inside in ((lo + 1e-9, True), (hi - 1e-9, True), (lo - 1e-9, False), (hi + 1e-9, False)):
                self.assertEqual(scipy.stats.mannwhitneyu(a + shift, b, method="exact").pvalue > 1 - CONFIDENCE, inside)
        differences = [random.normal(1, 1, n) for n in random.integers(6, 25, 30)]
        for d, (_, _, lo, hi, _) in zip(differences, ask([paired(d) for d in differences])):
            for shift, inside in ((lo + 1e-9, True), (hi - 1e-9, True), (lo - 1e-9, False), (hi + 1e-9, False)):
                self.assertEqual(scipy.stats.wilcoxon(d - shift, method="exact").pvalue > 1 - CONFIDENCE, inside)

    def test_holm(self):
        random = numpy.random.default_rng(23)
        families = [random.uniform(0, 1, n) ** 4 for n in random.integers(1, 150, 200)]
        families += [numpy.round(p, 2) for p in families]
        lines = ["holm " + words(p) for p in families]
        self.assertEqual(disagreements(lines, ask(lines), [holm(p) for p in families]), [])

    def test_published_tables(self):
        lines, levels = [], []
        for (n, m, alpha), u in CRITICAL_U.items():
            lines += [u_sample(n, m, u + more, unpaired) for more in (0, 1)]
            levels += [alpha, alpha]
        for (n, alpha), w in CRITICAL_W.items():
            lines += [paired(w_sample(n, w + more)) for more in (0, 1)]
            levels += [alpha, alpha]
        significant = [answer[0] <= alpha for answer, alpha in zip(ask(lines), levels)]
        self.assertEqual(significant, [True, False] * (len(lines) // 2))

    def test_a_line_that_is_no_question_is_refused(self):
        for line in ("", "median 0.95 1 2", "unpaired 0.95 1 2", "paired"):
            done = subprocess.run([DRIVER], input=line + "\n", capture_output=True, text=True, timeout=60)
            self.assertEqual((done.returncode, done.stdout), (2, ""), line)


if __name__ == "__main__":
    unittest.main()
