/* SPDX-License-Identifier: MIT */
/*
 * Where the fields of a plain row begin and end: see csv_scan_state.h. 64 bytes at a time become a mask of separators, of which
 * only those around wanted fields are looked for; and whether any byte is up to the quote's, among which is the line's end, is
 * seen at once. The same loop is compiled twice, with the instructions that each x86-64 has and with AVX2's.
 */
#include "bench/files/csv_scan_state.h"

#include <errno.h>

#ifdef __x86_64__
#include <immintrin.h>
#define AVX2 __attribute__((target("avx2,bmi,bmi2,popcnt")))
#endif

#define STEP	8
#define ALWAYS_INLINE inline __attribute__((always_inline))

/* Bit i: byte i is a comma. Returns whether there is a byte up to the quote: a control, a space, an exclamation mark. */
static inline bool commas_of(const char *block, uint64_t *comma)
{
#ifdef __x86_64__
	__m128i least = _mm_set1_epi8('"' + 1);

	*comma = 0;
#pragma GCC unroll 4
	for (int i = 0; i < CSV_BLOCK / 16; i++) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(block + 16 * i));

		least = _mm_min_epu8(least, bytes);
		*comma |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(','))) << (16 * i);
	}
	return _mm_movemask_epi8(_mm_cmpeq_epi8(least, _mm_set1_epi8('"' + 1))) != 0xffff;
#else
	bool is_rare = false;

	*comma = 0;
	for (int i = 0; i < CSV_BLOCK; i++) {
		*comma |= (uint64_t)(block[i] == ',') << i;
		is_rare |= (unsigned char)block[i] <= '"';
	}
	return is_rare;
#endif
}

/* Bit i: byte i is one of those. */
static uint64_t rare_of(const char *block)
{
	uint64_t rare = 0;

#ifdef __x86_64__
#pragma GCC unroll 4
	for (int i = 0; i < CSV_BLOCK / 16; i++) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(block + 16 * i));
		__m128i is_rare = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8('"')), bytes);

		rare |= (uint64_t)(unsigned)_mm_movemask_epi8(is_rare) << (16 * i);
	}
#else
	for (int i = 0; i < CSV_BLOCK; i++)
		rare |= (uint64_t)((unsigned char)block[i] <= '"') << i;
#endif
	return rare;
}

/* POPCNT is not in every x86-64, and calling a function for want of it costs more than this. */
static inline size_t count_of(uint64_t bits)
{
	bits -= bits >> 1 & 0x5555555555555555u;
	bits = (bits & 0x3333333333333333u) + (bits >> 2 & 0x3333333333333333u);
	bits = (bits + (bits >> 4)) & 0x0f0f0f0f0f0f0f0fu;
	return bits * 0x0101010101010101u >> 56;
}

/*
 * Puts where the separators are that are needed of a block: `comma` are those from number `seen` on, `count` of them, and the
 * block is at `begin` of the row. Returns what is needed next.
 */
static ALWAYS_INLINE const size_t *pick_any(uint64_t comma, size_t seen, size_t count, size_t begin, const size_t *need,
					    size_t **separator)
{
	size_t place[CSV_BLOCK + STEP];

	/* As many steps for most blocks, which is what a processor foresees. */
	for (size_t i = 0; i < count; i += STEP) {
#pragma GCC unroll 8
		for (size_t j = 0; j < STEP; j++) {
			place[i + j] = (size_t)__builtin_ctzll(comma | UINT64_C(1) << 63);
			comma &= comma - 1;
		}
	}
	while (*need < seen + count)
		*(*separator)++ = begin + place[*need++ - seen];
	return need;
}

/* The first byte of a block that ends the row or cannot be in a plain one; CSV_ROW_NEEDS_MORE: there is none. */
static enum csv_row_found look_at_rare(struct csv_scan_state *s, const char *block, size_t *at)
{
	uint64_t rare = rare_of(block);

