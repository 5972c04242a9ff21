/* SPDX-License-Identifier: MIT */
/* SHA-256 of a file or of memory (FIPS 180-4; libmd computes it), as datapackage.json has it. */
#ifndef STORSYNC_BENCH_FILES_CHECKSUM_H
#define STORSYNC_BENCH_FILES_CHECKSUM_H

#include <stddef.h>
#include <stdint.h>

/* "sha256:", 64 digits, NUL. */
#define CHECKSUM_TEXT_BYTES 72

void checksum_bytes(const void *data, size_t bytes, char text[CHECKSUM_TEXT_BYTES]);

/* 0 or -errno. `bytes` is the length of what was summed. */
int checksum_file(const char *path, char text[CHECKSUM_TEXT_BYTES], uint64_t *bytes);

#endif
