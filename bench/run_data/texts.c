/* SPDX-License-Identifier: MIT */
/* Texts kept once; see texts.h. */
#include "bench/run_data/texts.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#define CHUNK_BYTES	65536

struct kept {
	uint32_t mark;
	uint32_t bytes;
	char text[];
};

struct chunk {
	struct chunk *before;
	_Alignas(struct kept) char bytes[];
};

struct run_data_texts {
	struct chunk *chunk;
	size_t used, room; /* of it */
	struct kept **slot; /* open addressing, never more than half full */
	size_t slots, count;
};

uint64_t texts_hash(uint64_t seed, const void *bytes, size_t count)
{
	const uint64_t prime = 0x9e3779b97f4a7c15u;
	const char *at = bytes;
	uint64_t hash = seed ^ count * prime;
	uint64_t word;

	for (; count >= sizeof(word); count -= sizeof(word), at += sizeof(word)) {
		memcpy(&word, at, sizeof(word));
		hash = (hash ^ word) * prime;
		hash ^= hash >> 29;
	}
	word = 0;
	if (count)
		memcpy(&word, at, count);
	hash = (hash ^ word) * prime;
	return hash ^ hash >> 32;
}

struct run_data_texts *texts_new(void)
{
	struct run_data_texts *texts = calloc(1, sizeof(*texts));

	if (!texts)
		return NULL;
	texts->slots = 256;
	texts->slot = calloc(texts->slots, sizeof(*texts->slot));
	if (!texts->slot) {
		free(texts);
		return NULL;
	}
	return texts;
}

void texts_free(struct run_data_texts *texts)
{
	if (!texts)
		return;
	while (texts->chunk) {
		struct chunk *chunk = texts->chunk;

		texts->chunk = chunk->before;
		free(chunk);
	}
	free(texts->slot);
	free(texts);
}

static struct kept **slot_of(const struct run_data_texts *texts, const char *text, size_t bytes)
{
	size_t at = texts_hash(0, text, bytes) & (texts->slots - 1);

	while (texts->slot[at] && (texts->slot[at]->bytes != bytes || memcmp(texts->slot[at]->text, text, bytes) != 0))
		at = (at + 1) & (texts->slots - 1);
	return &texts->slot[at];
}

static bool grow(struct run_data_texts *texts)
{
	struct kept **old = texts->slot;
	size_t slots = texts->slots;

	texts->slot = calloc(2 * slots, sizeof(*texts->slot));
	if (!texts->slot) {
		texts->slot = old;
		return false;
	}
	texts->slots = 2 * slots;
	for (size_t i = 0; i < slots; i++) {
		if (old[i])
			*slot_of(texts, old[i]->text, old[i]->bytes) = old[i];
	}
	free(old);
	return true;
}

static struct kept *store(struct run_data_texts *texts, const char *text, size_t bytes)
{
	size_t size = (sizeof(struct kept) + bytes + 1 + _Alignof(struct kept) - 1) / _Alignof(struct kept) * _Alignof(struct kept);
	struct kept *kept;

	if (bytes > UINT32_MAX)
		return NULL;
	if (texts->room - texts->used < size) {
		size_t room = size > CHUNK_BYTES ? size : CHUNK_BYTES;
		struct chunk *chunk = malloc(sizeof(*chunk) + room);

		if (!chunk)
			return NULL;
		chunk->before = texts->chunk;
		texts->chunk = chunk;
		texts->used = 0;
		texts->room = room;
	}
	kept = (struct kept *)(texts->chunk->bytes + texts->used);
	texts->used += size;
	kept->mark = 0;
	kept->bytes = (uint32_t)bytes;
	if (bytes)
		memcpy(kept->text, text, bytes);
	kept->text[bytes] = '\0';
	return kept;
}

const char *texts_keep(struct run_data_texts *texts, const char *text, size_t bytes)
{
	struct kept **slot = slot_of(texts, text, bytes);

	if (*slot)
		return (*slot)->text;
	if (2 * (texts->count + 1) > texts->slots) {
		if (!grow(texts))
			return NULL;
		slot = slot_of(texts, text, bytes);
	}
	*slot = store(texts, text, bytes);
	if (!*slot)
		return NULL;
	texts->count++;
	return (*slot)->text;
}

uint32_t *texts_mark(const char *kept)
{
	return &((struct kept *)(kept - offsetof(struct kept, text)))->mark;
}
