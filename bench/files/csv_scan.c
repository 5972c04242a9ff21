/* SPDX-License-Identifier: MIT */
/*
 * Scanning CSV: see csv_scan.h. 64 bytes at a time become a mask of separators, of which only those around wanted fields are
 * looked for; and whether any byte is up to the quote's, among which is the line's end, is seen at once. A row with a
 * quote in it is left to the slow way, field by field.
 */
#include "bench/files/csv_scan.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "bench/files/file_error.h"

/* Fits the second-level cache, where what was read is when it is scanned. */
#define BUFFER_BYTES	(128u << 10)
#define BLOCK		64
#define STEP		8

struct csv_scan_state {
	int fd;
	bool ended;
	char *buffer; /* with a block more, so that any byte of it may begin one */
	size_t capacity;
	char *at, *end; /* what of it was not given out yet */
	size_t line;    /* at `at` */
	size_t columns; /* 0 until the header was read */
	size_t *want; /* columns, rising */
	size_t wanted;
	/* Numbers of the separators around wanted fields, rising, each once, and a last one that is never reached. */
	size_t *need;
	/* Where they are, from the row's begin; behind a first one that stands before it. */
	size_t *separator;
	size_t (*slot)[2]; /* by wanted field: of separator[], the one before it and the one behind */
	struct csv_field *field;
	char *unquoted;
	size_t unquoted_capacity;
	int result;
	char *error;
	size_t error_bytes;
	char path[];
};

/* How a row came out. */
enum { ROW_NEEDS_MORE, ROW_QUOTED, ROW_WHOLE, ROW_BAD };

__attribute__((format(printf, 3, 4)))
static int fails(struct csv_scan_state *s, int result, const char *format, ...)
{
	va_list arguments;

	if (s->result)
		return s->result;
	s->result = result;
	va_start(arguments, format);
	file_error(s->error, s->error_bytes, s->path, s->line, format, arguments);
	va_end(arguments);
	return result;
}

/* Bit i: byte i is a comma. Returns whether there is a byte up to the quote: a control, a space, an exclamation mark. */
static inline bool commas_of(const char *block, uint64_t *comma)
{
#ifdef __SSE2__
	__m128i least = _mm_set1_epi8('"' + 1);

	*comma = 0;
#pragma GCC unroll 4
	for (int i = 0; i < BLOCK / 16; i++) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(block + 16 * i));

		least = _mm_min_epu8(least, bytes);
		*comma |= (uint64_t)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(','))) << (16 * i);
	}
	return _mm_movemask_epi8(_mm_cmpeq_epi8(least, _mm_set1_epi8('"' + 1))) != 0xffff;
