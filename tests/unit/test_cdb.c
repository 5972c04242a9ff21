/* SPDX-License-Identifier: MIT */
/*
 * Command descriptor blocks: every form's fields where SBC-3 has them, read back
 * here byte by byte; their limits; the 16-byte form where another is too small.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bench/cell/cdb.h"

static const struct {
	uint8_t opcode;
	uint8_t bytes;
	uint8_t wide; /* the 16-byte opcode of its direction */
	bool write;
	unsigned lba_at, lba_bytes, length_at, length_bytes;
} forms[] = {
	{ 0x08, 6, 0x88, false, 1, 3, 4, 1 },   { 0x0a, 6, 0x8a, true, 1, 3, 4, 1 },
	{ 0x28, 10, 0x88, false, 2, 4, 7, 2 },  { 0x2a, 10, 0x8a, true, 2, 4, 7, 2 },
	{ 0xa8, 12, 0x88, false, 2, 4, 6, 4 },  { 0xaa, 12, 0x8a, true, 2, 4, 6, 4 },
	{ 0x88, 16, 0x88, false, 2, 8, 10, 4 }, { 0x8a, 16, 0x8a, true, 2, 8, 10, 4 },
};
#define FORMS (sizeof(forms) / sizeof(forms[0]))

static uint64_t big_endian(const uint8_t *at, unsigned bytes)
{
	uint64_t value = 0;

	while (bytes--)
		value = value << 8 | *at++;
	return value;
}

static size_t form_of(uint8_t opcode)
{
	for (size_t f = 0; f < FORMS; f++) {
		if (forms[f].opcode == opcode)
			return f;
	}
	fail_msg("opcode 0x%02x is none that moves blocks", opcode);
	return 0;
}

/* Builds one, checks that it says what was asked for and nothing else, and returns its opcode. */
static uint8_t build_and_check(uint8_t opcode, uint64_t lba, uint32_t blocks)
{
	uint8_t cdb[18], rest[16];
	uint32_t length;
	uint8_t bytes;
	size_t f;

	memset(cdb, 0xcc, sizeof(cdb));
	bytes = cdb_build(opcode, lba, blocks, cdb + 1);
	assert_int_equal(cdb[0], 0xcc);
	assert_int_equal(cdb[17], 0xcc);
	f = form_of(cdb[1]);
	assert_int_equal(bytes, forms[f].bytes);
	length = (uint32_t)big_endian(cdb + 1 + forms[f].length_at, forms[f].length_bytes);
	if (bytes == 6 && !length)
		length = 256;
	assert_true(big_endian(cdb + 1 + forms[f].lba_at, forms[f].lba_bytes) == lba);
	assert_int_equal(length, blocks);
	memcpy(rest, cdb + 1, 16);
	rest[0] = 0;
	memset(rest + forms[f].lba_at, 0, forms[f].lba_bytes);
	memset(rest + forms[f].length_at, 0, forms[f].length_bytes);
	for (unsigned i = 0; i < 16; i++)
		assert_int_equal(rest[i], 0);
	return cdb[1];
}

static void test_every_form_has_its_fields_in_their_places(void **state)
{
	for (size_t f = 0; f < FORMS; f++) {
		assert_int_equal(build_and_check(forms[f].opcode, 0x123456, 0x99), forms[f].opcode);
		assert_int_equal(build_and_check(forms[f].opcode, 0, 1), forms[f].opcode);
	}
}

static void test_every_form_has_its_limits(void **state)
{
	static const struct {
		uint8_t bytes;
		uint64_t lba_max;
		uint32_t blocks_min, blocks_max;
	} limits[] = {
		{ 6, 0x1fffff, 1, 256 },
		{ 10, 0xffffffff, 0, 0xffff },
		{ 12, 0xffffffff, 0, 0xffffffff },
		{ 16, UINT64_MAX, 0, 0xffffffff },
	};

	for (size_t f = 0; f < FORMS; f++) {
		const uint8_t opcode = forms[f].opcode;
		size_t l = 0;

		while (limits[l].bytes != forms[f].bytes)
			l++;
		assert_int_equal(build_and_check(opcode, limits[l].lba_max, limits[l].blocks_max), opcode);
		assert_int_equal(build_and_check(opcode, limits[l].lba_max, limits[l].blocks_min), opcode);
		if (limits[l].lba_max != UINT64_MAX)
			assert_int_equal(build_and_check(opcode, limits[l].lba_max + 1, 1), forms[f].wide);
		if (limits[l].blocks_max != UINT32_MAX)
			assert_int_equal(build_and_check(opcode, 0, limits[l].blocks_max + 1), forms[f].wide);
		if (limits[l].blocks_min)
			assert_int_equal(build_and_check(opcode, 0, limits[l].blocks_min - 1), forms[f].wide);
	}
}

static void test_directions_are_told_apart(void **state)
{
	for (unsigned opcode = 0; opcode < 256; opcode++) {
		bool read = false, write = false;

		for (size_t f = 0; f < FORMS; f++) {
			read |= forms[f].opcode == opcode && !forms[f].write;
			write |= forms[f].opcode == opcode && forms[f].write;
		}
		assert_int_equal(cdb_is_read((uint8_t)opcode), read);
		assert_int_equal(cdb_is_write((uint8_t)opcode), write);
	}
}

/* The lengths that SPC-4 gives the groups of opcodes; those it leaves open get the longest. */
static void test_other_commands_are_sent_bare(void **state)
{
	static const uint8_t group_bytes[8] = { 6, 10, 10, 16, 16, 12, 16, 16 };

	for (unsigned opcode = 0; opcode < 256; opcode++) {
		uint8_t cdb[16];

		if (cdb_is_read((uint8_t)opcode) || cdb_is_write((uint8_t)opcode))
			continue;
		memset(cdb, 0xcc, sizeof(cdb));
		assert_int_equal(cdb_build((uint8_t)opcode, UINT64_MAX, UINT32_MAX, cdb), group_bytes[opcode / 32]);
		assert_int_equal(cdb[0], opcode);
		for (unsigned i = 1; i < 16; i++)
			assert_int_equal(cdb[i], 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_form_has_its_fields_in_their_places),
		cmocka_unit_test(test_every_form_has_its_limits),
		cmocka_unit_test(test_directions_are_told_apart),
		cmocka_unit_test(test_other_commands_are_sent_bare),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
