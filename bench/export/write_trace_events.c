/* SPDX-License-Identifier: MIT */
/*
 * trace-events: the worst interrupts and calls, events.csv, in the Trace Event Format that Perfetto and chrome://tracing draw.
 *
 * An event is a process of its own, named after cell, invocation, rank and cause; its threads are the CPUs that have to do with
 * it. The event's CPU has a slice from its first stamp to its last, and in it one for each stage.  Of the CPU that had access
 * before, and of a CPU that was away, events.csv tells which it was and not when: an instant at the begin of the wait says so.
 *
 * Source: "Trace Event Format", the document of Chromium's tracing (JSON Object Format).
 */
#define _GNU_SOURCE
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "bench/export/export.h"
#include "bench/export/row_scan.h"
#include "bench/files/schema.h"

enum { RUN_ID, CELL_ID, INVOCATION, RANK, METRIC, T_NS, STAMP0, STAMP1, STAMP2, STAMP3, CPU, HOLDER_CPU, WAITERS, CAUSE };

#define NOBODY  UINT64_MAX

/*
 * Perfetto takes the thread with the process's own number for its main thread, and older ones took thread 0 for that as well
 * (thoren-d/tracing-chrome met it), so that two CPUs would be drawn as one: neither number is a CPU's.
 */
#define FIRST_PROCESS 10001
#define FIRST_THREAD  1

struct event {
	uint32_t row; /* of the run */
	enum metric metric;
	uint64_t rank, stamp[4], cpu, holder, waiters;
	char cause[64];
};

struct events {
	const struct export_selection *s;
	const struct export_options *options;
	struct event *event;
	size_t count, capacity;
};

