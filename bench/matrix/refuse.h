/* SPDX-License-Identifier: MIT */
/* One line for a user's mistake: where it is, what is wrong, what would be right. */
#ifndef STORSYNC_BENCH_MATRIX_REFUSE_H
#define STORSYNC_BENCH_MATRIX_REFUSE_H

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>

/* Enough for a path, a value and what would be right. */
#define MATRIX_ERROR_BYTES 2048

/* "PLACE: TEXT" into `error`; returns -EINVAL. */
__attribute__((format(printf, 4, 5)))
static inline int refuse(char *error, size_t error_bytes, const char *place, const char *format, ...)
{
	int used = snprintf(error, error_bytes, "%s: ", place);
	va_list arguments;

	va_start(arguments, format);
	if (used >= 0 && (size_t)used < error_bytes)
		vsnprintf(error + used, error_bytes - (size_t)used, format, arguments);
	va_end(arguments);
	return -EINVAL;
}

#endif
