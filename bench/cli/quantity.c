/* SPDX-License-Identifier: MIT */
/*
 * Parsing of quantities: see quantity.h. Decimals are scaled in integers,
 * so that 0.1us is 100 ns and not 99, and no locale has a say.
 */
#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cli/quantity.h"

/* 25 digits times an hour in ns, the largest unit, fit 128 bits. */
#define DIGITS_MAX	25
/* A double holds any 15 digits exactly. */
#define DOUBLE_DIGITS	15
#define QUOTED_BYTES	40

/* digits / 10^decimals, followed by rest. */
struct decimal {
	unsigned __int128 digits;
	unsigned int digit_count;
	unsigned int decimals;
	const char *rest;
};

struct unit {
	const char *name;
	uint64_t scale;
};

static const struct unit duration_units[] = {
	{ "ns", 1 },
	{ "us", 1000 },
	{ "ms", 1000000 },
	{ "s", 1000000000 },
	{ "m", UINT64_C(60000000000) },
	{ "h", UINT64_C(3600000000000) },
	{ NULL, 0 },
};

static const struct unit byte_units[] = {
	{ "", 1 },
	{ "k", 1u << 10 }, { "K", 1u << 10 }, { "KiB", 1u << 10 },
	{ "M", 1u << 20 }, { "MiB", 1u << 20 },
	{ "G", 1u << 30 }, { "GiB", 1u << 30 },
	{ NULL, 0 },
};

static const struct unit rate_units[] = {
	{ "", 1 },
	{ "k", 1000 },
	{ "M", 1000000 },
	{ NULL, 0 },
};

static const char duration_form[] =
	"write a number and ns, us, ms, s, m or h, as in 50ns or 1.5s";
static const char byte_form[] =
	"write a number of bytes, or of k, M or G (powers of 1024), as in 512 or 64KiB";
static const char rate_form[] =
	"write how many a second, or k or M (thousands, millions) of them, as in 500 or 2k";
static const char count_form[] = "write a whole number, as in 32";
static const char percentage_form[] = "write 0% to 100%, as in 5% or 99.9%";
static const char speed_form[] =
	"write max, or a factor above 0, as in 1000 or 0.5";
static const char counts_form[] =
	"write whole numbers and ranges, as in 1,2,8 or 1-4";
static const char list_form[] =
	"write items with single commas between them, as in a,b,c";

/* One line: the text as given, what is wrong with it, what would be right. */
static int refuse(const char *text, const char *wrong, const char *form,
		  char *error, size_t error_bytes)
{
	char quoted[QUOTED_BYTES + 1];
	size_t i;

	for (i = 0; text[i] && i < QUOTED_BYTES; i++) {
		unsigned char c = (unsigned char)text[i];

		quoted[i] = c < 0x20 || c == 0x7f ? '?' : text[i];
	}
	quoted[i] = '\0';
	snprintf(error, error_bytes, "\"%s\"%s %s: %s", quoted,
		 text[i] ? "..." : "", wrong, form);
	return -EINVAL;
}

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool take_digits(struct decimal *d)
{
	const char *start = d->rest;

	for (; is_digit(*d->rest); d->rest++) {
		/* Excess digits are counted, for the caller to refuse. */
		if (++d->digit_count <= DIGITS_MAX)
			d->digits = d->digits * 10 + (unsigned int)(*d->rest - '0');
	}
	return d->rest > start;
}

/* What is wrong with the number text begins with, or NULL. */
static const char *parse_decimal(const char *text, struct decimal *d)
{
	*d = (struct decimal){ .rest = text };
	if (!*text)
		return "is empty";
	if (*text == '-')
		return "is negative";
	if (!take_digits(d))
		return "does not begin with a digit";
	if (*d->rest == '.') {
		unsigned int whole = d->digit_count;

		d->rest++;
		if (!take_digits(d))
			return "has no digit after its point";
		d->decimals = d->digit_count - whole;
	}
	return NULL;
}

static unsigned __int128 power_of_10(unsigned int exponent)
{
	unsigned __int128 power = 1;

	while (exponent--)
		power *= 10;
	return power;
}

