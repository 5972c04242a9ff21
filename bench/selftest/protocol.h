/* SPDX-License-Identifier: MIT */
/* What the selftest prints, in the manner of a lab protocol: part, figure, found, expected, verdict. */
#ifndef STORSYNC_BENCH_SELFTEST_PROTOCOL_H
#define STORSYNC_BENCH_SELFTEST_PROTOCOL_H

#include <stdbool.h>
#include <stdio.h>

#define PROTOCOL_FOUND_BYTES 160

struct protocol {
	FILE *out;
	const char *part; /* of the lines to come */
	bool named;       /* its name has been printed */
	unsigned failed;  /* lines */
};

void protocol_begin(struct protocol *protocol, FILE *out);
void protocol_part(struct protocol *protocol, const char *part);

/* A figure that is right, or is not; `format` is what was found. */
void protocol_judged(struct protocol *protocol, bool passes, const char *figure, const char *expected, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* A figure that fails nothing; `verdict` may be "". */
void protocol_told(struct protocol *protocol, const char *verdict, const char *figure, const char *expected, const char *format, ...)
	__attribute__((format(printf, 5, 6)));

/* A line of text about the figures above it. */
void protocol_note(struct protocol *protocol, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