#else
	bool is_rare = false;

	*comma = 0;
	for (int i = 0; i < BLOCK; i++) {
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

#ifdef __SSE2__
#pragma GCC unroll 4
	for (int i = 0; i < BLOCK / 16; i++) {
		__m128i bytes = _mm_loadu_si128((const __m128i *)(block + 16 * i));
		__m128i is_rare = _mm_cmpeq_epi8(_mm_min_epu8(bytes, _mm_set1_epi8('"')), bytes);

		rare |= (uint64_t)(unsigned)_mm_movemask_epi8(is_rare) << (16 * i);
	}
#else
	for (int i = 0; i < BLOCK; i++)
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

/* Numbers of the bits, and some more: as many steps for most blocks, which is what a processor foresees. */
static inline void places_of(uint64_t bits, size_t count, unsigned char place[BLOCK + STEP])
{
	for (size_t i = 0; i < count; i += STEP) {
#pragma GCC unroll 8
		for (size_t j = 0; j < STEP; j++) {
			place[i + j] = (unsigned char)__builtin_ctzll(bits | UINT64_C(1) << 63);
			bits &= bits - 1;
		}
	}
}

/* The first byte of a block that ends the row or cannot be in a plain one; ROW_NEEDS_MORE: there is none. */
static int look_at_rare(struct csv_scan_state *s, const char *block, size_t *at)
{
	uint64_t rare = rare_of(block);

	if (s->end - block < BLOCK)
		rare &= (UINT64_C(1) << (s->end - block)) - 1;
	for (; rare; rare &= rare - 1) {
		char byte;

		*at = (size_t)__builtin_ctzll(rare);
		byte = block[*at];
		if (byte != '\n' && byte != '"' && byte != '\0' && byte != '\r')
			continue;
		if (byte == '\n')
			return ROW_WHOLE;
		if (byte == '"')
			return ROW_QUOTED;
		fails(s, -EBADMSG, "%s", byte ? "a carriage return; lines end with a line feed alone" : "a NUL byte");
		return ROW_BAD;
	}
	return ROW_NEEDS_MORE;
}

static int bad_count(struct csv_scan_state *s, size_t fields)
{
	fails(s, -EBADMSG, "%zu field%s, the header has %zu", fields, fields == 1 ? "" : "s", s->columns);
	return ROW_BAD;
}

/* The separators needed, and where the row ends if it is all there. */
static int find_separators(struct csv_scan_state *s, char **row_end)
{
	const size_t *need = s->need;
	size_t *separator = s->separator + 1;
	size_t seen = 0;

	for (char *block = s->at; block < s->end; block += BLOCK) {
		int state = ROW_NEEDS_MORE;
		size_t count, at = 0;
		uint64_t comma;

		if (commas_of(block, &comma))
			state = look_at_rare(s, block, &at);
		if (state == ROW_QUOTED || state == ROW_BAD)
			return state;
		/* From here on the line's end is a separator, and nothing behind it is. */
		if (state == ROW_WHOLE)
			comma = (comma & ((UINT64_C(1) << at) - 1)) | UINT64_C(1) << at;
		count = count_of(comma);
		if (*need < seen + count) {
			unsigned char place[BLOCK + STEP];

			places_of(comma, count, place);
			while (*need < seen + count)
				*separator++ = (size_t)(block - s->at) + place[*need++ - seen];
		}
		seen += count;
		if (state == ROW_WHOLE) {
			*row_end = block + at + 1;
			return seen == s->columns ? ROW_WHOLE : bad_count(s, seen);
		}
	}
	return ROW_NEEDS_MORE;
}

static void cut_fields(struct csv_scan_state *s)
{
	for (size_t i = 0; i < s->wanted; i++) {
		size_t begin = s->separator[s->slot[i][0]] + 1;

		s->field[i].text = s->at + begin;
		s->field[i].bytes = s->separator[s->slot[i][1]] - begin;
	}
}

static bool reserve(void **array, size_t *capacity, size_t needed)
{
	void *grown;

	if (*array && *capacity >= needed)
		return true;
	grown = realloc(*array, needed);
	if (!grown)
		return false;
	*array = grown;
	*capacity = needed;
	return true;
}

/*
 * A field that begins with a quote, without its quotes; `to` is where its text ends.  Returns what ended it, NULL: the data did
 * so first, or (s->result) it cannot be.
 */
static const char *unquote(struct csv_scan_state *s, const char *from, char **to, size_t *lines)
{
	for (from++; from < s->end; from++) {
		if (*from == '\0') {
			fails(s, -EBADMSG, "a NUL byte");
			return NULL;
		}
		*lines += *from == '\n';
		if (*from != '"') {
			*(*to)++ = *from;
			continue;
		}
		if (from + 1 == s->end)
			return NULL;
		if (from[1] == ',' || from[1] == '\n')
			return from + 1;
		if (from[1] != '"') {
			fails(s, -EBADMSG, "a quote in the middle of a quoted field; it should be doubled");
			return NULL;
		}
		*(*to)++ = *++from;
	}
	return NULL;
}

/* A field that does not. */
static const char *skip_bare(struct csv_scan_state *s, const char *from)
{
	for (; from < s->end && *from != ',' && *from != '\n'; from++) {
		const char *what = *from == '"' ? "a quote in a field that does not begin with one" :
				   *from == '\0' ? "a NUL byte" :
				   *from == '\r' ? "a carriage return; lines end with a line feed alone" : NULL;

		if (what) {
			fails(s, -EBADMSG, "%s", what);
			return NULL;
		}
	}
	return from < s->end ? from : NULL;
}

/* The slow way, for rows with quotes and for the header. */
static int walk_row(struct csv_scan_state *s, char **row_end, size_t *lines)
{
	const char *from = s->at;
	void *unquoted = s->unquoted;
	size_t fields = 0, wanted = 0;
	char *to;

	/* What is cut off is less than what is read. */
	if (!reserve(&unquoted, &s->unquoted_capacity, (size_t)(s->end - s->at) + 1)) {
		fails(s, -ENOMEM, "out of memory");
		return ROW_BAD;
	}
	s->unquoted = to = unquoted;
	for (*lines = 1;; from++, fields++) {
		const char *begin = from;
		char *text = to;

		if (from == s->end)
			return ROW_NEEDS_MORE;
		from = *begin == '"' ? unquote(s, begin, &to, lines) : skip_bare(s, begin);
		if (!from)
			return s->result ? ROW_BAD : ROW_NEEDS_MORE;
		if (wanted < s->wanted && s->want[wanted] == fields) {
			bool bare = *begin != '"';

			s->field[wanted].text = bare ? begin : text;
			s->field[wanted++].bytes = (size_t)(bare ? from - begin : to - text);
		}
		if (*from == '\n')
			break;
	}
	*row_end = (char *)from + 1;
	fields++;
	return fields == s->columns ? ROW_WHOLE : bad_count(s, fields);
}

/* More of the file behind what there is of the row; false: there is none, or (s->result) it cannot be had. */
static bool refill(struct csv_scan_state *s)
{
	size_t kept = (size_t)(s->end - s->at);

	if (s->ended)
		return false;
	memmove(s->buffer, s->at, kept);
	if (kept == s->capacity) {
		char *grown = kept < CSV_SCAN_ROW_BYTES_MAX ? realloc(s->buffer, 2 * kept + BLOCK) : NULL;

		if (!grown) {
			if (kept < CSV_SCAN_ROW_BYTES_MAX)
				fails(s, -ENOMEM, "out of memory");
			else
				fails(s, -EBADMSG, "a row of more than %u MiB", CSV_SCAN_ROW_BYTES_MAX >> 20);
			return false;
		}
		s->buffer = grown;
		s->capacity = 2 * kept;
	}
	s->at = s->buffer;
	s->end = s->buffer + kept;
	while (s->end < s->buffer + s->capacity && !s->ended) {
		ssize_t got = read(s->fd, s->end, s->capacity - (size_t)(s->end - s->buffer));

		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			s->line = 0;
			fails(s, -errno, "%s", strerror(errno));
			return false;
		}
		s->end += got;
		s->ended = got == 0;
	}
	/* The last block is loaded whole, though what is behind the data counts for nothing. */
	memset(s->end, 0, BLOCK);
	return (size_t)(s->end - s->at) > kept;
}

