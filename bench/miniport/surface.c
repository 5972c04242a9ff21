/* SPDX-License-Identifier: MIT */
/* What a miniport may call; see surface.h. */
#define _GNU_SOURCE
#include "bench/miniport/surface.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "hba_sim/ddk/abi.h"

bool surface_is_wanted(const struct elf_file *file, const Elf64_Sym *symbol)
{
	return symbol->st_shndx == SHN_UNDEF && ELF64_ST_BIND(symbol->st_info) == STB_GLOBAL && *elf_name(&file->dynamic, symbol);
}

bool surface_has(const char *name)
{
	return dlsym(RTLD_DEFAULT, name) != NULL;
}

int surface_check(const struct elf_file *file, char *error, size_t error_bytes)
{
	const Elf64_Sym *mark = elf_find_defined(file, STORSYNC_DDK_ABI_SYMBOL);
	const unsigned *abi = mark ? elf_contents(file, mark, sizeof(*abi)) : NULL;

	if (!elf_find_defined(file, MINIPORT_ENTRY)) {
		snprintf(error, error_bytes, "it has no " MINIPORT_ENTRY ", which every miniport has; build it with `storsync miniport build`");
		return -EINVAL;
	}
	if (!abi) {
		snprintf(error, error_bytes, "it was not built against storsync's headers; build it with `storsync miniport build`");
		return -EINVAL;
	}
	if (*abi != STORSYNC_DDK_ABI) {
		snprintf(error, error_bytes, "it was built against version %u of storsync's headers, and this is version %u; build it again", *abi,
			 STORSYNC_DDK_ABI);
		return -EINVAL;
	}
	for (size_t i = 0; i < file->dynamic.count; i++) {
		const Elf64_Sym *symbol = &file->dynamic.symbol[i];

		if (!surface_is_wanted(file, symbol) || surface_has(elf_name(&file->dynamic, symbol)))
			continue;
		snprintf(error, error_bytes, "it calls %.100s, which storsync does not have; see " MINIPORT_DOCUMENT,
			 elf_name(&file->dynamic, symbol));
		return -EINVAL;
	}
	return 0;
}
