/* SPDX-License-Identifier: MIT */
/*
 * A shared object of this machine's kind, looked at and not loaded: loading runs what is in it.
 *
 * Source: System V Application Binary Interface, chapter 4 (object files), and its AMD64 supplement.
 */
#ifndef STORSYNC_BENCH_MINIPORT_ELF_FILE_H
#define STORSYNC_BENCH_MINIPORT_ELF_FILE_H

#include <elf.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct elf_table {
	const Elf64_Sym *symbol;
	size_t count;
	const char *text; /* their names */
	size_t text_bytes;
};

struct elf_file {
	const unsigned char *data;
	size_t bytes;
	struct elf_table dynamic; /* what it defines for others and wants of them */
	struct elf_table all;     /* every function, static ones too; none in a stripped file */
};

/* 0, or -errno with what is wrong, without the file's name, in `error`. */
int elf_file_open(struct elf_file *file, const char *path, char *error, size_t error_bytes);
void elf_file_close(struct elf_file *file);

/* A symbol's name; "" where the file is damaged. */
const char *elf_name(const struct elf_table *table, const Elf64_Sym *symbol);

/* What it defines for others by that name; NULL: nothing. */
const Elf64_Sym *elf_find_defined(const struct elf_file *file, const char *name);

/* The bytes that a symbol stands for, as they are in the file; NULL if they are not in it. */
const void *elf_contents(const struct elf_file *file, const Elf64_Sym *symbol, size_t bytes);

/* The function in which an address, counted from where the file is loaded, is; NULL when it cannot be told. */
const char *elf_function_at(const struct elf_file *file, uint64_t address, uint64_t *offset);

#endif
