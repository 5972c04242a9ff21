/* SPDX-License-Identifier: MIT */
/* The machine before and after a run; see run_environment.h. */
#include "bench/run/run_environment.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "bench/environment/environment.h"
#include "bench/environment/machine.h"
#include "bench/instruments/placement.h"

struct machine_view {
	hwloc_topology_t topology;
	hwloc_bitmap_t affinity;
};

static int open_view(struct machine_view *view)
{
	int err = placement_load_topology(&view->topology);

	if (err)
		return err;
	err = placement_load_affinity(view->topology, &view->affinity);
	if (err)
		hwloc_topology_destroy(view->topology);
	return err;
}

static void close_view(struct machine_view *view)
{
	hwloc_bitmap_free(view->affinity);
	hwloc_topology_destroy(view->topology);
}

/* As a cell of so many CPUs places them. */
static int place(const struct machine_view *view, uint64_t cpus, struct placement *placement)
{
	char error[256];

	return placement_choose(view->topology, view->affinity, (unsigned)cpus, true, placement, error, sizeof(error));
}

static int add_findings(json_t *rows, const struct environment_findings *findings, const struct run_identity *identity, const char *phase)
{
	struct csv_writer writer;
	char *text = NULL;
	int err = csv_open_memory(&writer, &schema_env);
	int close_err;

	if (err)
		return err;
	err = environment_append_csv(&writer, findings, identity->run_id, phase, identity->host_id);
	close_err = csv_close_memory(&writer, &text);
	err = err ? err : close_err;
	if (!err)
		err = rows_add_text(rows, &schema_env, text);
	free(text);
	return err;
}

int run_environment_add(json_t *rows, const struct matrix *matrix, const struct run_identity *identity, const char *phase)
{
	struct environment_findings findings;
	struct environment environment;
	struct placement placement;
	struct machine_view view;
	int err = open_view(&view);

	if (err)
		return err;
	err = place(&view, matrix_cores(matrix), &placement);
	if (!err) {
		environment_init(&environment, view.topology);
		err = environment_glance(&environment, &placement, &findings);
	}
	if (!err) {
		err = add_findings(rows, &findings, identity, phase);
		environment_findings_fini(&findings);
	}
	close_view(&view);
	return err;
}

json_t *run_environment_core_to_core(const struct matrix *matrix)
{
	json_t *latencies = json_object();
	struct machine_view view;

	if (open_view(&view))
		return latencies;
	for (size_t c = 0; c < matrix->cells; c++) {
		uint64_t cpus = matrix->cell[c].spec.cpus;
		struct placement placement;
		char key[24];
		uint64_t ns;

		snprintf(key, sizeof(key), "%" PRIu64, cpus);
		if (matrix->cell[c].refusal || cpus < 2 || json_object_get(latencies, key))
			continue;
		if (place(&view, cpus, &placement) == 0 && core_to_core_furthest(view.topology, &placement, &ns) == 0)
			json_object_set_new(latencies, key, json_integer((json_int_t)ns));
	}
	close_view(&view);
	return latencies;
}

json_t *run_environment_machine(void)
{
	struct environment environment;
	struct machine_view view;
	json_t *machine;

	if (open_view(&view))
		return json_null();
	environment_init(&environment, view.topology);
	machine = environment_machine(&environment, view.affinity);
	close_view(&view);
	return machine;
}
