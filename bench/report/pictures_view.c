/* SPDX-License-Identifier: MIT */
/* Groups of cells, the choice of series, and what a cell's invocations say; see pictures_view.h. */
#include "bench/report/pictures_view.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "bench/stats/median_interval.h"

/* A channel for each CPU is what a run has unless told otherwise: it goes with the CPUs. */
static bool channel_a_cpu(const struct run_cell *cell)
{
	return strcmp(cell->key[RUN_KEY_CHANNELS], cell->key[RUN_KEY_CPUS]) == 0;
}

static bool same_value(const struct run_cell *a, const struct run_cell *b, enum run_key key)
{
	return strcmp(a->key[key], b->key[key]) == 0 || (key == RUN_KEY_CHANNELS && channel_a_cpu(a) && channel_a_cpu(b));
}

bool view_alike(const struct run_data *run, uint32_t a, uint32_t b, enum run_key but)
{
	for (enum run_key k = 0; k < RUN_KEY_COUNT; k++) {
		if (k != RUN_KEY_BACKEND && k != but && !same_value(&run->cell[a], &run->cell[b], k))
			return false;
	}
	return true;
}

/* Whether groups differ in a key. */
static bool groups_differ(const struct view *view, enum run_key key)
{
	const struct run_cell *cell = view->data->run.cell;

	for (size_t g = 1; g < view->groups; g++) {
		if (!same_value(&cell[view->group[0].cell[0]], &cell[view->group[g].cell[0]], key))
			return true;
	}
	return false;
}

struct view_summary view_summary(const struct run_data *run, uint32_t cell, enum report_figure figure)
{
	struct view_summary summary = { .median = NAN, .low = NAN, .high = NAN };
	struct median_interval interval;
	size_t first, last = run_data_rows_of(run, cell, &first);
	double *value = calloc(last - first + 1, sizeof(*value));

	for (size_t row = first; value && row < last; row++) {
		double v = run_data_value(run, row, figure);

		if (isnan(v))
			continue;
		/* Sorted as they come: there are few. */
		size_t at = summary.n++;

		for (; at > 0 && value[at - 1] > v; at--)
			value[at] = value[at - 1];
		value[at] = v;
	}
	if (summary.n) {
		size_t n = summary.n;

		summary.median = n % 2 ? value[n / 2] : (value[n / 2 - 1] + value[n / 2]) / 2;
		summary.low = value[0];
		summary.high = value[n - 1];
		summary.interval = median_interval(value, n, &interval);
		if (summary.interval) {
			summary.low = interval.low;
			summary.high = interval.high;
		}
	}
	free(value);
	return summary;
}

static int add_cell(struct view *view, uint32_t cell)
{
	struct view_group *group = NULL;
	uint32_t *cells;

	for (size_t g = 0; g < view->groups && !group; g++) {
		if (view_alike(&view->data->run, view->group[g].cell[0], cell, RUN_KEY_COUNT))
			group = &view->group[g];
	}
	if (!group) {
		struct view_group *more = realloc(view->group, (view->groups + 1) * sizeof(*more));

		if (!more)
			return -ENOMEM;
		view->group = more;
		group = &more[view->groups++];
		*group = (struct view_group){ .cells = 0 };
	}
	cells = realloc(group->cell, (group->cells + 1) * sizeof(*cells));
	if (!cells) {
		/* A group without cells would have no first one. */
		view->groups -= group->cells == 0;
		return -ENOMEM;
	}
	group->cell = cells;
	cells[group->cells++] = cell;
	return 0;
}

static double cpus_of(const struct view *view, size_t group)
{
	return strtod(view->data->run.cell[view->group[group].cell[0]].key[RUN_KEY_CPUS], NULL);
}

/* Where CPUs compete is where back ends differ: most CPUs, of the groups that have at least half as many back ends as the largest. */
static void choose_main(struct view *view)
{
	size_t largest = 0;

	view->main = VIEW_NONE;
	for (size_t g = 0; g < view->groups; g++)
		largest = view->group[g].cells > largest ? view->group[g].cells : largest;
	for (size_t g = 0; g < view->groups; g++) {
		double more = view->main == VIEW_NONE ? 1 : cpus_of(view, g) - cpus_of(view, view->main);

		if (2 * view->group[g].cells >= largest &&
		    (more > 0 || (more == 0 && view->group[g].cells > view->group[view->main].cells)))
			view->main = g;
	}
}

struct ranked {
	const char *backend;
	double median;
};

static int by_median(const void *a, const void *b)
{
	const struct ranked *x = a, *y = b;

	return x->median != y->median ? (x->median > y->median) - (x->median < y->median) : strcmp(x->backend, y->backend);
}

static void choose(struct view *view, bool *taken, const struct ranked *ranked, size_t count, const char *backend)
{
	for (size_t i = 0; i < count; i++) {
		if (view->chosen < SVG_SERIES && !taken[i] && strcmp(ranked[i].backend, backend) == 0) {
			taken[i] = true;
			view->chosen++;
		}
	}
}