/* There is no more. */
static int at_end(struct csv_scan_state *s)
{
	if (s->result)
		return s->result;
	if (s->at == s->end)
		return 0;
	if (memchr(s->at, '"', (size_t)(s->end - s->at)))
		return fails(s, -EBADMSG, "the last row is torn: a quoted field has no end, or no newline ends it");
	return fails(s, -EBADMSG, "the last line is torn, no newline ends it");
}

int csv_scan_next(struct csv_scan *scan, char *error, size_t error_bytes)
{
	struct csv_scan_state *s = scan->state;
	size_t lines = 1;
	char *row_end;
	int state;

	s->error = error;
	s->error_bytes = error_bytes;
	if (s->result)
		return s->result;
	for (;;) {
		state = find_separators(s, &row_end);
		scan->plain = state == ROW_WHOLE;
		if (state == ROW_WHOLE)
			cut_fields(s);
		else if (state == ROW_QUOTED)
			state = walk_row(s, &row_end, &lines);
		if (state != ROW_NEEDS_MORE)
			break;
		if (!refill(s))
			return at_end(s);
	}
	if (*s->at == '\n')
		return s->result = 0, fails(s, -EBADMSG, "an empty line");
	if (state == ROW_BAD)
		return s->result;
	scan->line = s->line;
	scan->field = s->field;
	s->line += lines;
	s->at = row_end;
	return 1;
}

/* How many fields the header has: one with a column too many is as bad as none. */
static int count_columns(struct csv_scan_state *s)
{
	for (;;) {
		size_t lines, columns = 1;
		bool quoted = false;
		const char *from;

		for (from = s->at; from < s->end && (quoted || *from != '\n'); from++) {
			quoted ^= *from == '"';
			columns += !quoted && *from == ',';
		}
		lines = from < s->end;
		if (lines) {
			s->columns = columns;
			return 0;
		}
		if (refill(s))
			continue;
		if (s->result)
			return s->result;
		if (s->at != s->end)
			return at_end(s);
		s->line = 0;
		return fails(s, -EBADMSG, "empty, a header was expected");
	}
}

static int check_header(struct csv_scan_state *s)
{
	for (size_t i = 0; i < s->columns; i++) {
		for (size_t j = 0; j < i; j++) {
			const struct csv_field *a = &s->field[i], *b = &s->field[j];

			if (a->bytes == b->bytes && memcmp(a->text, b->text, a->bytes) == 0) {
				s->line = 1;
				return fails(s, -EBADMSG, "column \"%.*s\" occurs twice", (int)a->bytes, a->text);
			}
		}
	}
	return 0;
}

static int read_header(struct csv_scan *scan, char *error, size_t error_bytes)
{
	struct csv_scan_state *s = scan->state;
	size_t *all;
	int err = count_columns(s);

	if (err)
		return err;
	all = malloc(s->columns * sizeof(*all));
	for (size_t i = 0; all && i < s->columns; i++)
		all[i] = i;
	err = all ? csv_scan_want(scan, all, s->columns) : -ENOMEM;
	free(all);
	if (err)
		return fails(s, err, "out of memory");
	scan->fields = s->columns;
	err = csv_scan_next(scan, error, error_bytes);
	return err < 0 ? err : check_header(s);
}

