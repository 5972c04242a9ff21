/* SPDX-License-Identifier: MIT */
/* Parts; see part.h. */
#include "bench/run_dir/part.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/files/checksum.h"
#include "bench/files/json_file.h"

/* Of the JSON's text: what is loaded is written in the same way again. */
static int checksum_of(const json_t *part, char hash[CHECKSUM_TEXT_BYTES])
{
	char *text = json_dumps(part, JSON_COMPACT);

	if (!text)
		return -ENOMEM;
	checksum_bytes(text, strlen(text), hash);
	free(text);
	return 0;
}

int part_store(int fd, const char *name, const json_t *part)
{
	char hash[CHECKSUM_TEXT_BYTES];
	json_t *json;
	int err = checksum_of(part, hash);

	if (err)
		return err;
	json = json_pack("{s:s, s:O}", "hash", hash, "part", part);
	err = json_file_replace_at(fd, name, json, JSON_COMPACT);
	json_decref(json);
	return err;
}

/* The rest of a file, to be freed; NULL when it cannot be read, or memory is short. */
static char *read_all(int file, size_t *bytes)
{
	struct stat status;
	char *text;
	ssize_t got = 1;

	if (fstat(file, &status) || status.st_size < 0)
		return NULL;
	text = malloc((size_t)status.st_size + 1);
	for (*bytes = 0; text && got > 0 && *bytes < (size_t)status.st_size; *bytes += got > 0 ? (size_t)got : 0)
		got = read(file, text + *bytes, (size_t)status.st_size - *bytes);
	if (got < 0) {
		free(text);
		return NULL;
	}
	return text;
}

json_t *part_load(int fd, const char *path, char *wrong, size_t wrong_bytes)
{
	char actual[CHECKSUM_TEXT_BYTES] = "";
	int file = openat(fd, path, O_RDONLY | O_CLOEXEC);
	json_t *json, *part;
	char *text;
	size_t bytes;
	const char *hash;
	json_error_t error;

	if (file < 0) {
		snprintf(wrong, wrong_bytes, "%s", strerror(errno));
		return NULL;
	}
	/* Neither json_loadfd() nor json_loadf(), which take it byte by byte. */
	text = read_all(file, &bytes);
	close(file);
	if (!text) {
		snprintf(wrong, wrong_bytes, "cannot be read");
		return NULL;
	}
	json = json_loadb(text, bytes, JSON_REJECT_DUPLICATES, &error);
	free(text);
	if (!json) {
		snprintf(wrong, wrong_bytes, "%s", error.text);
		return NULL;
	}
	hash = json_string_value(json_object_get(json, "hash"));
	part = json_incref(json_object_get(json, "part"));
	if (!hash || !json_is_object(part) || checksum_of(part, actual) || strcmp(hash, actual)) {
		snprintf(wrong, wrong_bytes, "changed since it was written: its checksum is not the one in it");
		json_decref(part);
		part = NULL;
	}
	json_decref(json);
	return part;
}

bool part_is_name(const char *name)
{
	size_t digits = strspn(name, "0123456789");

	if (digits >= 6)
		return strcmp(name + digits, ".json") == 0;
	if (strncmp(name, "env-", 4) == 0) {
		digits = strspn(name + 4, "0123456789");
		name += 4 + digits;
		return digits >= 6 && (strcmp(name, "-1-before.json") == 0 || strcmp(name, "-2-after.json") == 0);
	}
	return strcmp(name, "skipped.json") == 0;
}