static const struct unit *find_unit(const struct unit *units, const char *name)
{
	for (; units->name; units++)
		if (strcmp(units->name, name) == 0)
			return units;
	return NULL;
}

/* text = decimal and unit, as a whole number of the unit of scale 1. */
static int parse_scaled(const char *text, const struct unit *units,
			const char *form, uint64_t *value, char *error,
			size_t error_bytes)
{
	unsigned __int128 product, divisor;
	const struct unit *unit;
	const char *wrong;
	struct decimal d;

	wrong = parse_decimal(text, &d);
	if (wrong)
		return refuse(text, wrong, form, error, error_bytes);
	unit = find_unit(units, d.rest);
	if (!unit)
		return refuse(text,
			      *d.rest ? "has an unknown unit" : "has no unit",
			      form, error, error_bytes);
	if (d.digit_count > DIGITS_MAX)
		return refuse(text, "has too many digits", form, error,
			      error_bytes);
	product = d.digits * unit->scale;
	divisor = power_of_10(d.decimals);
	if (product % divisor)
		return refuse(text, "is not a whole number of its "
			      "smallest unit", form, error, error_bytes);
	if (product / divisor > UINT64_MAX)
		return refuse(text, "is too large", form, error,
			      error_bytes);
	*value = (uint64_t)(product / divisor);
	return 0;
}

int quantity_duration(const char *text, uint64_t *ns, char *error,
		      size_t error_bytes)
{
	if (strcmp(text, "0") == 0) {
		*ns = 0;
		return 0;
	}
	return parse_scaled(text, duration_units, duration_form, ns, error,
			    error_bytes);
}

int quantity_bytes(const char *text, uint64_t *bytes, char *error,
		   size_t error_bytes)
{
	return parse_scaled(text, byte_units, byte_form, bytes, error,
			    error_bytes);
}

int quantity_rate(const char *text, uint64_t *hz, char *error,
		  size_t error_bytes)
{
	return parse_scaled(text, rate_units, rate_form, hz, error,
			    error_bytes);
}

/* What is wrong with text[0..bytes) as a whole number, or NULL. */
static const char *parse_whole(const char *text, size_t bytes, uint64_t *value)
{
	uint64_t result = 0;

	if (bytes == 0)
		return "lacks a number";
	for (size_t i = 0; i < bytes; i++) {
		if (!is_digit(text[i]))
			return "is not a whole number";
		if (__builtin_mul_overflow(result, UINT64_C(10), &result) ||
		    __builtin_add_overflow(result, (uint64_t)(text[i] - '0'), &result))
			return "is too large";
	}
	*value = result;
	return NULL;
}

int quantity_count(const char *text, uint64_t *count, char *error,
		   size_t error_bytes)
{
	const char *wrong = parse_whole(text, strlen(text), count);

	if (!wrong)
		return 0;
	return refuse(text, wrong, count_form, error, error_bytes);
}

/*
 * text = decimal and "%", or decimal alone. Up to 15 digits over a power of
 * ten is one correctly rounded division; a percentage's 100 joins in it.
 */
static int parse_double(const char *text, bool percent, const char *form,
			double *value, char *error, size_t error_bytes)
{
	struct decimal d;
	const char *wrong = parse_decimal(text, &d);

	if (!wrong && percent && !*d.rest)
		wrong = "has no %";
	else if (!wrong && strcmp(d.rest, percent ? "%" : "") != 0)
		wrong = "has something after its number";
	if (wrong)
		return refuse(text, wrong, form, error, error_bytes);
	if (d.digit_count > DOUBLE_DIGITS)
		return refuse(text, "has too many digits", form, error,
			      error_bytes);
	*value = (double)d.digits /
		 (double)power_of_10(d.decimals + (percent ? 2 : 0));
	return 0;
}

int quantity_percentage(const char *text, double *fraction, char *error,
			size_t error_bytes)
{
	double parsed = 0;

	if (strcmp(text, "0") != 0) {
		int result = parse_double(text, true, percentage_form, &parsed,
					  error, error_bytes);

		if (result)
			return result;
	}
	if (parsed > 1)
		return refuse(text, "is above 100%", percentage_form, error,
			      error_bytes);
	*fraction = parsed;
	return 0;
}

