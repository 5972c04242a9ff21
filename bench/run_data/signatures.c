/* SPDX-License-Identifier: MIT */
/*
 * Cells by the bytes of their keys; see signatures.h. A signature does not change once it can be found, nor does a table but for
 * the free slots that are filled; tables that were outgrown stay for those who still look into them.
 */
#include "bench/run_data/signatures.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE	64
#define CHUNK_BYTES	(256u << 10)
#define SLOTS_LEAST	1024

struct signature {
	uint64_t hash;
	uint32_t cell;
	uint32_t count;
	char bytes[];
};

struct signature_table {
	struct signature_table *before;
	size_t slots;
	struct signature *_Atomic slot[]; /* open addressing, never more than half full */
};

struct signature_chunk {
	struct signature_chunk *before;
	size_t used, room;
	_Alignas(struct signature) char bytes[];
};

void signatures_add_column(struct signatures *all, size_t field, bool adjoins)
{
	if (!adjoins || !all->spans)
		all->span[all->spans++][0] = field;
	all->span[all->spans - 1][1] = field;
}

static uint64_t load(const char *text)
{
	uint64_t word;

	memcpy(&word, text, sizeof(word));
	return word;
}

static uint32_t load_half(const char *text)
{
	uint32_t word;

	memcpy(&word, text, sizeof(word));
	return word;
}

