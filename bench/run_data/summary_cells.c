/* SPDX-License-Identifier: MIT */
/*
 * Which cell a row is of: see summary.h. That is told by the bytes of its key columns as they stand in the file, a dozen runs of
 * adjoining fields: their hash finds the cell that the same bytes were of before. Only bytes not seen before are taken apart.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/files/decimal.h"
#include "bench/run_data/summary.h"

/*
 * The window is measured, and no two of them are alike to the nanosecond: three digits of it are what was asked for. A trace lasts as
 * long as it lasts.
 */
static const char *keep_window(struct summary *s, const struct run_cell *cell)
{
	const char *told = cell->key[RUN_KEY_DURATION_S];
	char text[32];
	double seconds;

	if (*cell->key[RUN_KEY_TRACE])
		return s->b->empty;
	if (decimal_parse(told, strlen(told), &seconds))
		return told;
	snprintf(text, sizeof(text), "%.3g", seconds);
	/* Without an exponent where there need not be one. */
	snprintf(text, sizeof(text), "%.15g", strtod(text, NULL));
	return building_text(s->b, text, strlen(text));
}

/* A row's cell, from its texts. */
static int read_cell(struct summary_reader *reader, uint32_t *index)
{
	struct summary *s = reader->summary;
	const struct csv_field *id = &reader->scan.field[s->slots.cell_id];
	struct run_cell cell = { .cell_id = building_text(s->b, id->text, id->bytes) };

	if (!cell.cell_id)
		return summary_out_of_memory(reader);
	if (!*cell.cell_id)
		return summary_refuse(s, reader->scan.line, reader->error, "column 'cell_id' is empty; every row has one");
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		const struct csv_field *field = s->key[k].slot == CSV_NO_COLUMN ? NULL : &reader->scan.field[s->key[k].slot];
		enum csv_type type = s->key[k].type;

		cell.key[k] = k == RUN_KEY_RUN ? s->b->label : field ? building_text(s->b, field->text, field->bytes) : s->b->empty;
		if (!cell.key[k])
			return summary_out_of_memory(reader);
		if (field && !csv_type_allows(type, cell.key[k]))
			return summary_refuse_field(reader, run_key_name((enum run_key)k), field, type == CSV_INTEGER ? "not a whole number" :
						    type == CSV_NUMBER ? "not a number" : type == CSV_BOOLEAN ? "neither 0 nor 1" :
						    "not UTF-8");
	}
	cell.key[RUN_KEY_DURATION_S] = keep_window(s, &cell);
	if (!cell.key[RUN_KEY_DURATION_S] || building_cell(s->b, &cell, index))
		return summary_out_of_memory(reader);
	s->ambiguous |= s->b->data->cell[*index].cell_id != cell.cell_id;
	return 0;
}

int summary_find_cell(struct summary_reader *reader, uint32_t *cell)
{
	struct summary *s = reader->summary;
	int err = 0;

	if (signatures_find(&s->signatures, &reader->row, cell))
		return 0;
	pthread_mutex_lock(&s->lock);
	/* Another reader may just have been here. */
	if (!signatures_find(&s->signatures, &reader->row, cell)) {
		err = read_cell(reader, cell);
		if (!err && signatures_add(&s->signatures, &reader->row, *cell))
			err = summary_out_of_memory(reader);
	}
	pthread_mutex_unlock(&s->lock);
	return err;
}
