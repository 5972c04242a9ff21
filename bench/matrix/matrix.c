/* SPDX-License-Identifier: MIT */
/* Expanding a design, and the order of its blocks; see matrix.h. */
#define _GNU_SOURCE /* qsort_r */
#include "bench/matrix/matrix.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/matrix/refuse.h"
#include "hba_sim/devices/service_time.h"

struct expansion {
	struct matrix *matrix;
	const struct matrix_design *design;
	unsigned usable_cores;
	size_t capacity;
	char *error;
	size_t error_bytes;
};

static struct cell_spec shared_spec(const struct matrix_settings *settings)
{
	struct cell_spec spec = {
		.data = settings->copy_data ? LUN_DATA_COPY : LUN_DATA_STAMP,
		.trace_speed = settings->trace_speed,
		.duration_ns = settings->duration_ns,
		.warmup_ns = settings->warmup_ns,
		.warmup_max_ns = settings->warmup_max_ns,
		.oversubscribe = settings->oversubscribe,
		.verify = settings->verify,
		.histogram_digits = settings->histogram_digits,
	};

	strcpy(spec.miniport_argument, settings->miniport_argument);
	/* Without faults nothing is overdue, and a cell is the same whatever the time-out. */
	strcpy(spec.faults, settings->faults);
	spec.timeout_ms = settings->faults[0] ? settings->timeout_ms : 0;
	if (settings->trace[0]) {
		strcpy(spec.trace, settings->trace);
		spec.duration_ns = spec.warmup_ns = spec.warmup_max_ns = 0;
	}
	return spec;
}

static bool is_left_out(const struct matrix_design *design, const struct cell_spec *spec)
{
	for (size_t i = 0; i < design->filters; i++) {
		if (!cell_matches(&design->filter[i], spec))
			return true;
	}
	for (size_t i = 0; i < design->excludes; i++) {
		bool all = true;

		for (size_t m = 0; m < design->exclude[i].matches && all; m++)
			all = cell_matches(&design->exclude[i].match[m], spec);
		if (all)
			return true;
	}
	return false;
}

/* Where a dimension's values were given: of two that do not go together, one was. */
static const char *place_of(const struct matrix_product *product, enum dimension_id one, enum dimension_id other)
{
	if (product->dimension[one].place)
		return product->dimension[one].place;
	return product->dimension[other].place ? product->dimension[other].place : dimensions[one].name;
}

/* Values that are fine, and do not go together. */
static int check_combination(const struct expansion *e, const struct matrix_product *product, const struct cell_spec *spec)
{
	char arrival[DIMENSION_TEXT_BYTES];
	uint64_t descriptors = spec->transport == DEVICE_LEGACY ? 3 : 1;
	uint64_t sharers = spec->queues ? (spec->cpus + spec->queues - 1) / spec->queues : spec->cpus;

	/* Three descriptors a request, or a table; beyond that the miniport would answer busy, which is another experiment. */
	if (sharers * spec->queue_depth * descriptors > DEVICE_QUEUE_SIZE)
		return refuse(e->error, e->error_bytes, place_of(product, DIMENSION_QUEUE_DEPTH, DIMENSION_CPUS),
			      "%" PRIu64 " CPUs with a queue depth of %" PRIu64 " need more than the virtqueue's %d descriptors; use a depth of %"
			      PRIu64 " at most", sharers, spec->queue_depth, DEVICE_QUEUE_SIZE,
			      DEVICE_QUEUE_SIZE / descriptors / sharers);
	if (spec->trace[0] && spec->arrival != ARRIVAL_CLOSED) {
		dimensions[DIMENSION_ARRIVAL].format(spec, arrival);
		return refuse(e->error, e->error_bytes, place_of(product, DIMENSION_ARRIVAL, DIMENSION_ARRIVAL),
			      "%s cannot go with a trace, whose arrivals are its own; use closed, and --trace-speed for its pace", arrival);
	}
	return 0;
}

static int add_cell(struct expansion *e, const struct cell_spec *spec)
{
	struct matrix *matrix = e->matrix;
	struct matrix_cell *cell;

	if (matrix->cells == e->capacity) {
		size_t capacity = e->capacity ? 2 * e->capacity : 64;

		cell = realloc(matrix->cell, capacity * sizeof(*cell));
		if (!cell)
			return -ENOMEM;
		matrix->cell = cell;
		e->capacity = capacity;
	}
	cell = &matrix->cell[matrix->cells++];
	*cell = (struct matrix_cell){ .spec = *spec, .refusal = cell_refusal(spec, e->usable_cores) };
	if (!spec->miniport[0])
		cell->spec.miniport_argument[0] = '\0';
	cell_id(&cell->spec, cell->id);
	return 0;
}

