/* SPDX-License-Identifier: MIT */
/* What a matrix is made from; see design.h. */
#include "bench/matrix/design.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/matrix/matrix_file.h"
#include "bench/matrix/refuse.h"
#include "bench/matrix/shipped.h"
#include "bench/miniport/loaded.h"

static void product_fini(struct matrix_product *product)
{
	for (size_t d = 0; d < DIMENSIONS; d++)
		matrix_values_fini(&product->dimension[d]);
}

void matrix_design_fini(struct matrix_design *design)
{
	for (size_t i = 0; i < SETTINGS; i++)
		free(design->place[i]);
	product_fini(&design->cross);
	for (size_t i = 0; i < design->includes; i++)
		product_fini(&design->include[i]);
	for (size_t i = 0; i < design->excludes; i++) {
		for (size_t m = 0; m < design->exclude[i].matches; m++)
			cell_match_fini(&design->exclude[i].match[m]);
	}
	for (size_t i = 0; i < design->filters; i++)
		cell_match_fini(&design->filter[i]);
	free(design->include);
	free(design->exclude);
	free(design->description);
	*design = (struct matrix_design){ 0 };
}

int matrix_design_set(struct matrix_design *design, enum setting_id id, const char *text, const char *place, char *error,
		      size_t error_bytes)
{
	char wrong[512];

	if (settings_table[id].set(&design->settings, text, wrong, sizeof(wrong)))
		return refuse(error, error_bytes, place, "%s", wrong);
	free(design->place[id]);
	design->place[id] = strdup(place);
	return design->place[id] ? 0 : -ENOMEM;
}

static int load_named(struct matrix_design *design, const struct matrix_options *options, char *error, size_t error_bytes)
{
	const char *name = options->matrix ? options->matrix : "default";
	const struct shipped_matrix *shipped = shipped_matrix_find(name);
	char place[128];

	if (!shipped)
		return matrix_file_load(name, options->profile, design, error, error_bytes);
	snprintf(place, sizeof(place), "shipped/%s.yaml", name);
	return matrix_file_parse(place, shipped->text, strlen(shipped->text), "", options->profile, design, error, error_bytes);
}

static int replace_dimension(struct matrix_design *design, enum dimension_id id, const char *list, char *error, size_t error_bytes)
{
	char place[40];
	int err;

	snprintf(place, sizeof(place), "--%s", dimensions[id].name);
	err = matrix_values_list(&design->cross.dimension[id], id, list, place, error, error_bytes);
	for (size_t i = 0; i < design->includes && !err; i++)
		err = matrix_values_list(&design->include[i].dimension[id], id, list, place, error, error_bytes);
	return err;
}

static int apply_options(struct matrix_design *design, const struct matrix_options *options, char *error, size_t error_bytes)
{
	char wrong[512], place[40];
	int err = 0;

	for (size_t i = 0; i < DIMENSIONS && !err; i++) {
		if (options->dimension[i])
			err = replace_dimension(design, (enum dimension_id)i, options->dimension[i], error, error_bytes);
	}
	for (size_t i = 0; i < SETTINGS && !err; i++) {
		snprintf(place, sizeof(place), "--%s", settings_table[i].name);
		if (options->setting[i])
			err = matrix_design_set(design, (enum setting_id)i, options->setting[i], place, error, error_bytes);
	}
	for (size_t i = 0; i < options->filters && !err; i++) {
		err = cell_match_parse(&design->filter[design->filters++], options->filter[i], wrong, sizeof(wrong));
		if (err == -EINVAL)
			refuse(error, error_bytes, "--filter", "%s", wrong);
	}
	return err;
}

/* The dimensions that nobody gave. */
static int complete(struct matrix_product *product, char *error, size_t error_bytes)
{
	int err = 0;

	for (size_t d = 0; d < DIMENSIONS && !err; d++) {
		if (!product->dimension[d].count)
			err = matrix_values_list(&product->dimension[d], (enum dimension_id)d, dimensions[d].standard, NULL, error,
						 error_bytes);
	}
	return err;
}

