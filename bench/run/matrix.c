/* SPDX-License-Identifier: MIT */
/*
 * The matrix; see matrix.h.
 *
 * The order is that of randomized complete blocks (R. A. Fisher, "The Design of
 * Experiments", 1935): every block invokes each cell once, in an order of its
 * own, so that a drift of the machine hits all back ends alike.
 */
#include "bench/run/matrix.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "bench/cli/usage.h"
#include "hba_sim/devices/service_time.h"
#include "impls/backends.h"

static int add_cell(struct matrix *matrix, const struct cell_spec *spec, unsigned usable_cores)
{
	struct matrix_cell *grown = realloc(matrix->cell, (matrix->cells + 1) * sizeof(*grown));

	if (!grown)
		return -ENOMEM;
	matrix->cell = grown;
	grown[matrix->cells].spec = *spec;
	cell_id(spec, grown[matrix->cells].id);
	grown[matrix->cells].refusal = cell_refusal(spec, usable_cores);
	matrix->cells++;
	return 0;
}

static uint64_t io_bytes(const char *text)
{
	char error[256];
	uint64_t bytes;

	if (quantity_bytes(text, &bytes, error, sizeof(error)))
		usage_error("--io-size: %s", error);
	if (!bytes || bytes % BLOCK_STAMP_BLOCK_BYTES || bytes > 1u << 20)
		usage_error("--io-size: %s is not a multiple of 512 bytes up to 1MiB", text);
	return bytes;
}

static bool second_of(const char *option, const char *text, const char *first, const char *second)
{
	if (strcmp(text, first) && strcmp(text, second))
		usage_error("--%s: '%s' is neither %s nor %s", option, text, first, second);
	return strcmp(text, second) == 0;
}

static void check_service_time(const char *text)
{
	struct service_time time;
	char error[256];

	if (cell_service_time_parse(text, &time, error, sizeof(error)))
		usage_error("--service-time: %s", error);
	if (strlen(text) >= sizeof(((struct cell_spec *)0)->service_time))
		usage_error("--service-time: '%s' is too long", text);
}

static void set_bystander(struct cell_spec *spec, const char *text)
{
	char error[256];

	if (cell_bystander_parse(text, &spec->bystander_hz, error, sizeof(error)))
		usage_error("--bystander: %s", error);
}

static void set_preempt(struct cell_spec *spec, const char *text)
{
	char error[256];

	if (cell_preempt_parse(text, &spec->preempt_hz, &spec->preempt_ns, error, sizeof(error)))
		usage_error("--preempt: %s", error);
}

static void check_ring(const struct cell_spec *spec)
{
	/* Three descriptors a request; beyond that the miniport would answer busy, which is another experiment. */
	if (spec->cpus * spec->queue_depth * 3 > VIRTIO_SCSI_QUEUE_SIZE)
		usage_error("%" PRIu64 " CPUs with --queue-depth %" PRIu64 " need more than the virtqueue's %d descriptors; use %" PRIu64
			    " at most", spec->cpus, spec->queue_depth, VIRTIO_SCSI_QUEUE_SIZE,
			    VIRTIO_SCSI_QUEUE_SIZE / 3 / spec->cpus);
}

/* The dimensions, outermost first; each loop fixes one field. */
#define FOR_LIST(list, at) for (size_t at = 0; at < options->list.count; at++)
#define FOR_COUNTS(values, at) for (size_t at = 0; at < options->values##_count; at++)

static int expand_load(struct matrix *matrix, const struct run_options *options, struct cell_spec *spec, unsigned usable_cores)
{
	int err = 0;

	FOR_COUNTS(depths, q) {
		spec->queue_depth = options->depths[q];
		check_ring(spec);
		FOR_LIST(service_times, t) {
			check_service_time(options->service_times.items[t]);
			snprintf(spec->service_time, sizeof(spec->service_time), "%s", options->service_times.items[t]);
			FOR_LIST(io_sizes, i) {
				spec->io_bytes = io_bytes(options->io_sizes.items[i]);
				FOR_LIST(thinks, w) {
					spec->think_ns = usage_duration("think", options->thinks.items[w]);
					if (!err)
						err = add_cell(matrix, spec, usable_cores);
				}
			}
		}
	}
	return err;
}

static int expand_machine(struct matrix *matrix, const struct run_options *options, struct cell_spec *spec,
			  unsigned usable_cores)
{
	int err = 0;

	FOR_COUNTS(cpus, c) {
		spec->cpus = options->cpus[c];
		FOR_LIST(routings, r) {
			if (cell_routing_parse(options->routings.items[r], &spec->routing))
				usage_error("--routing: '%s' is none of same, other, spread", options->routings.items[r]);
			FOR_LIST(duplexes, d) {
				spec->half_duplex = second_of("duplex", options->duplexes.items[d], "full", "half");
				FOR_LIST(completions, m) {
					spec->completion_dpc = second_of("completion", options->completions.items[m], "isr", "dpc");
					FOR_COUNTS(channels, n) {
						spec->channels = options->channels[n];
						if (!err)
							err = expand_load(matrix, options, spec, usable_cores);
					}
				}
			}
		}
	}
	return err;
}