static int take_event(void *context, const struct csv_field *field, char *error)
{
	struct events *events = context;
	struct event e = { .metric = export_metric_of(&field[METRIC]), .holder = NOBODY };
	uint64_t invocation;
	bool is_whole = csv_field_u64(&field[INVOCATION], &invocation) && csv_field_u64(&field[RANK], &e.rank) &&
			csv_field_u64(&field[CPU], &e.cpu) && csv_field_u64(&field[WAITERS], &e.waiters) &&
			(!field[HOLDER_CPU].bytes || csv_field_u64(&field[HOLDER_CPU], &e.holder));
	long row;

	for (unsigned i = 0; i < 4; i++)
		is_whole = is_whole && csv_field_u64(&field[STAMP0 + i], &e.stamp[i]) && (!i || e.stamp[i] >= e.stamp[i - 1]);
	if (!is_whole || (e.metric != METRIC_ISR_LATENCY && e.metric != METRIC_SYNC_WAIT))
		return snprintf(error, ROW_SCAN_ERROR_BYTES, "no event: numbers, a metric of events, and stamps that do not decrease"),
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

/* A trace being written; times in ns from where it begins. */
struct trace {
	FILE *out;
	bool has_event;
	size_t pid;
	uint64_t origin;
};

/* json_dumps() of a text, so that any cause or label will do. */
static void put_text(FILE *out, const char *text)
{
	json_t *string = json_string(text);
	char *dump = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;

	fputs(dump ? dump : "\"\"", out);
	free(dump);
	json_decref(string);
}

static void begin(struct trace *t, const char *phase, const char *name, uint64_t cpu)
{
	fprintf(t->out, "%s{\"ph\":\"%s\",\"pid\":%zu,\"tid\":%" PRIu64 ",\"name\":", t->has_event ? ",\n" : "\n", phase, t->pid,
		cpu + FIRST_THREAD);
	put_text(t->out, name);
	t->has_event = true;
}

/* Microseconds, to the nanosecond. */
static void put_us(struct trace *t, const char *key, uint64_t ns)
{
	fprintf(t->out, ",\"%s\":%" PRIu64 ".%03" PRIu64, key, ns / 1000, ns % 1000);
}

/*
 * A slice begins and ends with an entry of its own: of one with "dur" readers add up the end in floating point, and where that
 * comes out behind the end of the slice around it, they drop it.  What follows "ts" is the caller's.
 */
static void put_edge(struct trace *t, const char *phase, const char *name, uint64_t cpu, uint64_t at)
{
	begin(t, phase, name, cpu);
	fputs(",\"cat\":\"event\"", t->out);
	put_us(t, "ts", at - t->origin);
}

static void put_metadata(struct trace *t, const char *what, uint64_t cpu, const char *key, const char *text, uint64_t number)
{
	begin(t, "M", what, cpu);
	fprintf(t->out, ",\"args\":{\"%s\":", key);
	if (text)
		put_text(t->out, text);
	else
		fprintf(t->out, "%" PRIu64, number);
	fputs("}}", t->out);
}

static void name_cpu(struct trace *t, uint64_t cpu, const char *of)
{
	char name[64];

	snprintf(name, sizeof(name), "CPU %" PRIu64 "%s", cpu, of);
	put_metadata(t, "thread_name", cpu, "name", name, 0);
	put_metadata(t, "thread_sort_index", cpu, "sort_index", NULL, cpu);
}

static void put_instant(struct trace *t, const char *name, uint64_t cpu, uint64_t at, const char *note)
{
	begin(t, "i", name, cpu);
	fputs(",\"cat\":\"cause\",\"s\":\"t\"", t->out);
	put_us(t, "ts", at - t->origin);
	fputs(",\"args\":{\"note\":", t->out);
	put_text(t->out, note);
	fputs("}}", t->out);
}

static void put_args(struct trace *t, const struct event *e, const struct run_row *row)
{
	fprintf(t->out, ",\"args\":{\"cause\":");
	put_text(t->out, e->cause);
	fprintf(t->out, ",\"invocation\":%" PRIu32 ",\"rank\":%" PRIu64 ",\"%s_ns\":%" PRIu64
		",\"t_ns\":%" PRIu64 ",\"waiters\":%" PRIu64,
		row->invocation, e->rank, export_metric_name(e->metric), time_of(e), e->stamp[0], e->waiters);
	if (e->holder != NOBODY)
		fprintf(t->out, ",\"holder_cpu\":%" PRIu64, e->holder);
	if (*row->gate_codes) {
		fputs(",\"gate_codes\":", t->out);
		put_text(t->out, row->gate_codes);
	}
	fputs("}}", t->out);
}

static void put_stages(struct trace *t, const struct event *e)
{
	static const char *const names[2][3] = {
		{ "asserted, not taken yet: masked or being delivered", "taken, waits for access", "ISR" },
		{ "waits for access", "synchronized routine", "releases" },
	};

	for (unsigned i = 0; i < 3; i++) {
		if (e->stamp[i + 1] == e->stamp[i])
			continue;
		put_edge(t, "B", names[e->metric == METRIC_SYNC_WAIT][i], e->cpu, e->stamp[i]);
		fputc('}', t->out);
		put_edge(t, "E", names[e->metric == METRIC_SYNC_WAIT][i], e->cpu, e->stamp[i + 1]);
		fputc('}', t->out);
	}
}

/* What is known of the CPU that had access before, and of one that was away. */
static void put_others(struct trace *t, const struct event *e)
{
	uint64_t wait_begin = e->stamp[e->metric == METRIC_ISR_LATENCY ? 1 : 0];
	bool is_away, is_held;
	uint64_t away = 0, held = 0;
	char name[80];

	is_away = sscanf(e->cause, "gap on CPU %" SCNu64, &away) == 1;
	is_held = sscanf(e->cause, "lock held by CPU %" SCNu64, &held) == 1;
	name_cpu(t, e->cpu, "");
	if (e->holder != NOBODY && e->holder != e->cpu)
		name_cpu(t, e->holder, " (had access before)");
	if (is_away && away != e->cpu && away != e->holder)
		name_cpu(t, away, " (was away)");
	if (is_away)
		put_instant(t, e->cause, away, e->stamp[0], "this CPU was away for more than half of the time; when in it is not recorded");
	if (e->holder == NOBODY)
		return;
	snprintf(name, sizeof(name), is_held && held == e->holder ? "%s" : "had access last before", e->cause);
	put_instant(t, name, e->holder, wait_begin,
		    is_held ? "this CPU had access for more than half of the time; when in it is not recorded" :
		    "access was taken last by this CPU before; when is not recorded");
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
	put_metadata(t, "process_name", e->cpu, "name", name, 0);
	put_metadata(t, "process_sort_index", e->cpu, "sort_index", NULL, t->pid - FIRST_PROCESS);
	snprintf(title, sizeof(title), "%s: %s", e->metric == METRIC_ISR_LATENCY ? "interrupt" : "synchronized call", e->cause);
	put_edge(t, "B", title, e->cpu, e->stamp[0]);
	put_args(t, e, row);
	put_stages(t, e);
	put_edge(t, "E", title, e->cpu, e->stamp[3]);
	fputc('}', t->out);
	put_others(t, e);
	t->pid++;
}

static int write_trace(struct events *events, struct output_file *out)
{
	struct trace t = { .out = output_file_next(out, NULL), .pid = FIRST_PROCESS };
	size_t of_group = 0;

	if (!t.out)
		return -EIO;
	fputs("{\"displayTimeUnit\":\"ns\",\"otherData\":{\"run_id\":", t.out);
	put_text(t.out, events->s->data.run_id);
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