/* How much longer than it must a warm-up may take, when nobody says. */
#define WARMUP_MAX_TIMES 10

/* Rows know a miniport by its file's name. */
static int check_miniports(const struct matrix_design *design, const struct matrix_product *product, char *error, size_t error_bytes)
{
	const struct matrix_values *values = &product->dimension[DIMENSION_MINIPORT];
	char name[128], other[128];

	for (size_t i = 0; i < values->count; i++) {
		miniport_name(values->text[i], name, sizeof(name));
		for (size_t j = 0; j < i; j++) {
			miniport_name(values->text[j], other, sizeof(other));
			if (strcmp(name, other) == 0)
				return refuse(error, error_bytes, values->place ? values->place : design->name,
					      "two miniports are called %s, and rows could not tell them apart; give one file another name", name);
		}
	}
	return 0;
}

/* Whether any is a file. */
static bool has_miniport(const struct matrix_product *product)
{
	const struct matrix_values *values = &product->dimension[DIMENSION_MINIPORT];

	for (size_t i = 0; i < values->count; i++) {
		if (strcmp(values->text[i], MINIPORT_BUILT_IN))
			return true;
	}
	return false;
}

static int check_all_miniports(const struct matrix_design *design, char *error, size_t error_bytes)
{
	bool is_there = has_miniport(&design->cross);
	int err = check_miniports(design, &design->cross, error, error_bytes);

	for (size_t i = 0; i < design->includes && !err; i++) {
		err = check_miniports(design, &design->include[i], error, error_bytes);
		is_there = is_there || has_miniport(&design->include[i]);
	}
	if (!err && design->settings.miniport_argument[0] && !is_there)
		return refuse(error, error_bytes, design->place[SETTING_MINIPORT_ARGUMENT], "there is no miniport; it goes with --miniport FILE");
	return err;
}

/* Settings that contradict each other. */
static int check_settings(struct matrix_design *design, char *error, size_t error_bytes)
{
	struct matrix_settings *settings = &design->settings;

	if (settings->needs_trace && !settings->trace[0])
		return refuse(error, error_bytes, design->name, "this matrix replays a trace; name one with --trace FILE");
	if (!settings->trace[0] && !isinf(settings->trace_speed))
		return refuse(error, error_bytes, design->place[SETTING_TRACE_SPEED], "there is no trace; it goes with --trace FILE");
	if (!design->place[SETTING_WARMUP_MAX])
		settings->warmup_max_ns = WARMUP_MAX_TIMES * settings->warmup_ns;
	if (settings->warmup_max_ns < settings->warmup_ns)
		return refuse(error, error_bytes, design->place[SETTING_WARMUP_MAX],
			      "%g ms is shorter than the warm-up of %g ms; use as much or more, or give --warmup-max with --warmup",
			      (double)settings->warmup_max_ns / 1e6, (double)settings->warmup_ns / 1e6);
	return 0;
}

int matrix_design_load(struct matrix_design *design, const struct matrix_options *options, char *error, size_t error_bytes)
{
	int err;

	*design = (struct matrix_design){ 0 };
	matrix_settings_init(&design->settings);
	err = load_named(design, options, error, error_bytes);
	if (!err)
		err = apply_options(design, options, error, error_bytes);
	if (!err)
		err = complete(&design->cross, error, error_bytes);
	for (size_t i = 0; i < design->includes && !err; i++)
		err = complete(&design->include[i], error, error_bytes);
	if (!err)
		err = check_settings(design, error, error_bytes);
	if (!err)
		err = check_all_miniports(design, error, error_bytes);
	if (err == -ENOMEM)
		snprintf(error, error_bytes, "out of memory");
	if (err)
		matrix_design_fini(design);
	return err;
}
