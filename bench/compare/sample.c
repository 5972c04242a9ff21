/* SPDX-License-Identifier: MIT */
/* Values of a side; see sample.h. */
#include "bench/compare/sample.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

int sample_init(struct sample *sample, size_t room)
{
	*sample = (struct sample){ 0 };
	sample->value = calloc(room + 1, sizeof(*sample->value));
	sample->log = calloc(room + 1, sizeof(*sample->log));
	sample->place = calloc(room + 1, sizeof(*sample->place));
	return sample->value && sample->log && sample->place ? 0 : -ENOMEM;
}

void sample_fini(struct sample *sample)
{
	free(sample->value);
	free(sample->log);
	free(sample->place);
}

size_t sample_room(const struct layout *layout)
{
	size_t most = 0;

	for (size_t s = 0; s < layout->sides; s++)
		most = layout->side[s].rows > most ? layout->side[s].rows : most;
	return most;
}

static void take(struct sample *sample, double value, uint32_t rest, uint64_t block)
{
	sample->value[sample->n] = value;
	sample->place[sample->n++] = (struct sample_place){ rest, block };
	sample->has_ratio &= value > 0;
}

void sample_gather(struct sample *sample, const struct layout *layout, const struct layout_side *side, size_t figure,
		   bool drop_gated)
{
	const struct run_data *data = layout->data;

	sample->n = sample->gated = sample->dropped = 0;
	sample->has_ratio = true;
	for (size_t i = side->first; i < side->end; i++) {
		uint32_t cell = layout->order[i];

		for (size_t r = layout->first_row[cell]; r < layout->first_row[cell + 1]; r++) {
			double value = run_data_value(data, r, figure);
			bool gated = data->row[r].gate_codes[0];

			if (!isfinite(value))
				continue;
			if (gated && drop_gated) {
				sample->dropped++;
				continue;
			}
			sample->gated += gated;
			take(sample, value, layout->rest[cell], data->row[r].block);
		}
	}
}

void sample_take_logs(struct sample *sample)
{
	for (size_t i = 0; i < sample->n && sample->has_ratio; i++)
		sample->log[i] = log(sample->value[i]);
}

static int compare_places(const struct sample_place *a, const struct sample_place *b)
{
	if (a->rest != b->rest)
		return a->rest < b->rest ? -1 : 1;
	return (a->block > b->block) - (a->block < b->block);
}

size_t sample_pairs(const struct sample *a, const struct sample *b, double *difference)
{
	size_t pairs = 0;

	for (size_t i = 0, j = 0; i < a->n && j < b->n;) {
		int order = compare_places(&a->place[i], &b->place[j]);

		if (!order && a->place[i].block) {
			if (difference)
				difference[pairs] = b->log[j] - a->log[i];
			pairs++;
		}
		i += order <= 0;
		j += order >= 0;
	}
	return pairs;
}
