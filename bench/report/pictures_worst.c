/* SPDX-License-Identifier: MIT */
/*
 * The worst interrupt and the worst call of a run, each as a timeline.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/files/csv_rows.h"
#include "bench/files/schema.h"
#include "bench/report/pictures_list.h"
#include "bench/report/pictures_timeline.h"

static const struct timeline_kind interrupts = {
	"isr_latency", "interrupt",
	{ "interrupt asserted", "interrupt taken", "ISR entered", "ISR left" },
	{ "asserted to taken: masked or on its way", "taken to entered: waits for access", "in the ISR" },
	"from asserted to the ISR's first instruction", 2,
};

static const struct timeline_kind calls = {
	"sync_wait", "synchronized call",
	{ "call made", "routine entered", "routine returned", "back in the caller" },
	{ "called to entered: waits for access", "in the section", "releases access" },
	"from the call to the routine's first instruction", 1,
};

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
	return csv_rows_field(rows, csv_column_index(&schema_events, column));
}

/* False: not a number, and not empty. */
static bool take_time(const char *text, uint64_t *ns)
{
	char *end;

	*ns = *text ? strtoull(text, &end, 10) : TIMELINE_NONE;
	return !*text || (end != text && !*end);
}

/* What was recorded of others; what makes no sense is as if it were not there. */
static void take_times(const struct csv_rows *rows, struct timeline_event *event)
{
	static const char *const column[TIMELINE_TIMES] = {
		"gap_start_ns", "gap_end_ns", "holder_since_ns", "holder_enter_ns", "holder_leave_ns", "dpc_start_ns", "dpc_end_ns",
	};
	static const enum timeline_time end_of[] = { TIME_GAP_END, TIME_GAP_END, TIME_HELD_LEAVE, TIME_HELD_LEAVE, TIME_HELD_LEAVE,
						     TIME_DPC_END, TIME_DPC_END };

	for (size_t i = TIMELINE_TIMES; i-- > 0;) {
		uint64_t *ns = &event->time_ns[i], *end = &event->time_ns[end_of[i]];
		bool is_time = take_time(field(rows, column[i]), ns) && (*ns == TIMELINE_NONE || *ns <= *end);

		/* A begin that is empty means something, with an end. */
		if (!is_time && i != TIME_HELD_SINCE)
			*end = TIMELINE_NONE;
		if (!is_time || *end == TIMELINE_NONE)
			*ns = TIMELINE_NONE;
	}
	snprintf(event->away, sizeof(event->away), "%s", field(rows, "gap_cpu"));
}

/* Takes the row if it is worse than what was found before. */
static void consider(const struct view *view, const struct csv_rows *rows, const struct timeline_kind *kind, struct timeline_event *worst)
{
	static const char *const column[TIMELINE_STAMPS] = { "stamp0_ns", "stamp1_ns", "stamp2_ns", "stamp3_ns" };
	struct timeline_event event = { .found = true };

	if (strcmp(field(rows, "rank"), "1") != 0 || strcmp(field(rows, "metric"), kind->metric) != 0)
		return;
	for (size_t i = 0; i < TIMELINE_STAMPS; i++) {
		char *end;

		event.stamp_ns[i] = strtoull(field(rows, column[i]), &end, 10);
		/* Half a timeline is none. */
		if (end == field(rows, column[i]) || *end || (i && event.stamp_ns[i] < event.stamp_ns[i - 1]))
			return;
	}
	event.invocation = strtoull(field(rows, "invocation"), NULL, 10);
	if (worst->found && timeline_span(&event, kind) <= timeline_span(worst, kind))
		return;
	if (!find_cell(&view->data->run, field(rows, "cell_id"), event.invocation, &event.cell))
		return;
	snprintf(event.cpu, sizeof(event.cpu), "%s", field(rows, "cpu"));
	snprintf(event.holder, sizeof(event.holder), "%s", field(rows, "holder_cpu"));
	snprintf(event.waiters, sizeof(event.waiters), "%s", field(rows, "waiters"));
	snprintf(event.cause, sizeof(event.cause), "%s", field(rows, "cause"));
	take_times(rows, &event);
	*worst = event;
}

static int find_worst(const struct view *view, const struct timeline_kind *kind, struct timeline_event *worst, char *error, size_t error_bytes)
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
	if (got == 1 && !csv_rows_are_header_of_any_age(&rows, &schema_events)) {
		snprintf(error, error_bytes, "events.csv:1: not the header of this version");
		got = -EBADMSG;
	}
	while (got == 1 && (got = csv_rows_next(&rows, error, error_bytes)) == 1)
		consider(view, &rows, kind, worst);
	csv_rows_close(&rows);
	return got;
}

static const char *const time_name[TIMELINE_TIMES] = {
	"begin of the gap", "end of the gap", "nobody else had access since", "last access before: entered", "last access before: left",
	"DPCs on the CPU: begin", "DPCs on the CPU: end",
};

static void write_table(const struct view *view, struct drawing *d, const struct timeline_event *event, const struct timeline_kind *kind)
{
	drawing_column(d, false, "what");
	drawing_column(d, true, "value");
	drawing_cell(d, "back end");
	drawing_cell(d, "%s", view_backend(view, event->cell));
	drawing_cell(d, "invocation");
	drawing_cell(d, "%" PRIu64, event->invocation);
	for (size_t i = 0; i < TIMELINE_STAMPS; i++) {
		drawing_cell(d, "%s, ns from the begin of the window", kind->stamp[i]);
		drawing_cell(d, "%" PRIu64, event->stamp_ns[i]);
	}
	for (size_t i = 0; i + 1 < TIMELINE_STAMPS; i++) {
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
	drawing_cell(d, "CPU that was away, in the gap that took most");
	drawing_cell(d, "%s", event->away);
	for (size_t i = 0; i < TIMELINE_TIMES; i++) {
		drawing_cell(d, "%s, ns from the begin of the window", time_name[i]);
		if (event->time_ns[i] == TIMELINE_NONE)
			drawing_cell(d, "%s", "");
		else
			drawing_cell(d, "%" PRIu64, event->time_ns[i]);
	}
}

static void draw_worst(const struct view *view, struct drawing *d, const struct timeline_kind *kind)
{
	struct timeline_event worst = { .found = false };
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
		      drawing_time_text((double)timeline_span(&worst, kind), text), kind->span,
		      view_backend(view, worst.cell), *worst.cause ? worst.cause : "not recorded",
		      view_words(view, worst.cell, RUN_KEY_COUNT, words, sizeof(words)));
	drawing_note(d, "Of all invocations that ended well, invocation %" PRIu64 " of this cell. The cause is what took more "
		     "than half of that time, as far as stamps and "
		     "gaps tell. A maximum is one event: it is shown, and proves nothing about the back end.", worst.invocation);
	write_table(view, d, &worst, kind);
	timeline_draw(d, &worst, kind, strtoul(view->data->run.cell[worst.cell].key[RUN_KEY_CPUS], NULL, 10));
}

void picture_worst_interrupt(const struct view *view, struct drawing *d)
{
	draw_worst(view, d, &interrupts);
}

void picture_worst_call(const struct view *view, struct drawing *d)
{
	draw_worst(view, d, &calls);
}
