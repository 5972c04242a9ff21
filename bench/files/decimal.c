/* SPDX-License-Identifier: MIT */
/*
 * Decimals to doubles: see decimal.h.
 *
 * Up to 19 digits and powers of ten up to the 27th are exact in x87's 64 bits of significand, so one operation rounds the
 * value to these, once. Rounding that to 53 bits gives what rounding the value gives, unless it lies halfway between two
 * doubles: only then can the first rounding have crossed, or made, a tie (Figueroa, "When is double rounding innocuous?", SIGNUM
 * Newsletter 30(3), 1995, has the general case). Ties, and all that is longer, are left to strtod().
 */
#define _GNU_SOURCE
#include "bench/files/decimal.h"

#include <errno.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#define BYTES_MAX	1000
/* 10^19 is more than 64 bits hold, all that is less is not. */
#define DIGITS_MAX	19

struct decimal {
	uint64_t digits; /* all of them, if they are few enough */
	size_t count;    /* without leading zeros */
	int power;       /* of ten, that they are to be multiplied by */
	bool negative;
};

static const char *add_digits(struct decimal *d, const char *at, const char *end)
{
	for (; at < end && (unsigned char)(*at - '0') < 10; at++) {
		d->count += d->count || *at != '0';
		if (d->count <= DIGITS_MAX)
			d->digits = 10 * d->digits + (uint64_t)(*at - '0');
	}
	return at;
}

/* Whether it is one. */
static bool split(struct decimal *d, const char *text, size_t bytes)
{
	const char *end = text + bytes;
	const char *at = text, *begin;

	d->negative = at < end && *at == '-';
	at += d->negative;
	begin = at;
	at = add_digits(d, at, end);
	if (at == begin)
		return false;
	if (at < end && *at == '.') {
		begin = ++at;
		at = add_digits(d, at, end);
		if (at == begin)
			return false;
		d->power = (int)(begin - at);
	}
	if (at < end && *at == 'e') {
		bool negative = ++at < end && *at == '-';
		int power = 0;

		at += at < end && (*at == '-' || *at == '+');
		begin = at;
		for (; at < end && (unsigned char)(*at - '0') < 10 && at - begin < 3; at++)
			power = 10 * power + (*at - '0');
		if (at == begin)
			return false;
		d->power += negative ? -power : power;
	}
	return at == end;
}

#if LDBL_MANT_DIG == 64 && defined(__x86_64__)
static bool is_exact(const struct decimal *d, double *value)
{
	static const long double tens[] = {
		1e0L, 1e1L, 1e2L, 1e3L, 1e4L, 1e5L, 1e6L, 1e7L, 1e8L, 1e9L, 1e10L, 1e11L, 1e12L, 1e13L, 1e14L, 1e15L, 1e16L, 1e17L,
		1e18L, 1e19L, 1e20L, 1e21L, 1e22L, 1e23L, 1e24L, 1e25L, 1e26L, 1e27L,
	};
	long double exact;
	uint64_t significand;

	if (d->count > DIGITS_MAX || d->power < -27 || d->power > 27)
		return false;
	exact = (long double)d->digits;
	exact = d->power < 0 ? exact / tens[-d->power] : exact * tens[d->power];
	memcpy(&significand, &exact, sizeof(significand));
	*value = (double)exact;
	return (significand & 0x7ff) != 0x400;
}
#else
static bool is_exact(const struct decimal *d, double *value)
{
	*value = (double)d->digits;
	return d->count <= 15 && d->power == 0;
}
#endif

static int leave_to_strtod(const char *text, size_t bytes, double *value)
{
	locale_t c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	char copy[BYTES_MAX + 1];

	if (!c_locale)
		return -ENOMEM;
	memcpy(copy, text, bytes);
	copy[bytes] = '\0';
	*value = strtod_l(copy, NULL, c_locale);
	freelocale(c_locale);
	return isfinite(*value) ? 0 : -ERANGE;
}

int decimal_parse(const char *text, size_t bytes, double *value)
{
	struct decimal d = { 0 };

	if (bytes > BYTES_MAX || !split(&d, text, bytes))
		return -EINVAL;
	if (!is_exact(&d, value))
		return leave_to_strtod(text, bytes, value);
	if (d.negative)
		*value = -*value;
	return 0;
}
