/* SPDX-License-Identifier: MIT */
/* Loading; see report_data.h. */
#include "bench/report/report_data.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "bench/compare/machine_state.h"
#include "bench/run_dir/manifest.h"

#define DEFAULT_BASELINE "spinlock"

static const char *const figure_names[REPORT_FIGURES] = {
	[REPORT_IOPS] = "iops",
	[REPORT_ISR_P50] = "isr_latency_p50",
	[REPORT_ISR_P99] = "isr_latency_p99",
	[REPORT_ISR_MASKED_MEAN] = "isr_masked_mean",
	[REPORT_ISR_DELIVERY_MEAN] = "isr_delivery_mean",
	[REPORT_ISR_ACQUIRE_MEAN] = "isr_acquire_mean",
	[REPORT_ISR_SERVICE_MEAN] = "isr_service_mean",
	[REPORT_SYNC_WAIT_P50] = "sync_wait_p50",
	[REPORT_SYNC_WAIT_P99] = "sync_wait_p99",
	[REPORT_RESPONSE_P99] = "response_p99",
	[REPORT_BYSTANDER_HIGH_P99] = "bystander_high_p99",
	[REPORT_BYSTANDER_LOW_P99] = "bystander_low_p99",
	[REPORT_JAIN] = "jain",
};

const struct figure *report_figures(enum report_figure figure)
{
	return figure_find(figure_names[figure]);
}

static int load_manifest(struct report_data *data, char *error)
{
	struct run_manifest manifest;
	struct stat info;
	int status = run_manifest_load(data->path, &manifest, error, RUN_DATA_ERROR_BYTES);

	if (status == -ENOENT && stat(data->path, &info) == 0 && !S_ISDIR(info.st_mode)) {
		snprintf(error, RUN_DATA_ERROR_BYTES, "%s: not a run's folder, but a file; a report needs all that `storsync run` "
			 "wrote: give the folder", data->path);
		return -EINVAL;
	}
	if (status == -ENOENT || status == -ENOTDIR) {
		snprintf(error, RUN_DATA_ERROR_BYTES, "%s: not a run's folder: it has no " RUN_MANIFEST_FILE "; give one that "
		     "`storsync run` wrote",
			 data->path);
		return -EINVAL;
	}
	if (status)
		return status;
	data->manifest = json_incref(manifest.json);
	run_manifest_fini(&manifest);
	return 0;
}

/* "a, b, c", or as many as fit and "...". */
static void name_backends(const struct run_data *run, char *text, size_t bytes)
{
	size_t used = 0;

	*text = '\0';
	for (size_t i = 0; i < run->cells && used < bytes; i++) {
		const char *name = run->cell[i].key[RUN_KEY_BACKEND];
		bool again = false;

		for (size_t k = 0; k < i && !again; k++)
			again = run->cell[k].key[RUN_KEY_BACKEND] == name;
		if (!again)
			used += (size_t)snprintf(text + used, bytes - used, "%s%s", used ? ", " : "", name);
	}
	if (used >= bytes)
		memcpy(text + bytes - 4, "...", 4);
}

static const char *find_backend(const struct run_data *run, const char *name)
{
	for (size_t i = 0; i < run->cells; i++) {
		if (strcmp(run->cell[i].key[RUN_KEY_BACKEND], name) == 0)
			return run->cell[i].key[RUN_KEY_BACKEND];
	}
	return NULL;
}

static int choose_baseline(struct report_data *data, const char *wanted, char *error)
{
	char names[360];

	data->baseline = find_backend(&data->run, wanted ? wanted : DEFAULT_BASELINE);
	if (!data->baseline && !wanted)
		data->baseline = data->run.cell[0].key[RUN_KEY_BACKEND];
	if (data->baseline)
		return 0;
	name_backends(&data->run, names, sizeof(names));
	snprintf(error, RUN_DATA_ERROR_BYTES, "--baseline %.64s: no back end of this run: %s", wanted, names);
	return -EINVAL;
}

static int compare(struct report_data *data, char *error)
{
	static const char nothing[] = "nothing to compare: ";
	struct compare_options options;
	int status;

	compare_options_init(&options);
	options.baseline = data->baseline;
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++)
		options.in_row[k] = k != RUN_KEY_BACKEND;
	status = compare_cells(&data->comparisons, &data->run, &options, data->not_compared, sizeof(data->not_compared));
	if (!status) {
		*data->not_compared = '\0';
		return 0;
	}
	data->comparisons = (struct comparisons){ 0 };
	if (status == -ENODATA) {
		/* The page says that itself. */
		if (strncmp(data->not_compared, nothing, sizeof(nothing) - 1) == 0)
			memmove(data->not_compared, data->not_compared + sizeof(nothing) - 1,
				strlen(data->not_compared) - sizeof(nothing) + 2);
		return 0;
	}
	snprintf(error, RUN_DATA_ERROR_BYTES, "%s: %s", data->path, data->not_compared);
	return status;
}

int report_data_load(struct report_data *data, const char *path, const char *baseline, char *error)
{
	const struct figure *wanted[REPORT_FIGURES + MACHINE_FIGURES_WITHIN];
	int status;

	*data = (struct report_data){ .path = path };
	for (unsigned i = 0; i < REPORT_FIGURES; i++)
		wanted[i] = report_figures((enum report_figure)i);
	memcpy(wanted + REPORT_FIGURES, machine_figures, MACHINE_FIGURES_WITHIN * sizeof(wanted[0]));
	status = load_manifest(data, error);
	if (status)
		return status;
	status = run_data_load(&data->run, path, "", wanted, REPORT_FIGURES + MACHINE_FIGURES_WITHIN, error);
	if (status) {
		json_decref(data->manifest);
		return status;
	}
	status = choose_baseline(data, baseline, error);
	if (!status)
		status = compare(data, error);
	if (status)
		report_data_fini(data);
	return status;
}

void report_data_fini(struct report_data *data)
{
	comparisons_fini(&data->comparisons);
	run_data_fini(&data->run);
	json_decref(data->manifest);
	*data = (struct report_data){ 0 };
}
