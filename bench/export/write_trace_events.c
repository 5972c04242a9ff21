/* SPDX-License-Identifier: MIT */
/*
 * trace-events: the worst interrupts and calls, events.csv, in the Trace Event Format that Perfetto and chrome://tracing draw.
 *
 * An event is a process of its own, named after cell, invocation, rank and cause; its threads are the CPUs that have to do with
 * it. The event's CPU has a slice from its first stamp to its last, and in it one for each stage.  A witnessed gap, the access
 * before and the DPCs after are slices on the CPU whose they are, from the event's begin on.  What events.csv does not have, as
 * of a run of an older build, or what lies before, is an instant that says so.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "bench/export/export.h"
#include "bench/export/row_scan.h"
#include "bench/export/trace_writer.h"
#include "bench/files/schema.h"

enum { RUN_ID, CELL_ID, INVOCATION, RANK, METRIC, T_NS, STAMP0, STAMP1, STAMP2, STAMP3, CPU, HOLDER_CPU, WAITERS, CAUSE,
       GAP_CPU, GAP_START, GAP_END, HOLDER_SINCE, HOLDER_ENTER, HOLDER_LEAVE, DPC_START, DPC_END };

/* An empty field. */
#define NONE UINT64_MAX

/* In ns as in events.csv; NONE: not known, and where the end is known, before the measured window. */
struct interval {
	uint64_t start, end;
};

struct event {
	uint32_t row; /* of the run */
	enum metric metric;
	uint64_t rank, stamp[4], cpu, holder, waiters, away;
	struct interval gap, held, dpcs;
	uint64_t held_since;
	char cause[64];
};

struct events {
	const struct export_selection *s;
	const struct export_options *options;
	struct event *event;
	size_t count, capacity;
};

static bool take_number(const struct csv_field *field, uint64_t *number)
{
	*number = NONE;
	return !field->bytes || csv_field_u64(field, number);
}

static bool take_interval(const struct csv_field *start, const struct csv_field *end, struct interval *interval)
{
	return take_number(start, &interval->start) && take_number(end, &interval->end) &&
	       (interval->start == NONE || (interval->end != NONE && interval->start <= interval->end));
}

static bool take_others(const struct csv_field *field, struct event *e)
{
	return take_number(&field[HOLDER_CPU], &e->holder) && take_number(&field[GAP_CPU], &e->away) &&
	       take_number(&field[HOLDER_SINCE], &e->held_since) &&
	       take_interval(&field[GAP_START], &field[GAP_END], &e->gap) &&
	       take_interval(&field[HOLDER_ENTER], &field[HOLDER_LEAVE], &e->held) &&
	       take_interval(&field[DPC_START], &field[DPC_END], &e->dpcs);
}

static int take_event(void *context, const struct csv_field *field, char *error)
{
	struct events *events = context;
	struct event e = { .metric = export_metric_of(&field[METRIC]) };
	uint64_t invocation;
	bool is_whole = csv_field_u64(&field[INVOCATION], &invocation) && csv_field_u64(&field[RANK], &e.rank) &&
			csv_field_u64(&field[CPU], &e.cpu) && csv_field_u64(&field[WAITERS], &e.waiters) &&
			take_others(field, &e);
	long row;

	for (unsigned i = 0; i < 4; i++)
		is_whole = is_whole && csv_field_u64(&field[STAMP0 + i], &e.stamp[i]) && (!i || e.stamp[i] >= e.stamp[i - 1]);
	if (!is_whole || (e.metric != METRIC_ISR_LATENCY && e.metric != METRIC_SYNC_WAIT))
		return snprintf(error, ROW_SCAN_ERROR_BYTES, "no event: numbers, a metric of events, and times that do not decrease"),
		       -EBADMSG;
	row = export_selection_row(events->s, &field[CELL_ID], invocation);
	if (row < 0 || !events->options->has_metric[e.metric])
		return 0;
	e.row = (uint32_t)row;
	snprintf(e.cause, sizeof(e.cause), "%.*s", (int)field[CAUSE].bytes, field[CAUSE].text);
	if (events->count == events->capacity) {
		size_t grown = events->capacity ? 2 * events->capacity : 256;
		struct event *more = realloc(events->event, grown * sizeof(*more));

		if (!more)
			return -ENOMEM;
		events->event = more;
		events->capacity = grown;
	}
	events->event[events->count++] = e;
	return 0;
}

