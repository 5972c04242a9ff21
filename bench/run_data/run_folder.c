/* SPDX-License-Identifier: MIT */
/* A run's folder, looked at before it is read; see run_folder.h. */
#include "bench/run_data/run_folder.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/files/schema.h"
#include "bench/run_data/outline.h"
#include "bench/run_data/run_data.h"
#include "bench/run_dir/journal.h"

/* The last line of a journal is much shorter. */
#define TAIL_BYTES 16384

__attribute__((format(printf, 3, 4)))
static int say(char *error, int status, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(error, RUN_DATA_ERROR_BYTES, format, arguments);
	va_end(arguments);
	return status;
}

/* What is no regular file might keep its reader waiting for ever. */
static int check_regular(const struct run_folder *folder, const char *name, char *error)
{
	char path[600];
	struct stat info;

	snprintf(path, sizeof(path), "%s/%s", folder->directory, name);
	if (stat(path, &info) == 0 && !S_ISREG(info.st_mode))
		return say(error, -EINVAL, "%s: not a regular file", path);
	return 0;
}

/* A journal has a line an invocation, a million in a large run; what matters is the last one. */
static bool ends_complete(const struct run_folder *folder, bool *stopped)
{
	char path[600], tail[TAIL_BYTES];
	ssize_t bytes = 0, begin;
	const char *name;
	json_t *event;
	struct stat info;
	bool complete;
	int file;

	snprintf(path, sizeof(path), "%s/" RUN_JOURNAL_FILE, folder->directory);
	file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (file < 0)
		return false;
	if (fstat(file, &info) == 0)
		bytes = pread(file, tail, sizeof(tail), info.st_size > TAIL_BYTES ? info.st_size - TAIL_BYTES : 0);
	close(file);
	while (bytes > 0 && tail[bytes - 1] != '\n')
		bytes--;
	for (begin = bytes - 1; begin > 0 && tail[begin - 1] != '\n';)
		begin--;
	if (bytes <= 0)
		return false;
	event = json_loadb(tail + begin, (size_t)(bytes - begin), JSON_REJECT_DUPLICATES, NULL);
	name = json_string_value(json_object_get(event, "event"));
	complete = name && strcmp(name, "complete") == 0;
	*stopped = json_object_get(event, "stopped") != NULL;
	json_decref(event);
	return complete;
}

static uint64_t expected_of(const struct run_manifest *manifest)
{
	if (run_manifest_is_merged(manifest))
		return (uint64_t)json_integer_value(json_object_get(manifest->json, "expected"));
	return run_manifest_blocks(manifest) * run_manifest_runnable(manifest);
}

/* Why it cannot be read yet. */
static int say_unfinished(const struct run_folder *folder, uint64_t done, bool busy, char *error)
{
	const char *least = folder->open ? "at least " : "";

	if (busy)
		return say(error, -ENODATA, "%s: the run still goes on, %" PRIu64 " of %s%" PRIu64 " invocations are done; "
			   "wait for its end, `storsync status %s` tells when", folder->directory, done, least, folder->expected, folder->directory);
	if (run_manifest_is_merged(&folder->manifest))
		return say(error, -ENODATA, "%s: merged from shards that are not all there or not complete, %" PRIu64 " of %s%" PRIu64
			   " invocations; finish them and merge all of them", folder->directory, done, least, folder->expected);
	return say(error, -ENODATA, "%s: the run was interrupted after %" PRIu64 " of %s%" PRIu64 " invocations; finish it with "
		   "`storsync run -o %s` and the options it had, which `storsync status %s` prints", folder->directory, done, least,
		   folder->expected, folder->directory, folder->directory);
}