/* What goes on beside the load. */
static int expand_disturbances(struct matrix *matrix, const struct run_options *options, struct cell_spec *spec,
			       unsigned usable_cores)
{
	int err = 0;

	FOR_LIST(deliveries, d) {
		spec->delivery = sync_delivery_find(options->deliveries.items[d]);
		if (!spec->delivery)
			usage_error("--delivery: '%s' is none of poll, signal, thread", options->deliveries.items[d]);
		FOR_LIST(bystanders, b) {
			set_bystander(spec, options->bystanders.items[b]);
			FOR_LIST(preemptions, p) {
				set_preempt(spec, options->preemptions.items[p]);
				if (!err)
					err = expand_machine(matrix, options, spec, usable_cores);
			}
		}
	}
	return err;
}

static int expand_backend(struct matrix *matrix, const struct run_options *options, const char *backend, unsigned usable_cores)
{
	struct cell_spec spec = {
		.data = options->copy_data ? LUN_DATA_COPY : LUN_DATA_STAMP,
		.trace_speed = options->trace_speed,
		.duration_ns = options->duration_ns,
		.warmup_ns = options->warmup_ns,
		.oversubscribe = options->oversubscribe,
		.histogram_digits = options->histogram_digits,
	};
	int err = 0;

	snprintf(spec.backend, sizeof(spec.backend), "%s", backend);
	if (options->trace && strlen(options->trace) >= sizeof(spec.trace))
		usage_error("--trace: the path is too long");
	if (options->trace) {
		strcpy(spec.trace, options->trace);
		spec.duration_ns = spec.warmup_ns = 0;
	}
	FOR_LIST(sections, s) {
		spec.section_ns = usage_duration("section", options->sections.items[s]);
		if (!err)
			err = expand_disturbances(matrix, options, &spec, usable_cores);
	}
	return err;
}

static int expand(struct matrix *matrix, const struct run_options *options, unsigned usable_cores)
{
	int err = 0;

	FOR_LIST(backends, b) {
		const char *name = options->backends.items[b];
		bool known = false;

		for (size_t i = 0; i < sync_backend_count && !err; i++) {
			const struct sync_backend *backend = sync_backends[i];

			if (!sync_backend_is_meant(backend, name))
				continue;
			known = true;
			err = expand_backend(matrix, options, backend->name, usable_cores);
		}
		if (!known && !err)
			usage_error("--backends: there is no back end '%s'; `storsync list` names them, and all is every sound one", name);
	}
	return err;
}

/* Fisher and Yates' shuffle of one block. */
static void shuffle(struct matrix_invocation *block, size_t n, uint64_t *rng)
{
	for (size_t i = n; i > 1; i--) {
		size_t j = splitmix64(rng) % i;
		struct matrix_invocation swap = block[i - 1];

		block[i - 1] = block[j];
		block[j] = swap;
	}
}

static int order(struct matrix *matrix, const struct run_options *options)
{
	uint64_t rng = options->seed;
	size_t runnable = 0;

	for (size_t c = 0; c < matrix->cells; c++)
		runnable += !matrix->cell[c].refusal;
	matrix->invocation = calloc(runnable * options->invocations + 1, sizeof(*matrix->invocation));
	if (!matrix->invocation)
		return -ENOMEM;
	for (uint64_t block = 0; block < options->invocations; block++) {
		struct matrix_invocation *first = &matrix->invocation[matrix->invocations];
		/* Every cell of a block gets the same seed: they differ in what is compared and in nothing else. */
		uint64_t seed = splitmix64(&rng) >> 32;

		for (size_t c = 0; c < matrix->cells; c++) {
			if (!matrix->cell[c].refusal)
				matrix->invocation[matrix->invocations++] =
					(struct matrix_invocation){ .cell = c, .invocation = block + 1, .seed = seed };
		}
		shuffle(first, runnable, &rng);
	}
	return 0;
}

int matrix_init(struct matrix *matrix, const struct run_options *options, unsigned usable_cores)
{
	int err;

	*matrix = (struct matrix){ 0 };
	err = expand(matrix, options, usable_cores);
	if (!err)
		err = order(matrix, options);
	if (err)
		matrix_fini(matrix);
	return err;
}

void matrix_fini(struct matrix *matrix)
{
	free(matrix->cell);
	free(matrix->invocation);
	*matrix = (struct matrix){ 0 };
}
