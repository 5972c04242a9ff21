/* SPDX-License-Identifier: MIT */
/* Checksums; see checksum.h. */
#include "bench/files/checksum.h"

#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

#include <sha2.h>

#define PREFIX "sha256:"

void checksum_bytes(const void *data, size_t bytes, char text[CHECKSUM_TEXT_BYTES])
{
	SHA2_CTX context;

	SHA256Init(&context);
	SHA256Update(&context, data, bytes);
	strcpy(text, PREFIX);
	SHA256End(&context, text + strlen(PREFIX));
}

int checksum_file(const char *path, char text[CHECKSUM_TEXT_BYTES], uint64_t *bytes)
{
	FILE *file = fopen(path, "re");
	uint8_t block[65536];
	SHA2_CTX context;
	size_t got;
	int err = 0;

	if (!file)
		return -errno;
	SHA256Init(&context);
	*bytes = 0;
	errno = 0;
	while ((got = fread(block, 1, sizeof(block), file)) > 0) {
		SHA256Update(&context, block, got);
		*bytes += got;
	}
	if (ferror(file))
		err = errno ? -errno : -EIO;
	fclose(file);
	strcpy(text, PREFIX);
	SHA256End(&context, text + strlen(PREFIX));
	return err;
}
