/* SPDX-License-Identifier: MIT */
/* A run's folder, as it is to be taken in; see import.h. */
#define _GNU_SOURCE
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/files/checksum.h"
#include "bench/files/csv.h"
#include "bench/history/history_figures.h"
#include "bench/history/import.h"

static int fail(char *error, int status, const char *path, const char *what)
{
	snprintf(error, HISTORY_ERROR_BYTES, "%s: %s", path, what);
	return status;
}

static int check_identity(const struct history_run_files *run, char *error)
{
	const struct run_manifest *manifest = &run->manifest;
	const char *path = run->data.path;

	if (!manifest->run_id[0] || !manifest->created_utc[0] || !csv_type_allows(CSV_DATETIME, manifest->created_utc))
		return fail(error, -EINVAL, path, "run.json has no run_id, or in created_utc no time as in 2024-05-01T12:00:00Z");
	for (size_t i = 0; i < run->data.cells; i++) {
		const char *build = run->data.cell[i].key[RUN_KEY_BUILD_ID];

		if (strcmp(build, manifest->build_id) != 0) {
			snprintf(error, HISTORY_ERROR_BYTES, "%s: summary.csv has rows of build '%s', and run.json says '%s'", path, build,
				 manifest->build_id);
			return -EINVAL;
		}
	}
	return 0;
}

static int load_rows(struct history_run_files *run, const char *directory, char *error)
{
	const struct figure *wanted[HISTORY_FIGURES];
	char *path = NULL;
	uint64_t bytes;
	int status;

	for (size_t i = 0; i < HISTORY_FIGURES; i++)
		wanted[i] = history_figure(i);
	status = run_data_load(&run->data, directory, "", wanted, HISTORY_FIGURES, error);
	if (status)
		return status;
	if (asprintf(&path, "%s/summary.csv", directory) < 0) {
		run_data_fini(&run->data);
		return fail(error, -ENOMEM, directory, "out of memory");
	}
	status = checksum_file(path, run->checksum, &bytes);
	if (status)
		fail(error, status, path, strerror(-status));
	else
		status = check_identity(run, error);
	if (status)
		run_data_fini(&run->data);
	free(path);
	return status;
}

int history_run_load(struct history_run_files *run, const char *directory, char *error)
{
	struct stat stat_of;
	int status;

	*run = (struct history_run_files){ 0 };
	if (stat(directory, &stat_of))
		return fail(error, -errno, directory, strerror(errno));
	if (!S_ISDIR(stat_of.st_mode))
		return fail(error, -EINVAL, directory, "not a run's folder; a history takes runs of `storsync run`, by their folders");
	status = run_manifest_load(directory, &run->manifest, error, HISTORY_ERROR_BYTES);
	if (status)
		return status == -ENOENT ? -EINVAL : status;
	status = load_rows(run, directory, error);
	if (status)
		run_manifest_fini(&run->manifest);
	return status;
}

void history_run_fini(struct history_run_files *run)
{
	run_data_fini(&run->data);
	run_manifest_fini(&run->manifest);
}
