/* SPDX-License-Identifier: MIT */
/*
 * The Trace Event Format: a process of slices on tracks, of which each CPU has as many as it takes for slices to nest.
 *
 * Source: "Trace Event Format", the document of Chromium's tracing (JSON Object Format).
 */
#ifndef STORSYNC_BENCH_EXPORT_TRACE_WRITER_H
#define STORSYNC_BENCH_EXPORT_TRACE_WRITER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define TRACE_SLICES 12u

/* CPU `cpu` did that in [from, to), in ns. */
struct trace_slice {
	const char *name;
	const char *category;
	uint64_t cpu, from, to;
	json_t *args; /* NULL: none */
	unsigned lane, order;
};

/* A trace being written, one process after the other. */
struct trace {
	FILE *out;
	uint64_t origin; /* in ns: what is 0 in this process */
	bool has_event;
	size_t process;  /* from 0 */
	struct trace_slice slice[TRACE_SLICES];
	size_t slices;
};

/* json_dumps() of a text, so that any cause or label will do. */
void trace_text(FILE *out, const char *text);

void trace_name_process(struct trace *t, const char *name);

/* "CPU 1" and what is said of it. */
void trace_name_cpu(struct trace *t, uint64_t cpu, const char *of);

/* A point on a CPU's first track. */
void trace_instant(struct trace *t, const char *name, uint64_t cpu, uint64_t at, const char *note);

/*
 * A slice of this process, on the CPU's first track where it crosses no slice that was added before; the texts stay valid
 * until trace_end_process(). Takes over `args`.
 */
void trace_add(struct trace *t, const struct trace_slice *slice);

/* Writes the slices; what follows is another process. */
void trace_end_process(struct trace *t);

#endif
