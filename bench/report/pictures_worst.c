/* SPDX-License-Identifier: MIT */
/*
 * The worst interrupt and the worst call of a run, each as a timeline: a lane for each CPU, the stages as bars between stamps, and on the other lanes
 * no more than events.csv knows of them.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/files/csv_rows.h"
#include "bench/files/schema.h"
#include "bench/report/pictures_list.h"

#define STAMPS 4
#define LANES 64u

struct kind {
	const char *metric, *name;
	const char *stamp[STAMPS];
	const char *stage[STAMPS - 1];
	const char *span; /* what the title gives the length of */
	size_t until;     /* the stamp at which that ends */
};

static const struct kind interrupts = {
	"isr_latency", "interrupt",
	{ "interrupt asserted", "interrupt taken", "ISR entered", "ISR left" },
	{ "asserted to taken: masked or on its way", "taken to entered: waits for access", "in the ISR" },
	"from asserted to the ISR's first instruction", 2,
};

static const struct kind calls = {
	"sync_wait", "synchronized call",
	{ "call made", "routine entered", "routine returned", "back in the caller" },
	{ "called to entered: waits for access", "in the section", "releases access" },
	"from the call to the routine's first instruction", 1,
};

struct event_row {
	bool found;
	uint32_t cell;
	uint64_t invocation, stamp_ns[STAMPS];
	char cpu[24], holder[24], waiters[24];
	char cause[128];
};

static uint64_t span_of(const struct event_row *event, const struct kind *kind)
{
	return event->stamp_ns[kind->until] - event->stamp_ns[0];
}

static bool find_cell(const struct run_data *run, const char *cell_id, uint64_t invocation, uint32_t *cell)
{
	for (size_t c = 0; c < run->cells; c++) {
		size_t first, last;

		if (strcmp(run->cell[c].cell_id, cell_id) != 0)
			continue;
		last = run_data_rows_of(run, c, &first);
		for (size_t row = first; row < last; row++) {
			if (run->row[row].invocation == invocation && strcmp(run->row[row].status, "ok") == 0) {
				*cell = (uint32_t)c;
				return true;
			}
		}
	}
	return false;
}

static const char *field(const struct csv_rows *rows, const char *column)
{
	return rows->field[csv_column_index(&schema_events, column)];
}

/* Takes the row if it is worse than what was found before. */
static void consider(const struct view *view, const struct csv_rows *rows, const struct kind *kind, struct event_row *worst)
{
	static const char *const column[STAMPS] = { "stamp0_ns", "stamp1_ns", "stamp2_ns", "stamp3_ns" };
	struct event_row event = { .found = true };

	if (strcmp(field(rows, "rank"), "1") != 0 || strcmp(field(rows, "metric"), kind->metric) != 0)
		return;
	for (size_t i = 0; i < STAMPS; i++) {
		char *end;

		event.stamp_ns[i] = strtoull(field(rows, column[i]), &end, 10);
		/* Half a timeline is none. */
		if (end == field(rows, column[i]) || *end || (i && event.stamp_ns[i] < event.stamp_ns[i - 1]))
			return;
	}
	event.invocation = strtoull(field(rows, "invocation"), NULL, 10);
	if (worst->found && span_of(&event, kind) <= span_of(worst, kind))
		return;
	if (!find_cell(&view->data->run, field(rows, "cell_id"), event.invocation, &event.cell))
		return;
	snprintf(event.cpu, sizeof(event.cpu), "%s", field(rows, "cpu"));
	snprintf(event.holder, sizeof(event.holder), "%s", field(rows, "holder_cpu"));
	snprintf(event.waiters, sizeof(event.waiters), "%s", field(rows, "waiters"));
	snprintf(event.cause, sizeof(event.cause), "%s", field(rows, "cause"));
	*worst = event;
}