	if (s->end - block < CSV_BLOCK)
		rare &= (UINT64_C(1) << (s->end - block)) - 1;
	for (; rare; rare &= rare - 1) {
		char byte;

		*at = (size_t)__builtin_ctzll(rare);
		byte = block[*at];
		if (byte != '\n' && byte != '"' && byte != '\0' && byte != '\r')
			continue;
		if (byte == '\n')
			return CSV_ROW_WHOLE;
		if (byte == '"')
			return CSV_ROW_QUOTED;
		csv_scan_fails(s, -EBADMSG, "%s", byte ? "a carriage return; lines end with a line feed alone" : "a NUL byte");
		return CSV_ROW_BAD;
	}
	return CSV_ROW_NEEDS_MORE;
}

static ALWAYS_INLINE enum csv_row_found find(struct csv_scan_state *s, char **row_end, bool (*commas)(const char *, uint64_t *),
					     size_t (*count_bits)(uint64_t),
					     const size_t *(*pick)(uint64_t, size_t, size_t, size_t, const size_t *, size_t **))
{
	const size_t *need = s->need;
	size_t *separator = s->separator + 1;
	size_t seen = 0;

	for (char *block = s->at; block < s->end; block += CSV_BLOCK) {
		enum csv_row_found state = CSV_ROW_NEEDS_MORE;
		size_t count, at = 0;
		uint64_t comma;

		if (commas(block, &comma))
			state = look_at_rare(s, block, &at);
		if (state == CSV_ROW_QUOTED || state == CSV_ROW_BAD)
			return state;
		/* From here on the line's end is a separator, and nothing behind it is. */
		if (state == CSV_ROW_WHOLE)
			comma = (comma & ((UINT64_C(1) << at) - 1)) | UINT64_C(1) << at;
		count = count_bits(comma);
		if (*need < seen + count)
			need = pick(comma, seen, count, (size_t)(block - s->at), need, &separator);
		seen += count;
		if (state == CSV_ROW_WHOLE) {
			*row_end = block + at + 1;
			return seen == s->columns ? CSV_ROW_WHOLE : csv_scan_bad_count(s, seen);
		}
	}
	return CSV_ROW_NEEDS_MORE;
}

enum csv_row_found csv_separators_any(struct csv_scan_state *s, char **row_end)
{
	return find(s, row_end, commas_of, count_of, pick_any);
}

#ifdef __x86_64__
AVX2 static inline bool commas_of_avx2(const char *block, uint64_t *comma)
{
	const __m256i limit = _mm256_set1_epi8('"' + 1);
	__m256i low = _mm256_loadu_si256((const __m256i *)block);
	__m256i high = _mm256_loadu_si256((const __m256i *)(block + 32));
	__m256i least = _mm256_min_epu8(_mm256_min_epu8(low, high), limit);
	uint32_t below = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(low, _mm256_set1_epi8(',')));
	uint32_t above = (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(high, _mm256_set1_epi8(',')));

	*comma = below | (uint64_t)above << 32;
	return (uint32_t)_mm256_movemask_epi8(_mm256_cmpeq_epi8(least, limit)) != UINT32_MAX;
}

AVX2 static inline size_t count_of_avx2(uint64_t bits)
{
	return (size_t)__builtin_popcountll(bits);
}

/* One bit put where the mask's n-th one is. */
AVX2 static inline const size_t *pick_avx2(uint64_t comma, size_t seen, size_t count, size_t begin, const size_t *need,
					   size_t **separator)
{
	size_t *to = *separator;

	do
		*to++ = begin + (size_t)__builtin_ctzll(_pdep_u64(UINT64_C(1) << (*need++ - seen), comma));
	while (*need < seen + count);
	*separator = to;
	return need;
}

AVX2 enum csv_row_found csv_separators_avx2(struct csv_scan_state *s, char **row_end)
{
	return find(s, row_end, commas_of_avx2, count_of_avx2, pick_avx2);
}

bool csv_separators_has_avx2(void)
{
	/* These have PDEP in microcode, which is slower than any other way (AMD, Software Optimization Guide for family 17h). */
	bool is_slow = __builtin_cpu_is("znver1") || __builtin_cpu_is("znver2");

	return !is_slow && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("bmi") && __builtin_cpu_supports("bmi2") &&
	       __builtin_cpu_supports("popcnt");
}
#else
enum csv_row_found csv_separators_avx2(struct csv_scan_state *s, char **row_end)
{
	return csv_separators_any(s, row_end);
}

bool csv_separators_has_avx2(void)
{
	return false;
}
#endif
