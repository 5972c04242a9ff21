/* SPDX-License-Identifier: MIT */
/* Times in words; see time_text.h. */
#include "bench/explain/time_text.h"

#include <math.h>
#include <stdio.h>

const char *time_text(char text[TIME_TEXT_BYTES], double ns)
{
	double size = fabs(ns);

	if (size < 9.95)
		snprintf(text, TIME_TEXT_BYTES, "%.1f ns", size);
	else if (size < 9999.5)
		snprintf(text, TIME_TEXT_BYTES, "%.0f ns", size);
	else if (size < 9.9995e6)
		snprintf(text, TIME_TEXT_BYTES, "%.1f us", size / 1e3);
	else
		snprintf(text, TIME_TEXT_BYTES, "%.1f ms", size / 1e6);
	return text;
}