static int find_worst(const struct view *view, const struct kind *kind, struct event_row *worst, char *error, size_t error_bytes)
{
	struct csv_rows rows;
	char path[4096];
	int got;

	if ((size_t)snprintf(path, sizeof(path), "%s/events.csv", view->data->path) >= sizeof(path))
		return -ENAMETOOLONG;
	got = csv_rows_open(&rows, path, error, error_bytes);
	if (got)
		return got;
	got = csv_rows_next(&rows, error, error_bytes);
	if (got == 1 && !csv_rows_are_header(&rows, &schema_events)) {
		snprintf(error, error_bytes, "events.csv:1: not the header of this version");
		got = -EBADMSG;
	}
	while (got == 1 && (got = csv_rows_next(&rows, error, error_bytes)) == 1)
		consider(view, &rows, kind, worst);
	csv_rows_close(&rows);
	return got;
}

/* A bar on a CPU's lane. */
static void bar(struct drawing *d, const char *cpu, uint64_t from, uint64_t to, double half, const char *style)
{
	double lane = strtod(cpu, NULL);

	fprintf(d->script, "set object rect from %" PRIu64 ",%.6g to %" PRIu64 ",%.6g %s\n", from, lane - half, to, lane + half, style);
}

static void lane_text(struct drawing *d, const char *cpu, const char *text)
{
	fprintf(d->script, "set label ");
	drawing_quote(d, text);
	fprintf(d->script, " at graph 0.01, first %.6g left front\n", strtod(cpu, NULL) - 0.38);
}

/* What is known of the other CPUs: who had access, and who was away. */
static void draw_others(struct drawing *d, const struct event_row *event, const struct kind *kind)
{
	uint64_t end = span_of(event, kind), from = kind->until == 2 ? event->stamp_ns[1] - event->stamp_ns[0] : 0;
	static const char held[] = "lock held by CPU ", gap[] = "gap on CPU ";
	char text[128];

	if (strncmp(event->cause, held, sizeof(held) - 1) == 0) {
		const char *cpu = event->cause + sizeof(held) - 1;

		bar(d, cpu, from, end, 0.2, "fc rgb '" SVG_MUTED "' fs pattern 4 border lc rgb '" SVG_MUTED "'");
		lane_text(d, cpu, "had access for more than half of this time");
	} else if (strncmp(event->cause, gap, sizeof(gap) - 1) == 0) {
		const char *cpu = event->cause + sizeof(gap) - 1;
		bool own = strcmp(cpu, event->cpu) == 0;

		if (!own)
			bar(d, cpu, 0, end, 0.2, "fc rgb '" SVG_MUTED "' fs pattern 5 border lc rgb '" SVG_MUTED "'");
		snprintf(text, sizeof(text), "was away for more than half of this time%s",
			 strcmp(cpu, event->holder) == 0 && !own ? "; had access last before" : "");
		lane_text(d, cpu, text);
		if (strcmp(cpu, event->holder) == 0 && !own)
			return;
	}
	if (*event->holder && strcmp(event->holder, event->cpu) != 0 && strncmp(event->cause, held, sizeof(held) - 1) != 0)
		lane_text(d, event->holder, "had access last before; until when is not recorded");
}

