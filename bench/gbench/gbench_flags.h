/* SPDX-License-Identifier: MIT */
/*
 * Google Benchmark's command-line options, checked before the library sees
 * them: of its own, it leaves unknown ones in argv, ends the program with
 * status 0 for a wrong format, and takes any word for a boolean.
 *
 * Source: docs/user_guide.md and the --help of Google Benchmark 1.7.1.
 */
#ifndef STORSYNC_BENCH_GBENCH_GBENCH_FLAGS_H
#define STORSYNC_BENCH_GBENCH_GBENCH_FLAGS_H

#include <stdbool.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Those that the shim acts on; the texts are the arguments' own. */
struct gbench_flags {
	const char *format;
	const char *out;
	const char *out_format;
	bool list_tests;
	bool display_aggregates_only;
	bool report_aggregates_only;
};

/*
 * Checks one argument and, if it is for the shim, notes it in *flags;
 * *forwarded says whether the library is to see it too.  Returns 0, or -EINVAL
 * with one line in `error`.
 */
int gbench_flags_note(const char *argument, struct gbench_flags *flags, bool *forwarded, char *error,
		      size_t error_bytes);

/* The argument that puts option `index`, from 0, to the library's default; NULL past the last one. */
const char *gbench_flags_default(size_t index);

#ifdef __cplusplus
}
#endif

#endif
