/* SPDX-License-Identifier: MIT */
/* Progress; see progress.h. */
#include "bench/run/progress.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/run/elapsed.h"
#include "impls/backends.h"

void progress_begin(struct progress *progress, size_t total)
{
	bool terminal = isatty(STDERR_FILENO);

	*progress = (struct progress){ .out = stderr, .total = total, .terminal = terminal, .begin_ms = elapsed_ms() };
	progress->colour = terminal && !getenv("NO_COLOR");
}

static void erase_line(const struct progress *progress)
{
	if (progress->terminal)
		fputs("\r\033[K", progress->out);
}

void progress_format_time(int64_t ms, char *text, size_t bytes)
{
	int64_t s = (ms + 500) / 1000;

	if (s >= 3600)
		snprintf(text, bytes, "%" PRId64 " h %" PRId64 " min", s / 3600, s / 60 % 60);
	else if (s >= 60)
		snprintf(text, bytes, "%" PRId64 " min %" PRId64 " s", s / 60, s % 60);
	else
		snprintf(text, bytes, "%" PRId64 " s", s);
}

/* From what this process has done so far; "" before there is anything. */
static void format_left(const struct progress *progress, size_t done, char *text, size_t bytes)
{
	int64_t here = (int64_t)(done - progress->before);
	char time[40];

	*text = '\0';
	if (here <= 0)
		return;
	progress_format_time((elapsed_ms() - progress->begin_ms) * (int64_t)(progress->total - done) / here, time, sizeof(time));
	snprintf(text, bytes, ", %s left", time);
}

static void put_cell(const struct progress *progress, const struct cell_spec *spec)
{
	fprintf(progress->out, "%s%s%s on %" PRIu64 " CPU%s", progress->colour ? "\033[1m" : "", spec->backend,
		progress->colour ? "\033[0m" : "", spec->cpus, spec->cpus == 1 ? "" : "s");
	if (spec->delivery != SYNC_POLL)
		fprintf(progress->out, ", %s", sync_delivery_name(spec->delivery));
	if (spec->cpus > 1)
		fprintf(progress->out, ", routing %s", cell_routing_name(spec->routing));
}

void progress_show(struct progress *progress, size_t done, const struct cell_spec *spec)
{
	char left[64];

	format_left(progress, done, left, sizeof(left));
	if (progress->terminal) {
		erase_line(progress);
		fprintf(progress->out, "[%zu/%zu]%s: ", done + 1, progress->total, left);
		put_cell(progress, spec);
	} else if (done >= progress->plain_next) {
		fprintf(progress->out, "%zu of %zu invocations done%s; next is ", done, progress->total, left);
		put_cell(progress, spec);
		fputc('\n', progress->out);
		progress->plain_next = done + (progress->total + 9) / 10;
	}
	fflush(progress->out);
}

void progress_note(struct progress *progress, const struct cell_spec *spec, const char *status, const char *reason, const char *log)
{
	erase_line(progress);
	put_cell(progress, spec);
	fprintf(progress->out, ": %s: %s\n", status, reason);
	/* What a cell that did not lose anything has to say is in its reason. */
	if (log && log[0] && (strcmp(status, "hung") == 0 || strcmp(status, "violated") == 0))
		fputs(log, progress->out);
}

void progress_words(struct progress *progress, const char *words)
{
	erase_line(progress);
	fputs(words, progress->out);
}

void progress_end(struct progress *progress)
{
	erase_line(progress);
	fflush(progress->out);
}
