/* SPDX-License-Identifier: MIT */
/* Finding the driver kit; see kit.h. */
#include "bench/miniport/kit.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int kit_find(struct kit *kit, char *error, size_t error_bytes)
{
	/* As installed, and as built: the executable's folder is PREFIX/bin, or that of the build. */
	static const char *const places[] = { "/../include/storsync", "/include/storsync" };
	char self[KIT_PATH_BYTES - 64];
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self) - 1);

	self[length < 0 ? 0 : length] = '\0';
	*(strrchr(self, '/') ? strrchr(self, '/') : self) = '\0';
	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		snprintf(kit->root, sizeof(kit->root), "%s%s", self, places[i]);
		snprintf(kit->ddk, sizeof(kit->ddk), "%.*s/hba_sim/ddk", (int)(sizeof(kit->ddk) - 32), kit->root);
		snprintf(kit->prefix, sizeof(kit->prefix), "%.*s/prefix.h", (int)(sizeof(kit->prefix) - 32), kit->ddk);
		if (access(kit->prefix, R_OK) == 0)
			return 0;
	}
	snprintf(error, error_bytes, "the driver kit's headers are neither in %.180s%s nor in %.180s%s; install with `cmake --install`, or use the "
		 "program in its build folder", self, places[0], self, places[1]);
	return -ENOENT;
}
