/* SPDX-License-Identifier: MIT */
/* What every verb's command line has in common. */
#ifndef STORSYNC_BENCH_CLI_USAGE_H
#define STORSYNC_BENCH_CLI_USAGE_H

#include <argp.h>
#include <stdint.h>

#define EXIT_USAGE 2

/* One line on stderr, "storsync VERB: ...", and exit 2. */
_Noreturn void usage_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* An option's duration in ns, or usage_error. */
uint64_t usage_duration(const char *option, const char *text);

/*
 * argp for a verb ("" for the command itself), with --help and --usage on
 * standard output.  argv[0] is skipped.  An unknown option is one line that
 * names it and the verb's --help, and exit 2.
 */
void usage_parse(const struct argp *argp, const char *verb, int argc, char **argv, void *input);

#endif
