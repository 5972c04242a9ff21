/* SPDX-License-Identifier: MIT */
/* Shared objects, looked at; see elf_file.h.  Nothing in the file is believed before it is known to lie within it. */
#include "bench/miniport/elf_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static int say(char *error, size_t error_bytes, int err, const char *what)
{
	snprintf(error, error_bytes, "%s", what);
	return err;
}

static bool is_within(const struct elf_file *file, uint64_t offset, uint64_t bytes)
{
	return offset <= file->bytes && bytes <= file->bytes - offset;
}

/* Section headers; NULL when there are none. */
static const Elf64_Shdr *sections(const struct elf_file *file, size_t *count)
{
	const Elf64_Ehdr *header = (const void *)file->data;

	*count = header->e_shnum;
	if (header->e_shentsize != sizeof(Elf64_Shdr) || header->e_shoff % 8 ||
	    !is_within(file, header->e_shoff, (uint64_t)header->e_shnum * sizeof(Elf64_Shdr)))
		*count = 0;
	return *count ? (const void *)(file->data + header->e_shoff) : NULL;
}

static void find_table(const struct elf_file *file, uint32_t type, struct elf_table *table)
{
	size_t count;
	const Elf64_Shdr *section = sections(file, &count);

	for (size_t i = 0; i < count; i++) {
		const Elf64_Shdr *names = section[i].sh_link < count ? &section[section[i].sh_link] : NULL;

		if (section[i].sh_type != type || !names || section[i].sh_offset % 8 ||
		    !is_within(file, section[i].sh_offset, section[i].sh_size) || !is_within(file, names->sh_offset, names->sh_size) ||
		    !names->sh_size || file->data[names->sh_offset + names->sh_size - 1])
			continue;
		table->symbol = (const void *)(file->data + section[i].sh_offset);
		table->count = section[i].sh_size / sizeof(Elf64_Sym);
		table->text = (const char *)file->data + names->sh_offset;
		table->text_bytes = names->sh_size;
		return;
	}
}

static int look(struct elf_file *file, char *error, size_t error_bytes)
{
	const Elf64_Ehdr *header = (const void *)file->data;

	if (file->bytes < sizeof(*header) || memcmp(header->e_ident, ELFMAG, SELFMAG))
		return say(error, error_bytes, -ENOEXEC, "not a shared object (ELF)");
	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_machine != EM_X86_64)
		return say(error, error_bytes, -ENOEXEC, "a shared object, but not for x86-64");
	if (header->e_type != ET_DYN)
		return say(error, error_bytes, -ENOEXEC, "an ELF file, but not a shared object");
	find_table(file, SHT_DYNSYM, &file->dynamic);
	find_table(file, SHT_SYMTAB, &file->all);
	if (!file->dynamic.count)
		return say(error, error_bytes, -ENOEXEC, "a shared object without symbols");
	return 0;
}

int elf_file_open(struct elf_file *file, const char *path, char *error, size_t error_bytes)
{
	struct stat info;
	void *data;
	int fd, err;

	memset(file, 0, sizeof(*file));
	/* A FIFO without a writer would block. */
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0 || fstat(fd, &info)) {
		err = -errno;
		if (fd >= 0)
			close(fd);
		return say(error, error_bytes, err, strerror(-err));
	}
	if (!S_ISREG(info.st_mode) || !info.st_size) {
		close(fd);
		return say(error, error_bytes, -ENOEXEC, S_ISREG(info.st_mode) ? "empty" : "not a regular file");
	}
	data = mmap(NULL, (size_t)info.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	err = -errno;
	close(fd);
	if (data == MAP_FAILED)
		return say(error, error_bytes, err, strerror(-err));
	file->data = data;
	file->bytes = (size_t)info.st_size;
	err = look(file, error, error_bytes);
	if (err)
		elf_file_close(file);
	return err;
}

void elf_file_close(struct elf_file *file)
{
	if (file->data)
		munmap((void *)file->data, file->bytes);
	memset(file, 0, sizeof(*file));
}

const char *elf_name(const struct elf_table *table, const Elf64_Sym *symbol)
{
	return symbol->st_name < table->text_bytes ? table->text + symbol->st_name : "";
}

const Elf64_Sym *elf_find_defined(const struct elf_file *file, const char *name)
{
	for (size_t i = 0; i < file->dynamic.count; i++) {
		const Elf64_Sym *symbol = &file->dynamic.symbol[i];

		if (symbol->st_shndx != SHN_UNDEF && strcmp(elf_name(&file->dynamic, symbol), name) == 0)
			return symbol;
	}
	return NULL;
}

const void *elf_contents(const struct elf_file *file, const Elf64_Sym *symbol, size_t bytes)
{
	size_t count;
	const Elf64_Shdr *section = sections(file, &count);
	uint64_t within;

	if (symbol->st_shndx >= count || section[symbol->st_shndx].sh_type == SHT_NOBITS || symbol->st_size < bytes)
		return NULL;
	section += symbol->st_shndx;
	within = symbol->st_value - section->sh_addr;
	if (within > section->sh_size || bytes > section->sh_size - within || !is_within(file, section->sh_offset, section->sh_size))
		return NULL;
	return file->data + section->sh_offset + within;
}

const char *elf_function_at(const struct elf_file *file, uint64_t address, uint64_t *offset)
{
	const struct elf_table *table = file->all.count ? &file->all : &file->dynamic;

	for (size_t i = 0; i < table->count; i++) {
		const Elf64_Sym *symbol = &table->symbol[i];

		if (ELF64_ST_TYPE(symbol->st_info) != STT_FUNC || symbol->st_shndx == SHN_UNDEF || address < symbol->st_value ||
		    address - symbol->st_value >= symbol->st_size)
			continue;
		*offset = address - symbol->st_value;
		return elf_name(table, symbol);
	}
	return NULL;
}
