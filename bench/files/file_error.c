/* SPDX-License-Identifier: MIT */
/* The place in front of the text; see file_error.h. */
#include "bench/files/file_error.h"

#include <errno.h>
#include <stdio.h>

void file_error(char *error, size_t error_bytes, const char *path, size_t line, const char *format, va_list arguments)
{
	int prefix = line ? snprintf(error, error_bytes, "%s:%zu: ", path, line) : snprintf(error, error_bytes, "%s: ", path);

	if (prefix >= 0 && (size_t)prefix < error_bytes)
		vsnprintf(error + prefix, error_bytes - (size_t)prefix, format, arguments);
}

int error_invalid(char *error, size_t error_bytes, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error, error_bytes, format, arguments);
	va_end(arguments);
	return -EINVAL;
}
