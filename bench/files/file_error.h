/* SPDX-License-Identifier: MIT */
/* How readers of files with lines say what is wrong with one. */
#ifndef STORSYNC_BENCH_FILES_FILE_ERROR_H
#define STORSYNC_BENCH_FILES_FILE_ERROR_H

#include <stdarg.h>
#include <stddef.h>

/* "PATH:LINE: ..." in `error`, or "PATH: ..." for line 0: the file could not be read at all.  Cut off where it does not fit. */
__attribute__((format(printf, 5, 0)))
void file_error(char *error, size_t error_bytes, const char *path, size_t line, const char *format, va_list arguments);

/* "..." in `error`, by a reader that knows neither file nor line, or names them itself; likewise cut off. Returns -EINVAL. */
__attribute__((format(printf, 3, 4)))
int error_invalid(char *error, size_t error_bytes, const char *format, ...);

#endif
