/* SPDX-License-Identifier: MIT */
/* Tracks, and slices that nest; see trace_writer.h. */
#include "bench/export/trace_writer.h"

#include <inttypes.h>
#include <stdlib.h>

/*
 * Perfetto takes the thread with the process's own number for its main thread, and older ones took thread 0 for that as well
 * (thoren-d/tracing-chrome met it), so that two CPUs would be drawn as one: neither number is a CPU's.
 */
#define FIRST_PROCESS 10001
#define FIRST_THREAD  1
/* A CPU's further tracks are far from any number of a CPU or a process. */
#define LANE_THREADS  (UINT64_C(1) << 24)

void trace_text(FILE *out, const char *text)
{
	json_t *string = json_string(text);
	char *dump = string ? json_dumps(string, JSON_ENCODE_ANY) : NULL;

	fputs(dump ? dump : "\"\"", out);
	free(dump);
	json_decref(string);
}

static void begin(struct trace *t, const char *phase, const char *name, uint64_t cpu, unsigned lane)
{
	fprintf(t->out, "%s{\"ph\":\"%s\",\"pid\":%zu,\"tid\":%" PRIu64 ",\"name\":", t->has_event ? ",\n" : "\n", phase,
		FIRST_PROCESS + t->process, cpu + FIRST_THREAD + lane * LANE_THREADS);
	trace_text(t->out, name);
	t->has_event = true;
}

/* Microseconds, to the nanosecond. */
static void put_time(struct trace *t, uint64_t at)
{
	uint64_t ns = at - t->origin;

	fprintf(t->out, ",\"ts\":%" PRIu64 ".%03" PRIu64, ns / 1000, ns % 1000);
}

static void put_metadata(struct trace *t, const char *what, uint64_t cpu, unsigned lane, const char *key, const char *text,
			 uint64_t number)
{
	begin(t, "M", what, cpu, lane);
	fprintf(t->out, ",\"args\":{\"%s\":", key);
	if (text)
		trace_text(t->out, text);
	else
		fprintf(t->out, "%" PRIu64, number);
	fputs("}}", t->out);
}

void trace_name_process(struct trace *t, const char *name)
{
	put_metadata(t, "process_name", 0, 0, "name", name, 0);
	put_metadata(t, "process_sort_index", 0, 0, "sort_index", NULL, t->process);
}

static void name_track(struct trace *t, uint64_t cpu, unsigned lane, const char *of)
{
	char name[64];

	snprintf(name, sizeof(name), "CPU %" PRIu64 "%s", cpu, of);
	put_metadata(t, "thread_name", cpu, lane, "name", name, 0);
	put_metadata(t, "thread_sort_index", cpu, lane, "sort_index", NULL, cpu * TRACE_SLICES + lane);
}

void trace_name_cpu(struct trace *t, uint64_t cpu, const char *of)
{
	name_track(t, cpu, 0, of);
}

void trace_instant(struct trace *t, const char *name, uint64_t cpu, uint64_t at, const char *note)
{
	begin(t, "i", name, cpu, 0);
	fputs(",\"cat\":\"cause\",\"s\":\"t\"", t->out);
	put_time(t, at);
	fputs(",\"args\":{\"note\":", t->out);
	trace_text(t->out, note);
	fputs("}}", t->out);
}

/* Neither apart nor one in the other. */
static bool cross(const struct trace_slice *a, const struct trace_slice *b)
{
	return (a->from < b->from && b->from < a->to && a->to < b->to) || (b->from < a->from && a->from < b->to && b->to < a->to);
}

static bool has_room(const struct trace *t, const struct trace_slice *slice, unsigned lane)
{
	for (size_t i = 0; i < t->slices; i++) {
		if (t->slice[i].cpu == slice->cpu && t->slice[i].lane == lane && cross(&t->slice[i], slice))
			return false;
	}
	return true;
}

void trace_add(struct trace *t, const struct trace_slice *slice)
{
	struct trace_slice *added = &t->slice[t->slices];

	*added = *slice;
	added->order = (unsigned)t->slices;
	added->lane = 0;
	while (!has_room(t, added, added->lane))
		added->lane++;
	t->slices++;
}

/* Track by track, and what is in a slice behind it. */
static int by_track_and_time(const void *a, const void *b)
{
	const struct trace_slice *x = a, *y = b;

	if (x->cpu != y->cpu)
		return x->cpu < y->cpu ? -1 : 1;
	if (x->lane != y->lane)
		return x->lane < y->lane ? -1 : 1;
	if (x->from != y->from)
		return x->from < y->from ? -1 : 1;
	if (x->to != y->to)
		return x->to > y->to ? -1 : 1;
	return x->order < y->order ? -1 : 1;
}

/*
 * A slice begins and ends with an entry of its own: of one with "dur" readers add up the end in floating point, and where that
 * comes out behind the end of the slice around it, they drop it.
 */
static void put_edge(struct trace *t, const char *phase, const struct trace_slice *slice, uint64_t at)
{
	begin(t, phase, slice->name, slice->cpu, slice->lane);
	fprintf(t->out, ",\"cat\":\"%s\"", slice->category);
	put_time(t, at);
}

static void put_begin(struct trace *t, const struct trace_slice *slice)
{
	char *args = slice->args ? json_dumps(slice->args, JSON_COMPACT) : NULL;

	put_edge(t, "B", slice, slice->from);
	if (args)
		fprintf(t->out, ",\"args\":%s", args);
	fputc('}', t->out);
	free(args);
}

static void put_end(struct trace *t, const struct trace_slice *slice)
{
	put_edge(t, "E", slice, slice->to);
	fputc('}', t->out);
}

void trace_end_process(struct trace *t)
{
	const struct trace_slice *open[TRACE_SLICES];
	size_t opened = 0;

	qsort(t->slice, t->slices, sizeof(t->slice[0]), by_track_and_time);
	for (size_t i = 0; i < t->slices; i++) {
		const struct trace_slice *slice = &t->slice[i];
		bool is_new_track = !i || slice->cpu != slice[-1].cpu || slice->lane != slice[-1].lane;

		while (opened && (is_new_track || open[opened - 1]->to <= slice->from))
			put_end(t, open[--opened]);
		if (is_new_track && slice->lane)
			name_track(t, slice->cpu, slice->lane, " at the same time");
		put_begin(t, slice);
		open[opened++] = slice;
	}
	while (opened)
		put_end(t, open[--opened]);
	for (size_t i = 0; i < t->slices; i++)
		json_decref(t->slice[i].args);
	t->slices = 0;
	t->process++;
}