/* What its rank goes by. */
static uint64_t time_of(const struct event *e)
{
	return e->stamp[e->metric == METRIC_ISR_LATENCY ? 2 : 1] - e->stamp[0];
}

static int by_cell_and_time(const void *a, const void *b, void *context)
{
	const struct run_data *data = context;
	const struct event *x = a, *y = b;
	uint32_t c = data->row[x->row].cell, d = data->row[y->row].cell;

	if (c != d)
		return c < d ? -1 : 1;
	if (x->metric != y->metric)
		return x->metric < y->metric ? -1 : 1;
	if (time_of(x) != time_of(y))
		return time_of(x) > time_of(y) ? -1 : 1;
	return x->row != y->row ? (x->row < y->row ? -1 : 1) : (x->rank > y->rank) - (x->rank < y->rank);
}

/* Of a file whose texts may be anything. */
static json_t *text_of(const char *text)
{
	json_t *string = json_string(text);

	return string ? string : json_string("");
}

static json_t *whole_args(const struct event *e, const struct run_row *row)
{
	char took[64];
	json_t *args;

	snprintf(took, sizeof(took), "%s_ns", export_metric_name(e->metric));
	args = json_pack("{s:o,s:I,s:I,s:I,s:I,s:I}", "cause", text_of(e->cause), "invocation", (json_int_t)row->invocation, "rank",
			 (json_int_t)e->rank, took, (json_int_t)time_of(e), "t_ns", (json_int_t)e->stamp[0], "waiters",
			 (json_int_t)e->waiters);
	if (e->holder != NONE)
		json_object_set_new(args, "holder_cpu", json_integer((json_int_t)e->holder));
	if (*row->gate_codes)
		json_object_set_new(args, "gate_codes", text_of(row->gate_codes));
	return args;
}

static void add_stages(struct trace *t, const struct event *e)
{
	static const char *const names[2][3] = {
		{ "asserted, not taken yet: masked or being delivered", "taken, waits for access", "ISR" },
		{ "waits for access", "synchronized routine", "releases" },
	};

	for (unsigned i = 0; i < 3; i++) {
		if (e->stamp[i + 1] > e->stamp[i])
			trace_add(t, &(struct trace_slice){ .name = names[e->metric == METRIC_SYNC_WAIT][i], .category = "event",
							    .cpu = e->cpu, .from = e->stamp[i], .to = e->stamp[i + 1] });
	}
}

/* From the event's begin on: what was before has nothing to do with it.  False: nothing of it was later. */
static bool add_interval(struct trace *t, const struct event *e, const char *name, const char *category, uint64_t cpu,
			 const struct interval *interval)
{
	bool is_cut = interval->start == NONE || interval->start < e->stamp[0];
	uint64_t from = is_cut ? e->stamp[0] : interval->start;
	char note[96] = "began before the measured window";
	json_t *args;

	if (interval->end == NONE || interval->end <= from)
		return false;
	args = json_pack("{s:o,s:I}", "start_ns",
			 interval->start == NONE ? json_null() : json_integer((json_int_t)interval->start), "end_ns",
			 (json_int_t)interval->end);
	if (is_cut && interval->start != NONE)
		snprintf(note, sizeof(note), "began %" PRIu64 " ns before the event", e->stamp[0] - interval->start);
	if (is_cut)
		json_object_set_new(args, "note", json_string(note));
	trace_add(t, &(struct trace_slice){ .name = name, .category = category, .cpu = cpu, .from = from, .to = interval->end,
					    .args = args });
	return true;
}

static void put_gap(struct trace *t, const struct event *e)
{
	uint64_t blamed = NONE, away = e->away;
	bool is_blamed = sscanf(e->cause, "gap on CPU %" SCNu64, &blamed) == 1;

	if (away == NONE && is_blamed)
		away = blamed;
	if (away == NONE)
		return;
	if (away != e->cpu && away != e->holder)
		trace_name_cpu(t, away, " (was away)");
	if (!add_interval(t, e, "gap: the CPU was away", "gap", away, &e->gap) && is_blamed)
		trace_instant(t, e->cause, away, e->stamp[0],
			      "this CPU was away for more than half of the time; when in it is not recorded");
}

/* Nobody else had access from `since` to the end of its last time; the times before are not recorded one by one. */
static void add_again_and_again(struct trace *t, const struct event *e)
{
	const struct interval all = { .start = e->held_since, .end = e->held.end };

	if (e->holder != e->cpu && e->held.start != NONE && e->held.start > e->stamp[0] &&
	    (all.start == NONE || all.start < e->held.start))
		add_interval(t, e, "nobody else has access", "section", e->holder, &all);
}