int csv_scan_open(struct csv_scan *scan, const char *path, size_t buffer_bytes, char *error, size_t error_bytes)
{
	struct csv_scan_state *s = calloc(1, sizeof(*s) + strlen(path) + 1);
	struct stat info;
	int err = 0;

	memset(scan, 0, sizeof(*scan));
	if (!s) {
		snprintf(error, error_bytes, "%s: out of memory", path);
		return -ENOMEM;
	}
	strcpy(s->path, path);
	s->error = error;
	s->error_bytes = error_bytes;
	s->capacity = buffer_bytes ? buffer_bytes : BUFFER_BYTES;
	scan->state = s;
	/* A FIFO without a writer would block. */
	s->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	s->buffer = malloc(s->capacity + BLOCK);
	s->at = s->end = s->buffer;
	if (s->fd < 0 || fstat(s->fd, &info))
		err = fails(s, -errno, "%s", strerror(errno));
	else if (!S_ISREG(info.st_mode))
		err = fails(s, -EINVAL, "not a regular file");
	else if (!s->buffer)
		err = fails(s, -ENOMEM, "out of memory");
	if (!err) {
		s->line = 1;
		err = read_header(scan, error, error_bytes);
	}
	if (err)
		csv_scan_close(scan);
	return err;
}

static void forget_wanted(struct csv_scan_state *s)
{
	free(s->want);
	free(s->need);
	free(s->separator);
	free(s->slot);
	free(s->field);
	s->wanted = 0;
}

int csv_scan_want(struct csv_scan *scan, const size_t *column, size_t count)
{
	struct csv_scan_state *s = scan->state;
	size_t needed = 0;

	forget_wanted(s);
	s->want = malloc((count + 1) * sizeof(*s->want));
	s->need = malloc((2 * count + 1) * sizeof(*s->need));
	s->separator = malloc((2 * count + 1) * sizeof(*s->separator));
	s->slot = malloc((count + 1) * sizeof(*s->slot));
	s->field = calloc(count + 1, sizeof(*s->field));
	scan->field = s->field;
	if (!s->want || !s->need || !s->separator || !s->slot || !s->field)
		return -ENOMEM;
	s->separator[0] = SIZE_MAX;
	for (size_t i = 0; i < count; i++) {
		s->want[i] = column[i];
		if (column[i] && (!needed || s->need[needed - 1] != column[i] - 1))
			s->need[needed++] = column[i] - 1;
		s->slot[i][0] = needed;
		s->need[needed++] = column[i];
		s->slot[i][1] = needed;
	}
	s->need[needed] = SIZE_MAX;
	s->wanted = count;
	return 0;
}

void csv_scan_close(struct csv_scan *scan)
{
	struct csv_scan_state *s = scan->state;

	if (!s)
		return;
	if (s->fd >= 0)
		close(s->fd);
	free(s->buffer);
	forget_wanted(s);
	free(s->unquoted);
	free(s);
	memset(scan, 0, sizeof(*scan));
}

double csv_scan_progress(const struct csv_scan *scan)
{
	struct stat info;
	off_t at = lseek(scan->state->fd, 0, SEEK_CUR);

	return at < 0 || fstat(scan->state->fd, &info) || info.st_size <= 0 ? 0 : (double)at / (double)info.st_size;
}

int csv_scan_open_schema(struct csv_scan *scan, const char *path, const struct csv_schema *schema, char *error, size_t error_bytes)
{
	int err = csv_scan_open(scan, path, 0, error, error_bytes);
	size_t count;

	if (err)
		return err;
	count = schema->older && scan->fields == schema->older ? schema->older : schema->count;
	scan->state->line = 1;
	for (size_t i = 0; i < count && !err; i++) {
		if (i >= scan->fields || !csv_field_is(&scan->field[i], schema->columns[i].name))
			err = fails(scan->state, -EBADMSG, "not the columns of this version: column %zu is not %s", i + 1, schema->columns[i].name);
	}
	if (!err && scan->fields > schema->count)
		err = fails(scan->state, -EBADMSG, "not the columns of this version: it has %zu, and %zu are known", scan->fields, schema->count);
	scan->state->line = 2;
	if (err)
		csv_scan_close(scan);
	return err;
}

bool csv_field_is(const struct csv_field *field, const char *text)
{
	return strncmp(field->text, text, field->bytes) == 0 && text[field->bytes] == '\0';
}

bool csv_field_u64(const struct csv_field *field, uint64_t *value)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < field->bytes; i++) {
		unsigned digit = (unsigned)(field->text[i] - '0');

		if (digit > 9 || __builtin_mul_overflow(sum, 10, &sum) || __builtin_add_overflow(sum, digit, &sum))
			return false;
	}
	*value = sum;
	return field->bytes > 0;
}