/* The baseline, the extremes, those that everybody knows, and then the best until no colour is left. */
static int choose_series(struct view *view)
{
	static const char *const known[] = { "spinlock", "ticket", "irqmask", "rcu-memb" };
	const struct view_group *group = &view->group[view->main];
	struct ranked *ranked = calloc(group->cells, sizeof(*ranked));
	bool *taken = calloc(group->cells, sizeof(*taken));
	size_t count = group->cells;

	if (!ranked || !taken) {
		free(ranked);
		free(taken);
		return -ENOMEM;
	}
	for (size_t i = 0; i < count; i++) {
		ranked[i].backend = view_backend(view, group->cell[i]);
		ranked[i].median = view_summary(&view->data->run, group->cell[i], REPORT_ISR_P50).median;
	}
	qsort(ranked, count, sizeof(*ranked), by_median);
	choose(view, taken, ranked, count, view->data->baseline);
	choose(view, taken, ranked, count, ranked[0].backend);
	choose(view, taken, ranked, count, ranked[count - 1].backend);
	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		choose(view, taken, ranked, count, known[i]);
	for (size_t i = 0; i < count; i++)
		choose(view, taken, ranked, count, ranked[i].backend);
	view->chosen = 0;
	for (size_t i = 0; i < count; i++) {
		if (taken[i])
			view->choice[view->chosen++] = ranked[i].backend;
	}
	free(ranked);
	free(taken);
	return 0;
}

int view_init(struct view *view, const struct report_data *data)
{
	int error = 0;

	*view = (struct view){ .data = data, .main = VIEW_NONE };
	for (size_t cell = 0; cell < data->run.cells && !error; cell++) {
		if (view_summary(&data->run, (uint32_t)cell, REPORT_ISR_P50).n)
			error = add_cell(view, (uint32_t)cell);
	}
	if (!error) {
		choose_main(view);
		error = view->main == VIEW_NONE ? 0 : choose_series(view);
	}
	if (error)
		view_fini(view);
	return error;
}

void view_fini(struct view *view)
{
	for (size_t g = 0; g < view->groups; g++)
		free(view->group[g].cell);
	free(view->group);
	*view = (struct view){ .data = NULL };
}

size_t view_choice(const struct view *view, const char *backend)
{
	for (size_t i = 0; i < view->chosen; i++) {
		if (strcmp(view->choice[i], backend) == 0)
			return i;
	}
	return VIEW_NONE;
}

const char *view_words(const struct view *view, uint32_t cell, enum run_key but, char *text, size_t bytes)
{
	const struct run_data *run = &view->data->run;
	size_t used = 0;

	*text = '\0';
	for (enum run_key k = 0; k < RUN_KEY_COUNT; k++) {
		const char *value = run->cell[cell].key[k], *words = run_key_words(k);
		bool always = k == RUN_KEY_DELIVERY || k == RUN_KEY_CPUS || k == RUN_KEY_IRQ_ROUTING || k == RUN_KEY_QUEUE_DEPTH;
		const char *comma = used ? ", " : "";
		int n = 0;

		if (k == RUN_KEY_BACKEND || k == but || (!always && !groups_differ(view, k)) || (always && !*value))
			continue;
		if (used >= bytes)
			break;
		if (k == RUN_KEY_CPUS)
			n = snprintf(text + used, bytes - used, "%s%s CPU%s", comma, value, strcmp(value, "1") == 0 ? "" : "s");
		else if (k == RUN_KEY_DELIVERY || k == RUN_KEY_WORKLOAD || k == RUN_KEY_DUPLEX)
			n = snprintf(text + used, bytes - used, "%s%s", comma, *value ? value : "none");
		else
			n = snprintf(text + used, bytes - used, "%s%s %s", comma, words, *value ? value : "none");
		used += n > 0 ? (size_t)n : 0;
	}
	return text;
}

const char *view_interval_words(bool all, bool any)
{
	if (all)
		return "Points are medians over the invocations, bars their 95% confidence intervals.";
	if (any)
		return "Points are medians over the invocations; bars are their 95% confidence intervals where there are 6 or "
		       "more, else the smallest and the largest.";
	return "Points are medians over the invocations, bars the smallest and the largest: fewer than 6 invocations give no 95% interval.";
}

void view_note_choice(const struct view *view, struct drawing *d)
{
	const struct view_group *group = &view->group[view->main];

	if (group->cells <= view->chosen)
		return;
	drawing_note(d, "%zu of %zu back ends have a colour: the baseline, the lowest and the highest by median ISR latency, "
		     "some that are widely known, and the next lowest; "
		     "the other %zu are the thin lines, and stand in the table.",
		     view->chosen, group->cells, group->cells - view->chosen);
}

void view_style(const struct view *view, struct drawing *d, const char *backend)
{
	static const char *const dash[SVG_SERIES] = { "1", "(10,4)", "(3,3)", "(10,3,2,3)", "1", "(14,4)", "(2,4)", "(8,3,2,3,2,3)" };
	static const unsigned point[SVG_SERIES] = { 7, 5, 9, 11, 13, 6, 4, 8 };
	size_t i = view_choice(view, backend);

	if (i == VIEW_NONE)
		fprintf(d->script, " lc rgb '" SVG_MUTED "' dt 1 lw 0.6 pt 7 ps 0.2");
	else
		fprintf(d->script, " lc rgb '" SVG_SERIES_FORMAT "' dt %s lw %s pt %u ps 0.65", (unsigned)i + 1, dash[i],
			strcmp(backend, view->data->baseline) == 0 ? "2.6" : "1.8", point[i]);
}
