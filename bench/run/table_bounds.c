/* SPDX-License-Identifier: MIT */
/* The table of worst waits; see table_bounds.h. */
#include "bench/run/table_bounds.h"

#include "bench/stats/rank_test.h"

static const struct {
	const char *worst;
	const char *bound;
	const char *starvation;
	const char *verdict;
} keys[TABLE_BOUNDS_KINDS] = {
	[TABLE_BOUNDS_CALL] = { "sync_wait_max_ns", "wait_bound_ns", "starvation", "bound_held" },
	[TABLE_BOUNDS_ISR] = { "isr_blocked_max_ns", "isr_bound_ns", "isr_starvation", "isr_bound_held" },
};

void table_add_sample(struct table_samples *samples, const json_t *value)
{
	if (json_is_number(value) && samples->n < sizeof(samples->value) / sizeof(samples->value[0]))
		samples->value[samples->n++] = json_number_value(value);
}

static void add_verdict(struct table_samples *samples, const json_t *value)
{
	if (json_is_boolean(value) && samples->n < sizeof(samples->value) / sizeof(samples->value[0]))
		samples->value[samples->n++] = json_is_true(value);
}

void table_bounds_add(struct table_bounds *bounds, const json_t *summary)
{
	table_add_sample(&bounds->held_max, json_object_get(summary, "held_max_ns"));
	for (unsigned k = 0; k < TABLE_BOUNDS_KINDS; k++) {
		table_add_sample(&bounds->kind[k].worst, json_object_get(summary, keys[k].worst));
		table_add_sample(&bounds->kind[k].bound, json_object_get(summary, keys[k].bound));
		table_add_sample(&bounds->kind[k].starvation, json_object_get(summary, keys[k].starvation));
		add_verdict(&bounds->kind[k].verdict, json_object_get(summary, keys[k].verdict));
	}
}

void table_bounds_print_head(FILE *out)
{
	fprintf(out, "  %-15s %10s  %10s %10s %8s  %-13s %11s %10s %8s\n", "back end", "held by", "sync wait", "", "in", "", "ISR blocked", "",
		"in");
	fprintf(out, "  %-15s %10s  %10s %10s %8s  %-13s %11s %10s %8s  %s\n", "", "any, ns", "worst ns", "bound ns", "sections", "bound",
		"worst ns", "bound ns", "sections", "bound");
}

static void print_median(const struct table_samples *samples, int width, int decimals, FILE *out)
{
	if (samples->n)
		fprintf(out, " %*.*f", width, decimals, rank_median(samples->value, samples->n));
	else
		fprintf(out, " %*s", width, "-");
}

/* "held", when all did; else how many exceeded it, or how many held it and how many could not tell. */
static void verdict_text(const struct table_samples *verdict, size_t of, size_t promised, char *text, size_t bytes)
{
	size_t held = 0;

	for (size_t i = 0; i < verdict->n; i++)
		held += verdict->value[i] > 0;
	if (!promised)
		snprintf(text, bytes, "none");
	else if (held < verdict->n)
		snprintf(text, bytes, "exceeded %zu/%zu", verdict->n - held, of);
	else if (held == of)
		snprintf(text, bytes, "held");
	else if (held)
		snprintf(text, bytes, "held %zu/%zu", held, of);
	else
		snprintf(text, bytes, "undecided");
}

void table_bounds_print(const struct table_bounds *bounds, const char *backend, FILE *out)
{
	char text[32];

	fprintf(out, "  %-15s", backend);
	print_median(&bounds->held_max, 10, 0, out);
	for (unsigned k = 0; k < TABLE_BOUNDS_KINDS; k++) {
		if (k == TABLE_BOUNDS_CALL)
			fputc(' ', out);
		print_median(&bounds->kind[k].worst, k == TABLE_BOUNDS_CALL ? 10 : 11, 0, out);
		print_median(&bounds->kind[k].bound, 10, 0, out);
		print_median(&bounds->kind[k].starvation, 8, 1, out);
		verdict_text(&bounds->kind[k].verdict, bounds->held_max.n, bounds->kind[k].bound.n, text, sizeof(text));
		fprintf(out, k + 1 < TABLE_BOUNDS_KINDS ? "  %-13s" : "  %s", text);
	}
	fputc('\n', out);
}