int quantity_speed(const char *text, double *factor, char *error,
		   size_t error_bytes)
{
	double parsed;
	int result;

	if (strcmp(text, "max") == 0) {
		*factor = INFINITY;
		return 0;
	}
	result = parse_double(text, false, speed_form, &parsed, error, error_bytes);
	if (result)
		return result;
	if (parsed == 0)
		return refuse(text, "would never end", speed_form,
			      error, error_bytes);
	*factor = parsed;
	return 0;
}

void quantity_list_fini(struct quantity_list *list)
{
	for (size_t i = 0; i < list->count; i++)
		free(list->items[i]);
	free(list->items);
	*list = (struct quantity_list){ 0 };
}

/* What is wrong with an item that would follow those of list, or NULL. */
static const char *judge_item(const struct quantity_list *list,
			      const char *item)
{
	size_t bytes = strlen(item);

	if (bytes == 0)
		return "has an empty item";
	if (item[0] == ' ' || item[0] == '\t' || item[bytes - 1] == ' ' ||
	    item[bytes - 1] == '\t')
		return "has white space around an item";
	for (size_t i = 0; i < list->count; i++)
		if (strcmp(list->items[i], item) == 0)
			return "has an item twice";
	return NULL;
}

int quantity_list(const char *text, struct quantity_list *list, char *error,
		  size_t error_bytes)
{
	struct quantity_list built = { 0 };
	const char *wrong = NULL, *start = text;
	size_t capacity = 1;
	int result;

	if (!*text)
		return refuse(text, "is empty", list_form, error,
			      error_bytes);
	for (const char *c = text; *c; c++)
		capacity += *c == ',';
	built.items = calloc(capacity, sizeof(*built.items));
	if (!built.items)
		goto no_memory;
	while (!wrong && built.count < capacity) {
		size_t bytes = strcspn(start, ",");
		char *item = strndup(start, bytes);

		if (!item)
			goto no_memory;
		wrong = judge_item(&built, item);
		built.items[built.count++] = item;
		start += bytes + 1;
	}
	if (!wrong) {
		*list = built;
		return 0;
	}
	result = refuse(text, wrong, list_form, error, error_bytes);
	quantity_list_fini(&built);
	return result;

no_memory:
	quantity_list_fini(&built);
	snprintf(error, error_bytes, "out of memory");
	return -ENOMEM;
}

/* "4" or "1-4"; what is wrong with it, or NULL. */
static const char *parse_range(const char *item, uint64_t *low, uint64_t *high)
{
	size_t bytes = strcspn(item, "-");
	const char *wrong = parse_whole(item, bytes, low);

	*high = *low;
	if (!wrong && item[bytes] == '-') {
		item += bytes + 1;
		wrong = parse_whole(item, strlen(item), high);
		if (!wrong && *high < *low)
			wrong = "has a range that runs backwards";
	}
	return wrong;
}

static const char *add_range(uint64_t low, uint64_t high, uint64_t *values,
			     size_t capacity, size_t *count)
{
	for (size_t i = 0; i < *count; i++)
		if (values[i] >= low && values[i] <= high)
			return "has a number twice";
	/* Not high - low + 1, which is 0 for all of 64 bits. */
	if (*count == capacity || high - low >= capacity - *count)
		return "has too many numbers";
	for (uint64_t offset = 0; offset <= high - low; offset++)
		values[(*count)++] = low + offset;
	return NULL;
}

int quantity_counts(const char *text, uint64_t *values, size_t capacity,
		    size_t *count, char *error, size_t error_bytes)
{
	struct quantity_list list;
	const char *wrong = NULL;
	size_t used = 0;
	int result;

	result = quantity_list(text, &list, error, error_bytes);
	if (result)
		return result;
	for (size_t i = 0; !wrong && i < list.count; i++) {
		uint64_t low = 0, high = 0;

		wrong = parse_range(list.items[i], &low, &high);
		if (!wrong)
			wrong = add_range(low, high, values, capacity, &used);
	}
	quantity_list_fini(&list);
	if (!wrong) {
		*count = used;
		return 0;
	}
	return refuse(text, wrong, counts_form, error, error_bytes);
}
