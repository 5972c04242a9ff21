/* SPDX-License-Identifier: MIT */
/*
 * Strict parsing of the quantities that users write in options and matrix
 * files. A measurement must never run with 4 where "4x" was written, so
 * anything doubtful is refused, with one line that says what would be right.
 *
 * Every parser takes the whole text or refuses it: no white space, no signs,
 * no trailing characters, decimals with digits on both sides of one '.'.
 * Each returns 0, -EINVAL, or, the lists only, -ENOMEM. On failure error
 * holds the line (no newline), and results are unchanged.
 */
#ifndef STORSYNC_BENCH_CLI_QUANTITY_H
#define STORSYNC_BENCH_CLI_QUANTITY_H

#include <stddef.h>
#include <stdint.h>

/*
 * "50ns", "1us", "200ms", "1.5s", "20m" (minutes), "8h"; "0" alone needs no
 * unit. Refused if not a whole number of nanoseconds.
 */
int quantity_duration(const char *text, uint64_t *ns, char *error,
		      size_t error_bytes);

/*
 * "512", "4k", "64KiB": k, M and G, and KiB, MiB and GiB, are powers of
 * 1024. kB and its like are refused: half the world means 1000.
 */
int quantity_bytes(const char *text, uint64_t *bytes, char *error,
		   size_t error_bytes);

/*
 * "500", "2k", "1.5M": events a second; k and M are powers of 1000. Hz and
 * its like are refused, and so is what is not a whole number a second.
 */
int quantity_rate(const char *text, uint64_t *hz, char *error,
		  size_t error_bytes);

/* A whole number, "32". */
int quantity_count(const char *text, uint64_t *count, char *error,
		   size_t error_bytes);

/* "5%" or "99.9%", at most 100%; "0" alone needs no sign. fraction is 0 to 1. */
int quantity_percentage(const char *text, double *fraction, char *error,
			size_t error_bytes);

/*
 * Speed of a replay: "1000" or "0.5", a factor above 0; "max" is INFINITY,
 * as fast as it goes.
 */
int quantity_speed(const char *text, double *factor, char *error,
		   size_t error_bytes);

/* Items of a comma-separated list, in the order given. */
struct quantity_list {
	size_t count;
	char **items;
};

/*
 * "poll,signal": no empty item, none twice, no white space around one.
 * Items that differ as text but mean the same ("1us,1000ns") are the
 * caller's to compare.
 */
int quantity_list(const char *text, struct quantity_list *list, char *error,
		  size_t error_bytes);
void quantity_list_fini(struct quantity_list *list);

/*
 * "1,2,8", "1-4" or a mixture, into values in the order given, no number
 * twice, at most capacity of them. *count is set to how many. values may
 * have been written to on failure.
 */
int quantity_counts(const char *text, uint64_t *values, size_t capacity,
		    size_t *count, char *error, size_t error_bytes);

#endif
