/* SPDX-License-Identifier: MIT */
/* Progress; see progress.h. */
#include "bench/run/progress.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "bench/run/elapsed.h"

void progress_begin(struct progress *progress, size_t total)
{
	*progress = (struct progress){ .total = total, .terminal = isatty(STDERR_FILENO), .begin_ms = elapsed_ms() };
}

static void erase_line(const struct progress *progress)
{
	if (progress->terminal)
		fputs("\r\033[K", stderr);
}

void progress_show(struct progress *progress, size_t index, const char *backend, uint64_t cpus)
{
	int64_t passed_ms = elapsed_ms() - progress->begin_ms;
	char left[32] = "";

	if (index)
		snprintf(left, sizeof(left), ", %" PRId64 " s left",
			 passed_ms * (int64_t)(progress->total - index) / (int64_t)index / 1000);
	if (progress->terminal) {
		fprintf(stderr, "\r\033[K[%zu/%zu]%s: %s on %" PRIu64 " CPU%s", index + 1, progress->total, left, backend, cpus,
			cpus == 1 ? "" : "s");
	} else if (index >= progress->plain_next) {
		fprintf(stderr, "%zu of %zu invocations done%s\n", index, progress->total, left);
		progress->plain_next = index + (progress->total + 9) / 10;
	}
	fflush(stderr);
}

void progress_note(struct progress *progress, const char *backend, uint64_t cpus, const char *status, const char *reason,
		   const char *log)
{
	erase_line(progress);
	fprintf(stderr, "%s on %" PRIu64 " CPU%s: %s: %s\n", backend, cpus, cpus == 1 ? "" : "s", status, reason);
	if (log && log[0] && strcmp(status, "hung") == 0)
		fputs(log, stderr);
}

void progress_end(struct progress *progress)
{
	erase_line(progress);
	fflush(stderr);
}
