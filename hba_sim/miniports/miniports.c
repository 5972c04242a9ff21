/* SPDX-License-Identifier: MIT */
/* The list of built-in miniports; see miniports.h. */
#include "hba_sim/miniports/miniports.h"

#define MINIPORT(name, Entry) ULONG Entry(PVOID DriverObject, PVOID RegistryPath);
#include "hba_sim/miniports/miniports.def"
#undef MINIPORT

#define MINIPORT(name, Entry) { #name, Entry },
static const struct {
	const char *file;
	ULONG (*entry)(PVOID DriverObject, PVOID RegistryPath);
} miniports[] = {
#include "hba_sim/miniports/miniports.def"
};
#undef MINIPORT

static BOOLEAN is_named(const char *file, const char *name)
{
	while (*file && *name == (*file == '_' ? '-' : *file)) {
		file++;
		name++;
	}
	return !*file && !*name;
}

ULONG (*miniport_find(const char *name))(PVOID DriverObject, PVOID RegistryPath)
{
	for (size_t i = 0; name && i < sizeof(miniports) / sizeof(miniports[0]); i++) {
		if (is_named(miniports[i].file, name))
			return miniports[i].entry;
	}
	return NULL;
}
