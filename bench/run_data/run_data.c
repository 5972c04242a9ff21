/* SPDX-License-Identifier: MIT */
/* Reading a run back: see run_data.h. What a path leads to decides who reads it. */
#define _GNU_SOURCE
#include "bench/run_data/run_data.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "bench/run_data/building.h"
#include "bench/run_data/google_benchmark.h"
#include "bench/run_data/run_folder.h"
#include "bench/run_data/run_summary.h"
#include "bench/run_data/texts.h"

#define RIGHT "name a run's folder, its summary.csv, or a Google Benchmark JSON file"

static int load_folder(struct building *b, const char *directory)
{
	struct run_folder folder;
	int err = run_folder_open(&folder, directory, b->error);

	if (err)
		return err;
	snprintf(b->data->run_id, sizeof(b->data->run_id), "%s", folder.manifest.run_id);
	err = run_summary_read(b, &folder);
	run_folder_fini(&folder);
	return err;
}

/* By its name alone: run.json beside it says whether it may be read. */
static int load_summary(struct building *b, const char *path)
{
	const char *slash = strrchr(path, '/');
	char *directory = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
	int err = directory ? load_folder(b, directory) : building_fails(b, -ENOMEM, "out of memory");

	free(directory);
	return err;
}

static bool is_called(const char *path, const char *name)
{
	const char *slash = strrchr(path, '/');

	return strcmp(slash ? slash + 1 : path, name) == 0;
}

/* Whether it begins as JSON's objects do. */
static bool begins_object(const char *path)
{
	int file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	char begin[64];
	ssize_t bytes = file < 0 ? 0 : read(file, begin, sizeof(begin));
	ssize_t at = 0;

	if (file >= 0)
		close(file);
	while (at < bytes && strchr(" \t\r\n", begin[at]) && begin[at])
		at++;
	return at < bytes && begin[at] == '{';
}

static int load_any(struct building *b, const char *path)
{
	struct stat info;

	if (stat(path, &info)) {
		int err = -errno;

		return building_fails(b, err, "%s; " RIGHT, strerror(-err));
	}
	if (S_ISDIR(info.st_mode))
		return load_folder(b, path);
	if (!S_ISREG(info.st_mode))
		return building_fails(b, -EINVAL, "neither a folder nor a regular file; " RIGHT);
	if (is_called(path, "summary.csv"))
		return load_summary(b, path);
	if (access(path, R_OK)) {
		int err = -errno;

		return building_fails(b, err, "%s", strerror(-err));
	}
	if (begins_object(path))
		return google_benchmark_read(b, path);
	return building_fails(b, -EINVAL, "neither a run's summary.csv nor JSON; " RIGHT);
}

int run_data_load(struct run_data *data, const char *path, const char *label, const struct figure *const *wanted, size_t count,
		  char *error)
{
	struct building b = { 0 };
	int err;

	*data = (struct run_data){ .kind = RUN_DATA_STORSYNC, .figures = count };
	data->path = strdup(path);
	data->figure = calloc(count + 1, sizeof(*data->figure));
	err = data->path && data->figure ? building_init(&b, data, label, error) : -ENOMEM;
	if (err) {
		snprintf(error, RUN_DATA_ERROR_BYTES, "%s: out of memory", path);
	} else {
		if (count)
			memcpy(data->figure, wanted, count * sizeof(*wanted));
		err = load_any(&b, path);
	}
	building_fini(&b);
	if (err)
		run_data_fini(data);
	return err;
}

void run_data_fini(struct run_data *data)
{
	texts_free(data->texts);
	free(data->path);
	free(data->cell);
	free(data->row);
	free(data->figure);
	free(data->value);
	*data = (struct run_data){ 0 };
}

size_t run_data_rows_of(const struct run_data *data, size_t cell, size_t *first)
{
	size_t lo = 0, hi = data->rows;
	size_t end;

	while (lo < hi) {
		size_t middle = lo + (hi - lo) / 2;

		if (data->row[middle].cell < cell)
			lo = middle + 1;
		else
			hi = middle;
	}
	*first = lo;
	for (end = lo; end < data->rows && data->row[end].cell == cell;)
		end++;
	return end;
}

bool run_data_differs(const struct run_data *data, enum run_key key)
{
	for (size_t i = 1; i < data->cells; i++) {
		if (strcmp(data->cell[i].key[key], data->cell[0].key[key]) != 0)
			return true;
	}
	return false;
}