static int check_size(const struct expansion *e, const struct matrix_product *product, size_t *generated)
{
	unsigned __int128 cells = 1;

	for (size_t d = 0; d < DIMENSIONS && cells <= MATRIX_CELLS_MAX; d++)
		cells *= product->dimension[d].count;
	if (cells + *generated > MATRIX_CELLS_MAX)
		return refuse(e->error, e->error_bytes, e->design->name,
			      "more than %d cells; use fewer values, or several matrices", MATRIX_CELLS_MAX);
	*generated += (size_t)cells;
	return 0;
}

/* Counts through the values as an odometer does: the last dimension is the fastest wheel. */
static int expand(struct expansion *e, const struct matrix_product *product)
{
	struct cell_spec spec = shared_spec(&e->design->settings);
	size_t at[DIMENSIONS] = { 0 };
	char wrong[256];
	int err = 0;

	for (bool carry = false; !carry && !err;) {
		for (size_t d = 0; d < DIMENSIONS && !err; d++)
			err = dimensions[d].set(&spec, product->dimension[d].text[at[d]], wrong, sizeof(wrong));
		if (!err && !is_left_out(e->design, &spec)) {
			err = check_combination(e, product, &spec);
			if (!err)
				err = add_cell(e, &spec);
		}
		carry = true;
		for (size_t d = DIMENSIONS; carry && d-- > 0;) {
			carry = ++at[d] == product->dimension[d].count;
			if (carry)
				at[d] = 0;
		}
	}
	return err;
}

/* A key and where it belongs, to find equal ones by sorting. */
struct keyed {
	char key[CELL_ID_BYTES];
	size_t cell;
};

static int compare_keyed(const void *a, const void *b)
{
	const struct keyed *one = a, *other = b;
	int order = strcmp(one->key, other->key);

	return order ? order : (one->cell > other->cell) - (one->cell < other->cell);
}

/* The first of equal cells stays. */
static void drop_duplicates(struct matrix *matrix, struct keyed *keyed)
{
	size_t kept = 0;

	for (size_t c = 0; c < matrix->cells; c++) {
		memcpy(keyed[c].key, matrix->cell[c].id, CELL_ID_BYTES);
		keyed[c].cell = c;
	}
	qsort(keyed, matrix->cells, sizeof(*keyed), compare_keyed);
	for (size_t k = 1; k < matrix->cells; k++) {
		if (strcmp(keyed[k - 1].key, keyed[k].key) == 0)
			matrix->cell[keyed[k].cell].id[0] = '\0';
	}
	for (size_t c = 0; c < matrix->cells; c++) {
		if (matrix->cell[c].id[0])
			matrix->cell[kept++] = matrix->cell[c];
	}
	matrix->cells = kept;
}

/* A group's key is the id of its cells with the back end left out. */
static void number_groups(struct matrix *matrix, struct keyed *keyed)
{
	for (size_t c = 0; c < matrix->cells; c++) {
		struct cell_spec spec = matrix->cell[c].spec;

		spec.backend[0] = '\0';
		cell_id(&spec, keyed[c].key);
		keyed[c].cell = c;
	}
	qsort(keyed, matrix->cells, sizeof(*keyed), compare_keyed);
	/* First the number of each one's first cell, which is known when that cell comes by. */
	for (size_t k = 0; k < matrix->cells; k++) {
		bool same = k && strcmp(keyed[k - 1].key, keyed[k].key) == 0;

		matrix->cell[keyed[k].cell].group = same ? matrix->cell[keyed[k - 1].cell].group : keyed[k].cell;
	}
	for (size_t c = 0; c < matrix->cells; c++) {
		size_t first = matrix->cell[c].group;

		matrix->cell[c].group = first == c ? matrix->groups++ : matrix->cell[first].group;
	}
}

static int tidy(struct matrix *matrix)
{
	struct keyed *keyed = calloc(matrix->cells + 1, sizeof(*keyed));

	if (!keyed)
		return -ENOMEM;
	drop_duplicates(matrix, keyed);
	number_groups(matrix, keyed);
	for (size_t c = 0; c < matrix->cells; c++)
		matrix->runnable += !matrix->cell[c].refusal;
	free(keyed);
	return 0;
}

