/* SPDX-License-Identifier: MIT */
/* A number as csv.h's writer writes it, read fast and to the same double as strtod() in the C locale. */
#ifndef STORSYNC_BENCH_FILES_DECIMAL_H
#define STORSYNC_BENCH_FILES_DECIMAL_H

#include <stddef.h>

/*
 * -1.5e-7 and the like: digits, then perhaps a point with digits, then perhaps an exponent of up to three. 0; -EINVAL for
 * everything else: empty, spaces, hexadecimal, nan, inf, more than 1000 bytes; -ERANGE when no finite double is near it.
 */
int decimal_parse(const char *text, size_t bytes, double *value);

#endif
