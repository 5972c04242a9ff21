/* SPDX-License-Identifier: MIT */
/* What a scanned field is: see csv_scan.h. */
#include "bench/files/csv_scan.h"

#include <string.h>

bool csv_field_is(const struct csv_field *field, const char *text)
{
	return strncmp(field->text, text, field->bytes) == 0 && text[field->bytes] == '\0';
}

bool csv_field_u64(const struct csv_field *field, uint64_t *value)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < field->bytes; i++) {
		unsigned digit = (unsigned)(field->text[i] - '0');

		if (digit > 9 || __builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, digit, &sum))
			return false;
	}
	*value = sum;
	return field->bytes > 0;
}
