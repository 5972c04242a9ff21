/* SPDX-License-Identifier: MIT */
/*
 * gnuplot (https://gnuplot.info) as a child process: a script in, what it draws out.  There is no shell in between, no
 * file is written, and the user's own settings of gnuplot are not read.
 */
#ifndef STORSYNC_BENCH_REPORT_GNUPLOT_H
#define STORSYNC_BENCH_REPORT_GNUPLOT_H

#include <stddef.h>
#include <stdint.h>

/*
 * Runs `program` ("gnuplot", looked for in PATH) on a script of `bytes`.  *output, which the caller frees, is all it wrote to its
 * standard output, ended by a NUL that *output_bytes does not count.
 *
 * 0; -ENOENT: it is not installed; -EBADMSG: it refused the script, or died; -ETIMEDOUT: it took longer than `limit_ns` and
 * was ended; or another -errno.  `error` then has one line: of gnuplot's own words, those that say what is wrong.
 */
int gnuplot_run(const char *program, const char *script, size_t bytes, uint64_t limit_ns, char **output, size_t *output_bytes,
		char *error, size_t error_bytes);

#endif