static int check_state(struct run_folder *folder, char *error)
{
	bool busy = run_journal_busy(folder->directory);
	bool stopped = false;
	struct run_journal journal;
	uint64_t done;
	int err;

	folder->open = run_manifest_is_open(&folder->manifest);
	folder->expected = expected_of(&folder->manifest);
	folder->journal = true;
	if (!busy && ends_complete(folder, &stopped) && !stopped && !folder->open && folder->expected)
		return 0;
	err = run_journal_load(folder->directory, &journal, error, RUN_DATA_ERROR_BYTES);
	folder->journal = err != -ENOENT;
	if (err && err != -ENOENT)
		return err;
	done = journal.count;
	stopped = journal.complete;
	run_journal_fini(&journal);
	if (busy || (folder->journal && !stopped))
		return say_unfinished(folder, done, busy, error);
	if (folder->journal) {
		folder->expected = done;
		folder->open = false;
	}
	return 0;
}

/* Without the cells' parameters, which are most of it and are in summary.csv too. */
static int load_manifest(struct run_folder *folder, char *error)
{
	char path[600], what[256];
	json_t *json;
	int err;

	snprintf(path, sizeof(path), "%s/" RUN_MANIFEST_FILE, folder->directory);
	err = outline_load(path, "spec", &json, error, RUN_DATA_ERROR_BYTES);
	if (err == -ENOENT || err == -ENOTDIR)
		return say(error, -EINVAL, "%s: no " RUN_MANIFEST_FILE " there, so it is not a run's folder", folder->directory);
	if (err)
		return err;
	err = run_manifest_parse(json, &folder->manifest, what, sizeof(what));
	json_decref(json);
	return err ? say(error, err, "%s: not a run's manifest: %s", path, what) : 0;
}

int run_folder_open(struct run_folder *folder, const char *directory, char *error)
{
	int err;

	memset(folder, 0, sizeof(*folder));
	if (snprintf(folder->directory, sizeof(folder->directory), "%s", directory) >= (int)sizeof(folder->directory))
		return say(error, -ENAMETOOLONG, "%.60s...: a path of more than %zu bytes", directory, sizeof(folder->directory) - 1);
	if (check_regular(folder, RUN_JOURNAL_FILE, error) || check_regular(folder, RUN_LOCK_FILE, error))
		return -EINVAL;
	err = load_manifest(folder, error);
	if (err)
		return err;
	if (folder->manifest.schema_version != SCHEMA_VERSION)
		err = say(error, -EINVAL, "%s/" RUN_MANIFEST_FILE ": the run is of schema version %u, this build reads version %d",
			  folder->directory, folder->manifest.schema_version, SCHEMA_VERSION);
	if (!err)
		err = check_state(folder, error);
	if (err)
		run_folder_fini(folder);
	return err;
}

void run_folder_fini(struct run_folder *folder)
{
	run_manifest_fini(&folder->manifest);
}

static bool is_text(const char *text, const char *other, size_t bytes)
{
	return text && strlen(text) == bytes && memcmp(text, other, bytes) == 0;
}

bool run_folder_has_run(const struct run_folder *folder, const char *run_id, size_t bytes)
{
	json_t *part;
	size_t i;

	json_array_foreach(json_object_get(folder->manifest.json, "parts"), i, part) {
		if (is_text(json_string_value(json_object_get(part, "run_id")), run_id, bytes))
			return true;
	}
	return is_text(folder->manifest.run_id, run_id, bytes);
}

int run_folder_check_count(const struct run_folder *folder, uint64_t invocations, char *error)
{
	const char *directory = folder->directory;

	if (invocations == folder->expected || (folder->open && invocations > folder->expected))
		return 0;
	if (!folder->journal && invocations < folder->expected)
		return say(error, -ENODATA, "%s/summary.csv: %" PRIu64 " of %s%" PRIu64 " invocations, and no " RUN_JOURNAL_FILE
			   " beside it that says that these are all", directory, invocations, folder->open ? "at least " : "",
			   folder->expected);
	return say(error, -EINVAL, "%s/summary.csv: %" PRIu64 " invocations, but the run has %" PRIu64 ": cut off or changed since; "
		   "`storsync validate %s` says what", directory, invocations, folder->expected, directory);
}