static void put_holder(struct trace *t, const struct event *e)
{
	static const char untold[] = "access was taken last by this CPU before; when is not recorded";
	uint64_t wait_begin = e->stamp[e->metric == METRIC_ISR_LATENCY ? 1 : 0], held = NONE;
	char note[96];

	if (e->holder == NONE)
		return;
	if (e->holder != e->cpu)
		trace_name_cpu(t, e->holder, " (had access before)");
	add_again_and_again(t, e);
	if (add_interval(t, e, "has access: section or ISR", "section", e->holder, &e->held))
		return;
	if (e->held.end != NONE) {
		snprintf(note, sizeof(note), "it left %" PRIu64 " ns before this event began", e->stamp[0] - e->held.end);
		trace_instant(t, "had access last before", e->holder, e->stamp[0], note);
	} else if (sscanf(e->cause, "lock held by CPU %" SCNu64, &held) == 1 && held == e->holder) {
		trace_instant(t, e->cause, e->holder, wait_begin,
			      "this CPU had access for more than half of the time; when in it is not recorded");
	} else {
		trace_instant(t, "had access last before", e->holder, wait_begin, untold);
	}
}

static void put_event(struct trace *t, const struct events *events, const struct event *e)
{
	const struct run_data *data = &events->s->data;
	const struct run_row *row = &data->row[e->row];
	char label[SELECTION_NAME_BYTES], name[SELECTION_NAME_BYTES + 192], title[96];

	export_selection_label(events->s, &data->cell[row->cell], label);
	snprintf(name, sizeof(name), "%s: %s #%" PRIu64 " of invocation %" PRIu32 ", %s", label,
		 export_metric_name(e->metric), e->rank, row->invocation, e->cause);
	t->origin = events->options->is_in_window ? 0 : e->stamp[0];
	trace_name_process(t, name);
	trace_name_cpu(t, e->cpu, "");
	snprintf(title, sizeof(title), "%s: %s", e->metric == METRIC_ISR_LATENCY ? "interrupt" : "synchronized call", e->cause);
	trace_add(t, &(struct trace_slice){ .name = title, .category = "event", .cpu = e->cpu, .from = e->stamp[0],
					    .to = e->stamp[3], .args = whole_args(e, row) });
	add_stages(t, e);
	put_gap(t, e);
	put_holder(t, e);
	add_interval(t, e, "DPCs", "dpc", e->cpu, &e->dpcs);
	trace_end_process(t);
}

static int write_trace(struct events *events, struct output_file *out)
{
	struct trace t = { .out = output_file_next(out, NULL) };
	size_t of_group = 0;

	if (!t.out)
		return -EIO;
	fputs("{\"displayTimeUnit\":\"ns\",\"otherData\":{\"run_id\":", t.out);
	trace_text(t.out, events->s->data.run_id);
	fprintf(t.out, ",\"times\":\"from the begin of %s\"},\"traceEvents\":[",
		events->options->is_in_window ? "the measured window" : "each event");
	for (size_t i = 0; i < events->count; i++) {
		const struct event *e = &events->event[i];
		const struct event *before = i ? e - 1 : e;
		const struct run_row *row = events->s->data.row;

		of_group = row[e->row].cell == row[before->row].cell && e->metric == before->metric ? of_group + 1 : 1;
		if (of_group <= events->options->worst)
			put_event(&t, events, e);
	}
	fputs("\n]}\n", t.out);
	return output_file_close(out);
}

static int write_trace_events(const struct export_selection *s, const struct export_options *options, struct output_file *out)
{
	struct events events = { .s = s, .options = options };
	char *path = export_path(options, "events.csv");
	int status = path ? row_scan(path, &schema_events, take_event, &events, out->error) : -ENOMEM;

	if (!status && events.count) {
		qsort_r(events.event, events.count, sizeof(*events.event), by_cell_and_time, (void *)&s->data);
		status = write_trace(&events, out);
	}
	free(events.event);
	free(path);
	return status;
}

const struct export_format export_trace_events = {
	.name = "trace-events",
	.help = "the worst interrupts and calls, for Perfetto",
	.result = "a file; an event is a process, a CPU a thread",
	.write = write_trace_events,
};