/* Both halves of the product, so that every bit of either factor counts in most of the result. */
static uint64_t mix(uint64_t a, uint64_t b)
{
	__extension__ unsigned __int128 product = (unsigned __int128)a * b;

	return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Sixteen bytes a step, which do not wait for each other; the last ones once more, so that there is no rest. */
static uint64_t hash_part(const char *text, size_t bytes)
{
	const uint64_t odd = 0x9e3779b97f4a7c15u, other = 0xd1b54a32d192ed03u;
	uint64_t sum = bytes;

	if (bytes < 4)
		return bytes ? (uint64_t)(unsigned char)text[0] << 16 | (uint64_t)(unsigned char)text[bytes / 2] << 8 |
			       (unsigned char)text[bytes - 1] | (uint64_t)bytes << 32 : 0;
	if (bytes < 8)
		return (uint64_t)load_half(text) << 32 | load_half(text + bytes - 4);
	if (bytes < 16)
		return mix(load(text) ^ odd, load(text + bytes - 8) ^ other);
	for (size_t at = 0; at + 16 < bytes; at += 16)
		sum += mix(load(text + at) ^ (odd + at), load(text + at + 8) ^ other);
	return sum + mix(load(text + bytes - 16) ^ odd, load(text + bytes - 8) ^ (other + bytes));
}

static void hash_row(struct signature_row *row)
{
	uint64_t hash = 0;

	row->bytes = 0;
	for (size_t i = 0; i < row->parts; i++) {
		hash = mix(hash ^ hash_part(row->part[i].text, row->part[i].bytes), 0x9fb21c651e98df25u ^ row->part[i].bytes);
		row->bytes += row->part[i].bytes + 1;
	}
	row->hash = hash;
}

/*
 * Fields that had quotes stand anywhere, and may hold anything: they come with their lengths, behind two bytes that no plain row
 * begins with.
 */
static int put_quoted(const struct signatures *all, struct signature_row *row, const struct csv_field *field)
{
	size_t count = 2;
	char *to;

	for (size_t i = 0; i < all->spans; i++) {
		for (size_t f = all->span[i][0]; f <= all->span[i][1]; f++)
			count += sizeof(size_t) + field[f].bytes;
	}
	if (count > row->capacity) {
		to = realloc(row->unquoted, count);
		if (!to)
			return -ENOMEM;
		row->unquoted = to;
		row->capacity = count;
	}
	to = row->unquoted;
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
	row->part[0].text = row->unquoted;
	row->part[0].bytes = count;
	row->parts = 1;
	return 0;
}

/* Where the table and the slot are that a row's search begins with. */
static const struct signature_table *table_of(const struct signatures *all)
{
	/*
	 * ORD signatures_table:A acquire, pairs with signatures_table:B:
	 * whoever sees a table sees the slots that were copied into it.
	 */
	return atomic_load_explicit(&all->table, memory_order_acquire);
}

static const struct signature *look(const struct signature_table *table, size_t at)
{
	/*
	 * ORD signatures_slot:A acquire, pairs with signatures_slot:B:
	 * whoever sees a signature sees what is in it, and its cell.
	 */
	return atomic_load_explicit(&table->slot[at & (table->slots - 1)], memory_order_acquire);
}

int signatures_begin(const struct signatures *all, struct signature_row *row, const struct csv_scan *scan)
{
	const struct csv_field *field = scan->field;
	const struct signature_table *table = table_of(all);
	int err = 0;

	if (scan->plain) {
		row->parts = all->spans;
		for (size_t i = 0; i < all->spans; i++) {
			const struct csv_field *first = &field[all->span[i][0]], *last = &field[all->span[i][1]];

			row->part[i].text = first->text;
			row->part[i].bytes = (size_t)(last->text + last->bytes - first->text);
		}
	} else {
		err = put_quoted(all, row, field);
	}
	if (err)
		return err;
	hash_row(row);
	if (table)
		__builtin_prefetch((const void *)&table->slot[row->hash & (table->slots - 1)]);
	return row->bytes > UINT32_MAX ? -ENOMEM : 0;
}

void signatures_expect(const struct signatures *all, const struct signature_row *row)
{
	const struct signature_table *table = table_of(all);
	const char *found = table ? (const char *)look(table, row->hash) : NULL;

	for (size_t at = 0; found && at < sizeof(struct signature) + row->bytes; at += CACHE_LINE)
		__builtin_prefetch(found + at);
}

static bool is_same_text(const char *a, const char *b, size_t bytes)
{
	if (bytes < 8)
		return memcmp(a, b, bytes) == 0;
	for (size_t at = 0; at + 8 < bytes; at += 8) {
		if (load(a + at) != load(b + at))
			return false;
	}
	return load(a + bytes - 8) == load(b + bytes - 8);
}

/* Parts are kept one after the other with a line feed behind each, which none of a plain row has in it. */
static bool is_same(const struct signature *kept, const struct signature_row *row)
{
	const char *at = kept->bytes;

	if (kept->hash != row->hash || kept->count != row->bytes)
		return false;
	for (size_t i = 0; i < row->parts; i++) {
		if (!is_same_text(at, row->part[i].text, row->part[i].bytes) || at[row->part[i].bytes] != '\n')
			return false;
		at += row->part[i].bytes + 1;
	}
	return true;
}

bool signatures_find(const struct signatures *all, const struct signature_row *row, uint32_t *cell)
{
	const struct signature_table *table = table_of(all);
	const struct signature *kept;

	for (size_t at = row->hash; table && (kept = look(table, at)); at++) {
		if (is_same(kept, row)) {
			*cell = kept->cell;
			return true;
		}
	}
	return false;
}

/* Only who adds fills slots, so what it sees of them is all there is. */
static void fill(struct signature_table *table, struct signature *kept)
{
	size_t at = kept->hash & (table->slots - 1);

	/* Relaxed: slots are filled by one thread at a time. */
	while (atomic_load_explicit(&table->slot[at], memory_order_relaxed))
		at = (at + 1) & (table->slots - 1);
	/*
	 * ORD signatures_slot:B release, pairs with signatures_slot:A:
	 * the signature is whole before it can be found.
	 */
	atomic_store_explicit(&table->slot[at], kept, memory_order_release);
}

static bool grow(struct signatures *all)
{
	/* Relaxed: tables are made by one thread at a time. */
	struct signature_table *old = atomic_load_explicit(&all->table, memory_order_relaxed);
	size_t slots = old ? 4 * old->slots : SLOTS_LEAST;
	struct signature_table *table = calloc(1, sizeof(*table) + slots * sizeof(table->slot[0]));

	if (!table)
		return false;
	table->before = old;
	table->slots = slots;
	for (size_t i = 0; old && i < old->slots; i++) {
		/* Relaxed: as above. */
		struct signature *kept = atomic_load_explicit(&old->slot[i], memory_order_relaxed);

		if (kept)
			fill(table, kept);
	}
	/*
	 * ORD signatures_table:B release, pairs with signatures_table:A:
	 * the slots are copied before the table can be found.
	 */
	atomic_store_explicit(&all->table, table, memory_order_release);
	return true;
}

static struct signature *store(struct signatures *all, const struct signature_row *row, uint32_t cell)
{
	size_t size = (sizeof(struct signature) + row->bytes + _Alignof(struct signature) - 1) & ~(_Alignof(struct signature) - 1);
	struct signature *kept;
	char *to;

	if (!all->chunk || all->chunk->room - all->chunk->used < size) {
		size_t room = size > CHUNK_BYTES ? size : CHUNK_BYTES;
		struct signature_chunk *chunk = malloc(sizeof(*chunk) + room);

		if (!chunk)
			return NULL;
		chunk->before = all->chunk;
		chunk->used = 0;
		chunk->room = room;
		all->chunk = chunk;
	}
	kept = (struct signature *)(all->chunk->bytes + all->chunk->used);
	all->chunk->used += size;
	kept->hash = row->hash;
	kept->cell = cell;
	kept->count = (uint32_t)row->bytes;
	to = kept->bytes;
	for (size_t i = 0; i < row->parts; i++) {
		memcpy(to, row->part[i].text, row->part[i].bytes);
		to += row->part[i].bytes;
		*to++ = '\n';
	}
	return kept;
}

int signatures_add(struct signatures *all, const struct signature_row *row, uint32_t cell)
{
	/* Relaxed: as in grow(). */
	struct signature_table *table = atomic_load_explicit(&all->table, memory_order_relaxed);
	struct signature *kept;

	if ((!table || 2 * (all->used + 1) > table->slots) && !grow(all))
		return -ENOMEM;
	kept = store(all, row, cell);
	if (!kept)
		return -ENOMEM;
	/* Relaxed: as in grow(). */
	fill(atomic_load_explicit(&all->table, memory_order_relaxed), kept);
	all->used++;
	return 0;
}

void signatures_row_fini(struct signature_row *row)
{
	free(row->unquoted);
	*row = (struct signature_row){ 0 };
}

void signatures_clear(struct signatures *all)
{
	/* Relaxed: nobody looks any more. */
	struct signature_table *table = atomic_load_explicit(&all->table, memory_order_relaxed);

	while (table) {
		struct signature_table *before = table->before;

		free(table);
		table = before;
	}
	while (all->chunk) {
		struct signature_chunk *before = all->chunk->before;

		free(all->chunk);
		all->chunk = before;
	}
	/* Relaxed: as above. */
	atomic_store_explicit(&all->table, NULL, memory_order_relaxed);
	all->used = 0;
}
