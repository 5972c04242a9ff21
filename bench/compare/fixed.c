/* SPDX-License-Identifier: MIT */
/* Decimal digits; see fixed.h. */
#include "bench/compare/fixed.h"

#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

/* Powers of ten that a double holds exactly, and the largest number whose neighbours are whole ones. */
#define POWERS		23
#define WHOLE_MAX	0x1p52
#define COUNT_BYTES	20

static const double power_of_ten[POWERS] = { 1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15,
					     1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22 };

/*
 * value * factor, not negative and below WHOLE_MAX, to the nearest whole number, to the even one of two: the product is
 * rounded, and what it was rounded by tells the sides of a half apart, since the sign of a sum is never rounded away.
 */
static uint64_t nearest(double value, double factor)
{
	double product = value * factor, lost = fma(value, factor, -product);
	double whole = floor(product), beyond_half = (product - whole - 0.5) + lost;
	uint64_t number = (uint64_t)whole;

	return number + (beyond_half > 0 || (beyond_half == 0 && number % 2));
}

/* The digits' length; not ended. */
static size_t put_digits(char *text, uint64_t number)
{
	char digits[COUNT_BYTES];
	size_t at = sizeof(digits);

	do
		digits[--at] = (char)('0' + number % 10);
	while (number /= 10);
	memcpy(text, digits + at, sizeof(digits) - at);
	return sizeof(digits) - at;
}

size_t fixed_print(char *text, size_t bytes, double value, unsigned decimals)
{
	uint64_t number, scale;
	size_t length;

	if (!(value > 0 && value * power_of_ten[decimals] < WHOLE_MAX))
		return (size_t)snprintf(text, bytes, "%.*f", (int)decimals, value);
	number = nearest(value, power_of_ten[decimals]);
	scale = (uint64_t)power_of_ten[decimals];
	length = put_digits(text, number / scale);
	if (decimals) {
		text[length++] = '.';
		for (uint64_t rest = number % scale; scale > 1; rest %= scale) {
			scale /= 10;
			text[length++] = (char)('0' + rest / scale);
		}
	}
	text[length] = '\0';
	return length;
}

size_t fixed_print_power(char *text, size_t bytes, double value)
{
	unsigned shift = 1;
	uint64_t number;

	while (shift < POWERS && value * power_of_ten[shift] < 10)
		shift++;
	if (!(value > 0 && value < 1 && shift < POWERS))
		return (size_t)snprintf(text, bytes, "%.1e", value);
	/* Two digits, and should they be 99.5 or more, one step up. */
	number = nearest(value, power_of_ten[shift]);
	if (number >= 100) {
		number /= 10;
		shift--;
	}
	if (shift <= 1)
		return (size_t)snprintf(text, bytes, "%.1e", value);
	memcpy(text, "0.0e-00", sizeof("0.0e-00"));
	text[0] = (char)('0' + number / 10);
	text[2] = (char)('0' + number % 10);
	text[5] = (char)('0' + (shift - 1) / 10);
	text[6] = (char)('0' + (shift - 1) % 10);
	return sizeof("0.0e-00") - 1;
}

size_t fixed_print_count(char *text, size_t bytes, size_t count)
{
	size_t length = put_digits(text, count);

	(void)bytes;
	text[length] = '\0';
	return length;
}
