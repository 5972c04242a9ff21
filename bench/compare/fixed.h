/* SPDX-License-Identifier: MIT */
/* Numbers as printf would write them, to the last digit, in a tenth of the time: a large run prints a million. */
#ifndef STORSYNC_BENCH_COMPARE_FIXED_H
#define STORSYNC_BENCH_COMPARE_FIXED_H

#include <stddef.h>

/* As snprintf(text, bytes, "%.*f", decimals, value), decimals from 0 to 6, and "%.1e"; bytes is at least 32. The length. */
size_t fixed_print(char *text, size_t bytes, double value, unsigned decimals);
size_t fixed_print_power(char *text, size_t bytes, double value);

/* As "%zu". */
size_t fixed_print_count(char *text, size_t bytes, size_t count);

#endif