static void draw_timeline(const struct view *view, struct drawing *d, const struct event_row *event, const struct kind *kind)
{
	static const char *const style[] = { "fc rgb '#a00001' fs solid 0.85 border lc rgb '#a00001'", "fc rgb '#a00002' fs "
												       "pattern 4 border lc rgb "
												       "'#a00002'",
					     "fc rgb '#a00003' fs solid 0.55 border lc rgb '#a00003'" };
	static const char *const key[] = { "lc rgb '#a00001' fs solid 0.85 border", "lc rgb '#a00002' fs pattern 4 border",
					   "lc rgb '#a00003' fs solid 0.55 border" };
	unsigned long cpus = strtoul(view->data->run.cell[event->cell].key[RUN_KEY_CPUS], NULL, 10);
	uint64_t end = event->stamp_ns[STAMPS - 1] - event->stamp_ns[0];
	unsigned height;
	char text[32];

	if (cpus < 1 || cpus > LANES)
		cpus = cpus < 1 ? 1 : LANES;
	height = (unsigned)(130 + 64 * cpus);
	drawing_begin(d, 860, height);
	drawing_linear_time_axis(d, "x", (double)(end ? end : 1));
	fprintf(d->script, "set yrange [%lu-0.4:-0.6]\nset ytics scale 0 (", cpus);
	for (unsigned long cpu = 0; cpu < cpus; cpu++)
		fprintf(d->script, "%s'CPU %lu' %lu", cpu ? ", " : "", cpu, cpu);
	fprintf(d->script, ")\nunset grid\nset grid x lt 1 lc rgb '" SVG_GRID "' lw 1\nset xlabel 'time since the %s'\n"
			   "set lmargin at screen 0.08\nset rmargin at screen 0.98\nset tmargin at screen %.4g\n"
			   "set key at screen 0.07,0.985 left top vertical maxrows 3 width 0\n", kind->stamp[0], 1 - 75.0 / height);
	for (size_t i = 0; i + 1 < STAMPS; i++)
		bar(d, event->cpu, event->stamp_ns[i] - event->stamp_ns[0], event->stamp_ns[i + 1] - event->stamp_ns[0], 0.2, style[i]);
	draw_others(d, event, kind);
	fprintf(d->script, "plot ");
	for (size_t i = 0; i + 1 < STAMPS; i++)
		fprintf(d->script, "keyentry with boxes %s title '%s: %s', ", key[i], kind->stage[i],
			drawing_time_text((double)(event->stamp_ns[i + 1] - event->stamp_ns[i]), text));
	fprintf(d->script, "NaN with lines lc rgb '" SVG_MUTED "' notitle\n");
}

static void write_table(const struct view *view, struct drawing *d, const struct event_row *event, const struct kind *kind)
{
	drawing_column(d, false, "what");
	drawing_column(d, true, "value");
	drawing_cell(d, "back end");
	drawing_cell(d, "%s", view_backend(view, event->cell));
	drawing_cell(d, "invocation");
	drawing_cell(d, "%" PRIu64, event->invocation);
	for (size_t i = 0; i < STAMPS; i++) {
		drawing_cell(d, "%s, ns from the begin of the window", kind->stamp[i]);
		drawing_cell(d, "%" PRIu64, event->stamp_ns[i]);
	}
	for (size_t i = 0; i + 1 < STAMPS; i++) {
		drawing_cell(d, "%s, ns", kind->stage[i]);
		drawing_cell(d, "%" PRIu64, event->stamp_ns[i + 1] - event->stamp_ns[i]);
	}
	drawing_cell(d, "CPU");
	drawing_cell(d, "%s", event->cpu);
	drawing_cell(d, "CPU that had access last before");
	drawing_cell(d, "%s", event->holder);
	drawing_cell(d, "other CPUs that waited");
	drawing_cell(d, "%s", event->waiters);
	drawing_cell(d, "cause");
	drawing_cell(d, "%s", event->cause);
}

static void draw_worst(const struct view *view, struct drawing *d, const struct kind *kind)
{
	struct event_row worst = { .found = false };
	char words[256], text[32], line[256] = "events.csv";
	int status = find_worst(view, kind, &worst, line, sizeof(line));

	if (status) {
		drawing_fail(d, status, line);
		return;
	}
	if (!worst.found) {
		drawing_title(d, "The worst %s", kind->name);
		drawing_note(d, "events.csv has no %s of an invocation that ended well: longer windows (`--duration`) would "
			     "have some.", kind->name);
		return;
	}
	drawing_title(d, "The worst %s took %s %s, under %s; cause: %s; %s", kind->name,
		      drawing_time_text((double)span_of(&worst, kind), text), kind->span,
		      view_backend(view, worst.cell), *worst.cause ? worst.cause : "not recorded",
		      view_words(view, worst.cell, RUN_KEY_COUNT, words, sizeof(words)));
	drawing_note(d, "Of all invocations that ended well, invocation %" PRIu64 " of this cell. The cause is what took more "
		     "than half of that time, as far as stamps and "
		     "gaps tell. A maximum is one event: it is shown, and proves nothing about the back end.", worst.invocation);
	write_table(view, d, &worst, kind);
	draw_timeline(view, d, &worst, kind);
}

void picture_worst_interrupt(const struct view *view, struct drawing *d)
{
	draw_worst(view, d, &interrupts);
}

void picture_worst_call(const struct view *view, struct drawing *d)
{
	draw_worst(view, d, &calls);
}
