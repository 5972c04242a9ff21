/* SPDX-License-Identifier: MIT */
/*
 * bench/stats on standard input, for stats_test.py to compare with SciPy. A line is one of
 *
 *	unpaired CONFIDENCE A... : B...    rank_mann_whitney() and hodges_lehmann(): p shift lo hi confidence
 *	paired CONFIDENCE D...             signed_rank_test() and signed_rank_estimate(): the same
 *	holm P...                          rank_holm(): the adjusted values
 *
 * and is answered by one. `--perturb N` makes the first number of the N-th answer wrong by a millionth, so that the comparison
 * can be seen to notice. Exit status: 0, or 2 for a line that is none of these.
 */
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/stats/hodges_lehmann.h"
#include "bench/stats/rank_test.h"
#include "bench/stats/signed_rank.h"

#define LINE_BYTES	32768
#define VALUES_MAX	400

/* Up to a word that is no number, or the end of the line. */
static size_t numbers(char **at, double *v)
{
	size_t n = 0;

	while (n < VALUES_MAX) {
		char *end;

		v[n] = strtod(*at, &end);
		if (end == *at)
			break;
		*at = end;
		n++;
	}
	return n;
}

/* Writes the results to v. */
static size_t describe(double p, int refused, const struct shift_estimate *e, double *v)
{
	v[0] = p;
	v[1] = refused ? NAN : e->shift;
	v[2] = refused ? NAN : e->lo;
	v[3] = refused ? NAN : e->hi;
	v[4] = refused ? NAN : e->confidence;
	return 5;
}

/* Answers in place; 0 for a line that is none. */
static size_t answer(char *line, double *v)
{
	struct shift_estimate e = { 0 };
	double b[VALUES_MAX];
	char *at = strchr(line, ' ');
	size_t n, m;
	int refused;

	if (!at)
		return 0;
	*at++ = '\0';
	n = numbers(&at, v);
	if (!strcmp(line, "holm")) {
		rank_holm(v, n);
		return n;
	}
	if (n < 2)
		return 0;
	if (!strcmp(line, "paired")) {
		refused = signed_rank_estimate(v + 1, n - 1, v[0], &e);
		return describe(signed_rank_test(v + 1, n - 1), refused, &e, v);
	}
	at += strspn(at, " ");
	if (strcmp(line, "unpaired") || *at++ != ':')
		return 0;
	m = numbers(&at, b);
	refused = hodges_lehmann(v + 1, n - 1, b, m, v[0], &e);
	return describe(rank_mann_whitney(v + 1, n - 1, b, m), refused, &e, v);
}

int main(int argc, char **argv)
{
	size_t perturbed = argc == 3 && !strcmp(argv[1], "--perturb") ? strtoul(argv[2], NULL, 10) : 0;
	char line[LINE_BYTES];

	for (size_t number = 1; fgets(line, sizeof(line), stdin); number++) {
		double v[VALUES_MAX];
		size_t n = answer(line, v);

		if (n == 0) {
			fprintf(stderr, "stats_driver: line %zu is neither unpaired, paired nor holm\n", number);
			return 2;
		}
		if (number == perturbed)
			v[0] += 1e-6;
		for (size_t i = 0; i < n; i++)
			printf("%.17g%c", v[i], i + 1 < n ? ' ' : '\n');
	}
	return 0;
}