static int compare_ids(const void *a, const void *b, void *matrix)
{
	const struct matrix_cell *cell = ((const struct matrix *)matrix)->cell;

	return strcmp(cell[*(const size_t *)a].id, cell[*(const size_t *)b].id);
}

static int index_ids(struct matrix *matrix)
{
	matrix->by_id = malloc(matrix->cells * sizeof(*matrix->by_id));
	if (!matrix->by_id)
		return -ENOMEM;
	for (size_t c = 0; c < matrix->cells; c++)
		matrix->by_id[c] = c;
	qsort_r(matrix->by_id, matrix->cells, sizeof(*matrix->by_id), compare_ids, matrix);
	return 0;
}

size_t matrix_find(const struct matrix *matrix, const char *id)
{
	size_t low = 0, high = matrix->cells;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = strcmp(matrix->cell[matrix->by_id[middle]].id, id);

		if (order == 0)
			return matrix->by_id[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return matrix->cells;
}

int matrix_init(struct matrix *matrix, const struct matrix_design *design, unsigned usable_cores, char *error, size_t error_bytes)
{
	struct expansion e = { .matrix = matrix, .design = design, .usable_cores = usable_cores, .error = error,
			       .error_bytes = error_bytes };
	size_t generated = 0;
	int err;

	*matrix = (struct matrix){ .seed = design->settings.seed, .blocks = design->settings.invocations };
	strcpy(matrix->name, design->name);
	err = check_size(&e, &design->cross, &generated);
	for (size_t i = 0; i < design->includes && !err; i++)
		err = check_size(&e, &design->include[i], &generated);
	if (!err)
		err = expand(&e, &design->cross);
	for (size_t i = 0; i < design->includes && !err; i++)
		err = expand(&e, &design->include[i]);
	if (!err && !matrix->cells)
		err = refuse(error, error_bytes, design->filters ? "--filter" : design->name,
			     "no cell of the matrix is left; leave out less%s", design->filters ? "" : " by its `exclude`");
	if (!err)
		err = tidy(matrix);
	if (!err)
		err = index_ids(matrix);
	if (err == -ENOMEM)
		snprintf(error, error_bytes, "out of memory");
	if (err)
		matrix_fini(matrix);
	return err;
}

void matrix_fini(struct matrix *matrix)
{
	free(matrix->cell);
	free(matrix->by_id);
	*matrix = (struct matrix){ 0 };
}

/* A generator of a block's own: mixed twice, because the states of neighbouring blocks must not be neighbours in one sequence. */
static uint64_t block_generator(const struct matrix *matrix, uint64_t block)
{
	uint64_t state = matrix->seed;

	state = splitmix64(&state) ^ block;
	return splitmix64(&state);
}

uint64_t matrix_block_seed(const struct matrix *matrix, uint64_t block)
{
	uint64_t rng = block_generator(matrix, block);

	return splitmix64(&rng) >> 32;
}

/* Fisher and Yates' shuffle of all cells; those that are refused only then go, so as not to move the others. */
size_t matrix_block(const struct matrix *matrix, uint64_t block, struct matrix_invocation *out)
{
	uint64_t rng = block_generator(matrix, block);
	uint64_t seed = splitmix64(&rng) >> 32;
	size_t kept = 0;

	for (size_t c = 0; c < matrix->cells; c++)
		out[c].cell = c;
	for (size_t i = matrix->cells; i > 1; i--) {
		size_t j = splitmix64(&rng) % i;
		size_t swap = out[i - 1].cell;

		out[i - 1].cell = out[j].cell;
		out[j].cell = swap;
	}
	for (size_t c = 0; c < matrix->cells; c++) {
		if (matrix->cell[out[c].cell].refusal)
			continue;
		out[kept] = (struct matrix_invocation){ .cell = out[c].cell, .block = block, .seed = seed,
							.order = (block - 1) * matrix->runnable + kept + 1 };
		kept++;
	}
	return kept;
}

unsigned matrix_cores(const struct matrix *matrix)
{
	uint64_t most = 1;

	for (size_t c = 0; c < matrix->cells; c++) {
		if (!matrix->cell[c].refusal && matrix->cell[c].spec.cpus > most)
			most = matrix->cell[c].spec.cpus;
	}
	return (unsigned)most;
}
