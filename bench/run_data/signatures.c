/* SPDX-License-Identifier: MIT */
/* Cells by the bytes of their keys; see signatures.h. */
#include "bench/run_data/signatures.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "bench/run_data/texts.h"

#define CACHE_LINE 64

void signatures_add_column(struct signatures *all, size_t field, bool adjoins)
{
	if (!adjoins || !all->spans)
		all->span[all->spans++][0] = field;
	all->span[all->spans - 1][1] = field;
}

/* Bytes of a span; of a row with quotes, where fields stand anywhere, of one field alone. */
static size_t bytes_of(const struct csv_field *field, const size_t span[2])
{
	return (size_t)(field[span[1]].text + field[span[1]].bytes - field[span[0]].text);
}

static bool reserve(struct signatures *all, size_t more)
{
	size_t capacity = all->bytes_capacity ? all->bytes_capacity : 4096;
	char *bytes;

	if (all->bytes && all->bytes_capacity - all->bytes_used >= more)
		return true;
	while (capacity - all->bytes_used < more)
		capacity *= 2;
	bytes = realloc(all->bytes, capacity);
	if (!bytes)
		return false;
	all->bytes = bytes;
	all->bytes_capacity = capacity;
	return true;
}

/*
 * One after the other, with a byte between that neither begins nor ends any: bytes of a plain row have no line feed. Fields that had
 * quotes may, so these come with their length instead, behind a byte that no plain row begins with.
 */
static int put_plain(struct signatures *all, const struct csv_field *field)
{
	size_t count = 0;
	char *to;

	for (size_t i = 0; i < all->spans; i++)
		count += bytes_of(field, all->span[i]) + 1;
	if (count > UINT32_MAX || !reserve(all, count))
		return -ENOMEM;
	to = all->bytes + all->bytes_used;
	for (size_t i = 0; i < all->spans; i++) {
		size_t bytes = bytes_of(field, all->span[i]);

		memcpy(to, field[all->span[i][0]].text, bytes);
		to[bytes] = '\n';
		to += bytes + 1;
	}
	all->count = (uint32_t)count;
	return 0;
}

static int put_quoted(struct signatures *all, const struct csv_field *field)
{
	size_t count = 2;
	char *to;

	for (size_t i = 0; i < all->spans; i++) {
		for (size_t f = all->span[i][0]; f <= all->span[i][1]; f++)
			count += sizeof(size_t) + field[f].bytes;
	}
	if (count > UINT32_MAX || !reserve(all, count))
		return -ENOMEM;
	to = all->bytes + all->bytes_used;
	*to++ = '\n';
	*to++ = '\0';
	for (size_t i = 0; i < all->spans; i++) {
		for (size_t f = all->span[i][0]; f <= all->span[i][1]; f++) {
			memcpy(to, &field[f].bytes, sizeof(size_t));
			to += sizeof(size_t);
			if (field[f].bytes)
				memcpy(to, field[f].text, field[f].bytes);
			to += field[f].bytes;
		}
	}
	all->count = (uint32_t)count;
	return 0;
}

static struct signature *slot_of(const struct signatures *all, uint64_t hash, const char *bytes, uint32_t count)
{
	size_t at = hash & (all->slots - 1);

	while (all->slot[at].count && (all->slot[at].hash != hash || all->slot[at].count != count ||
				       memcmp(all->bytes + all->slot[at].at, bytes, count) != 0))
		at = (at + 1) & (all->slots - 1);
	return &all->slot[at];
}

int signatures_begin(struct signatures *all, const struct csv_scan *row)
{
	int err = row->plain ? put_plain(all, row->field) : put_quoted(all, row->field);

	if (err)
		return err;
	all->hash = texts_hash(0, all->bytes + all->bytes_used, all->count);
	if (all->slots)
		__builtin_prefetch(&all->slot[all->hash & (all->slots - 1)]);
	return 0;
}

void signatures_expect(const struct signatures *all)
{
	const struct signature *slot;

	if (!all->slots)
		return;
	slot = &all->slot[all->hash & (all->slots - 1)];
	for (uint32_t at = 0; at < slot->count; at += CACHE_LINE)
		__builtin_prefetch(all->bytes + slot->at + at);
}

int signatures_find(const struct signatures *all, uint32_t *cell)
{
	const struct signature *found;

	if (!all->slots)
		return 0;
	found = slot_of(all, all->hash, all->bytes + all->bytes_used, all->count);
	*cell = found->cell;
	return found->count != 0;
}

static bool grow(struct signatures *all)
{
	size_t slots = all->slots ? 2 * all->slots : 256;
	struct signature *old = all->slot;
	size_t old_slots = all->slots;
	struct signature *slot = calloc(slots, sizeof(*slot));

	if (!slot)
		return false;
	all->slot = slot;
	all->slots = slots;
	for (size_t i = 0; i < old_slots; i++) {
		if (old[i].count)
			*slot_of(all, old[i].hash, all->bytes + old[i].at, old[i].count) = old[i];
	}
	free(old);
	return true;
}

int signatures_add(struct signatures *all, uint32_t cell)
{
	if (3 * (all->used + 1) > 2 * all->slots && !grow(all))
		return -ENOMEM;
	*slot_of(all, all->hash, all->bytes + all->bytes_used, all->count) = (struct signature){
		.hash = all->hash, .at = all->bytes_used, .count = all->count, .cell = cell,
	};
	all->bytes_used += all->count;
	all->used++;
	return 0;
}

void signatures_fini(struct signatures *all)
{
	free(all->slot);
	free(all->bytes);
	memset(all, 0, sizeof(*all));
}
