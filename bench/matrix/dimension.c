/* SPDX-License-Identifier: MIT */
/* The table of dimensions, and for each how a text sets fields of a cell and back; see dimension.h. */
#include "bench/matrix/dimension.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "bench/cli/quantity.h"
#include "bench/miniport/loaded.h"
#include "impls/backends.h"

static int parse_count(const char *text, uint64_t least, uint64_t most, uint64_t *count, char *error, size_t error_bytes)
{
	uint64_t parsed;

	if (quantity_count(text, &parsed, error, error_bytes))
		return -EINVAL;
	if (parsed < least || parsed > most) {
		snprintf(error, error_bytes, "%s is out of range; use %" PRIu64 " to %" PRIu64, text, least, most);
		return -EINVAL;
	}
	*count = parsed;
	return 0;
}

/* The largest unit of which it is a whole number; "0" needs none. */
static void format_duration(uint64_t ns, char *text, size_t text_bytes)
{
	static const struct {
		const char *name;
		uint64_t ns;
	} units[] = { { "s", 1000000000 }, { "ms", 1000000 }, { "us", 1000 }, { "ns", 1 } };
	size_t u = 0;

	while (ns % units[u].ns)
		u++;
	snprintf(text, text_bytes, "%" PRIu64 "%s", ns / units[u].ns, ns ? units[u].name : "");
}

static void format_rate(uint64_t hz, char *text, size_t text_bytes)
{
	uint64_t scale = hz && hz % 1000000 == 0 ? 1000000 : hz && hz % 1000 == 0 ? 1000 : 1;

	snprintf(text, text_bytes, "%" PRIu64 "%s", hz / scale, scale == 1000000 ? "M" : scale == 1000 ? "k" : "");
}

static int set_backend(struct cell_spec *spec, const char *text, char *error, size_t error_bytes)
{
	if (!sync_backend_find(text)) {
		snprintf(error, error_bytes,
			 "there is no back end '%.40s'; `storsync list` names them, and all is every sound one", text);
		return -EINVAL;
	}
	snprintf(spec->backend, sizeof(spec->backend), "%s", text);
	return 0;
}

static void format_backend(const struct cell_spec *spec, char text[DIMENSION_TEXT_BYTES])
{
	snprintf(text, DIMENSION_TEXT_BYTES, "%s", spec->backend);
}

static int set_routing(struct cell_spec *spec, const char *text, char *error, size_t error_bytes)
{
	if (cell_routing_parse(text, &spec->routing) == 0)
		return 0;
	snprintf(error, error_bytes, "'%.40s' is none of same, other, spread", text);
	return -EINVAL;
}

static void format_routing(const struct cell_spec *spec, char text[DIMENSION_TEXT_BYTES])
{
	snprintf(text, DIMENSION_TEXT_BYTES, "%s", cell_routing_name(spec->routing));
}

static int set_delivery(struct cell_spec *spec, const char *text, char *error, size_t error_bytes)
{
	enum sync_delivery delivery = sync_delivery_find(text);

	if (!delivery) {
		snprintf(error, error_bytes, "'%.40s' is none of poll, signal, thread", text);
		return -EINVAL;
	}
	spec->delivery = delivery;
	return 0;
}

static void format_delivery(const struct cell_spec *spec, char text[DIMENSION_TEXT_BYTES])
{
	snprintf(text, DIMENSION_TEXT_BYTES, "%s", sync_delivery_name(spec->delivery));
}

static int second_of(const char *text, const char *first, const char *second, bool *is_second, char *error, size_t error_bytes)
{
	if (strcmp(text, first) && strcmp(text, second)) {
		snprintf(error, error_bytes, "'%.40s' is neither %s nor %s", text, first, second);
		return -EINVAL;
	}
	*is_second = strcmp(text, second) == 0;
	return 0;
}

static int set_completion(struct cell_spec *spec, const char *text, char *error, size_t error_bytes)
{
	return second_of(text, "isr", "dpc", &spec->completion_dpc, error, error_bytes);
}

static void format_completion(const struct cell_spec *spec, char text[DIMENSION_TEXT_BYTES])
{
	strcpy(text, spec->completion_dpc ? "dpc" : "isr");
}

static int set_duplex(struct cell_spec *spec, const char *text, char *error, size_t error_bytes)
{
	return second_of(text, "full", "half", &spec->half_duplex, error, error_bytes);
}

static void format_duplex(const struct cell_spec *spec, char text[DIMENSION_TEXT_BYTES])
{
	strcpy(text, spec->half_duplex ? "half" : "full");
}

#define COUNT(field, least, most)                                                                                   \
	static int set_##field(struct cell_spec *spec, const char *text, char *error, size_t error_bytes)           \
	{                                                                                                           \
		return parse_count(text, least, most, &spec->field, error, error_bytes);                            \
	}                                                                                                           \
	static void format_##field(const struct cell_spec *spec, char text[DIMENSION_TEXT_BYTES])                   \
	{                                                                                                           \
		snprintf(text, DIMENSION_TEXT_BYTES, "%" PRIu64, spec->field);                                      \
	}

#define DURATION(field)                                                                                             \
	static int set_##field(struct cell_spec *spec, const char *text, char *error, size_t error_bytes)           \
	{                                                                                                           \
		return quantity_duration(text, &spec->field, error, error_bytes);                                   \
	}                                                                                                           \
	static void format_##field(const struct cell_spec *spec, char text[DIMENSION_TEXT_BYTES])                   \
	{                                                                                                           \
		format_duration(spec->field, text, DIMENSION_TEXT_BYTES);                                           \
	}

COUNT(cpus, 1, CELL_CPUS_MAX)
COUNT(channels, 0, CELL_CPUS_MAX)
COUNT(queue_depth, 1, 256)
COUNT(queues, 1, DEVICE_QUEUES_MAX)
COUNT(vectors, 0, DEVICE_MESSAGES_MAX)
COUNT(coalesce_count, 0, CELL_COALESCE_COUNT_MAX)
DURATION(section_ns)
DURATION(think_ns)

static int set_coalesce_time(struct cell_spec *spec, const char *text, char *error, size_t error_bytes)
{
	uint64_t ns;

	if (quantity_duration(text, &ns, error, error_bytes))
		return -EINVAL;
	if (ns > CELL_COALESCE_NS_MAX) {
		snprintf(error, error_bytes, "%s is out of range; use 0 to 1s", text);
		return -EINVAL;
	}
	spec->coalesce_ns = ns;
	return 0;
}

static void format_coalesce_time(const struct cell_spec *spec, char text[DIMENSION_TEXT_BYTES])
{
	format_duration(spec->coalesce_ns, text, DIMENSION_TEXT_BYTES);
}

static int set_device(struct cell_spec *spec, const char *text, char *error, size_t error_bytes)
{
	if (!device_model_find(text)) {
		snprintf(error, error_bytes, "there is no device '%.40s'; `storsync list` names them", text);
		return -EINVAL;
	}
	snprintf(spec->device, sizeof(spec->device), "%s", text);
	return 0;
}

static void format_device(const struct cell_spec *spec, char text[DIMENSION_TEXT_BYTES])
{
	snprintf(text, DIMENSION_TEXT_BYTES, "%s", spec->device);
}

static int set_transport(struct cell_spec *spec, const char *text, char *error, size_t error_bytes)
{
	if (device_transport_find(text, &spec->transport) == 0)
		return 0;
	snprintf(error, error_bytes, "'%.40s' is none of legacy, modern, transitional", text);
	return -EINVAL;
}

static void format_transport(const struct cell_spec *spec, char text[DIMENSION_TEXT_BYTES])
{
	snprintf(text, DIMENSION_TEXT_BYTES, "%s", device_transport_name(spec->transport));
}

static int set_messages(struct cell_spec *spec, const char *text, char *error, size_t error_bytes)
{
	return second_of(text, "all", "each", &spec->message_locks, error, error_bytes);
}

static void format_messages(const struct cell_spec *spec, char text[DIMENSION_TEXT_BYTES])
{
	strcpy(text, spec->message_locks ? "each" : "all");
}

static int set_perf_opts(struct cell_spec *spec, const char *text, char *error, size_t error_bytes)
{
	return second_of(text, "none", "dpc-redirection", &spec->dpc_redirection, error, error_bytes);
}

static void format_perf_opts(const struct cell_spec *spec, char text[DIMENSION_TEXT_BYTES])
{
	strcpy(text, spec->dpc_redirection ? "dpc-redirection" : "none");
}

static bool same_service_time(const char *text, const struct service_time *time)
{
	struct service_time other;
	char error[256];

	return cell_service_time_parse(text, &other, error, sizeof(error)) == 0 && other.kind == time->kind &&
	       other.first == time->first && other.second == time->second && other.rare == time->rare;
}

static void format_bimodal(const struct service_time *time, char *text, size_t text_bytes)
{
	char first[24], second[24], share[24], *end;

	format_duration(time->first, first, sizeof(first));
	format_duration(time->second, second, sizeof(second));
	snprintf(share, sizeof(share), "%.10f", 100 * time->rare);
	end = share + strlen(share);
	while (end[-1] == '0')
		end--;
	*(end[-1] == '.' ? end - 1 : end) = '\0';
	snprintf(text, text_bytes, "bimodal:%s/%s/%s%%", first, second, share);
}

/* The cell keeps it as text: in the form that all of its meaning share, so that they are one cell. */
static int set_service_time(struct cell_spec *spec, const char *text, char *error, size_t error_bytes)
{
	struct service_time time;
	char shared[DIMENSION_TEXT_BYTES] = "exp:";

	if (cell_service_time_parse(text, &time, error, error_bytes))
		return -EINVAL;
	if (time.kind == SERVICE_BIMODAL)
		format_bimodal(&time, shared, sizeof(shared));
	else
		format_duration(time.first, shared + (time.kind == SERVICE_EXPONENTIAL ? 4 : 0), sizeof(shared) - 4);
	/* A share of more digits than the shared form has stays as it was written. */
	if (strlen(shared) < sizeof(spec->service_time) && same_service_time(shared, &time))
		text = shared;
	if (strlen(text) >= sizeof(spec->service_time)) {
		snprintf(error, error_bytes, "'%.60s' is too long; use less than %zu characters", text, sizeof(spec->service_time));
		return -EINVAL;
	}
	memcpy(spec->service_time, text, strlen(text) + 1);
	return 0;
}

static void format_service_time(const struct cell_spec *spec, char text[DIMENSION_TEXT_BYTES])
{
	snprintf(text, DIMENSION_TEXT_BYTES, "%s", spec->service_time);
}

static int set_io_size(struct cell_spec *spec, const char *text, char *error, size_t error_bytes)
{
	uint64_t bytes;

	if (quantity_bytes(text, &bytes, error, error_bytes))
		return -EINVAL;
	if (!bytes || bytes % BLOCK_STAMP_BLOCK_BYTES || bytes > 1u << 20) {
		snprintf(error, error_bytes, "%s is not a multiple of 512 bytes up to 1MiB", text);
		return -EINVAL;
	}
	spec->io_bytes = bytes;
	return 0;
}

static void format_io_size(const struct cell_spec *spec, char text[DIMENSION_TEXT_BYTES])
{
	uint64_t scale = spec->io_bytes % (1u << 20) == 0 ? 1u << 20 : spec->io_bytes % (1u << 10) == 0 ? 1u << 10 : 1;

	snprintf(text, DIMENSION_TEXT_BYTES, "%" PRIu64 "%s", spec->io_bytes / scale, scale == 1 ? "" : scale == 1024 ? "k" : "M");
}

static int set_arrival(struct cell_spec *spec, const char *text, char *error, size_t error_bytes)
{
	return cell_arrival_parse(text, spec, error, error_bytes);
}

static void format_arrival(const struct cell_spec *spec, char text[DIMENSION_TEXT_BYTES])
{
	char rate[24];

	format_rate(spec->arrival_hz, rate, sizeof(rate));
	snprintf(text, DIMENSION_TEXT_BYTES, "%s%s%s", cell_arrival_name(spec->arrival), spec->arrival == ARRIVAL_CLOSED ? "" : ":",
		 spec->arrival == ARRIVAL_CLOSED ? "" : rate);
}

static int set_inject(struct cell_spec *spec, const char *text, char *error, size_t error_bytes)
{
	return cell_inject_parse(text, spec, error, error_bytes);
}

static void format_inject(const struct cell_spec *spec, char text[DIMENSION_TEXT_BYTES])
{
	if (spec->inject)
		format_duration(spec->inject_ns, text, DIMENSION_TEXT_BYTES);
	else
		strcpy(text, "off");
}

static int set_bystander(struct cell_spec *spec, const char *text, char *error, size_t error_bytes)
{
	return cell_bystander_parse(text, &spec->bystander_hz, error, error_bytes);
}

static void format_bystander(const struct cell_spec *spec, char text[DIMENSION_TEXT_BYTES])
{
	format_rate(spec->bystander_hz, text, DIMENSION_TEXT_BYTES);
}

static int set_preempt(struct cell_spec *spec, const char *text, char *error, size_t error_bytes)
{
	return cell_preempt_parse(text, &spec->preempt_hz, &spec->preempt_ns, error, error_bytes);
}

static void format_preempt(const struct cell_spec *spec, char text[DIMENSION_TEXT_BYTES])
{
	char rate[24], time[24];

	format_rate(spec->preempt_hz, rate, sizeof(rate));
	format_duration(spec->preempt_ns, time, sizeof(time));
	snprintf(text, DIMENSION_TEXT_BYTES, "%s%s%s", rate, spec->preempt_hz ? "/" : "", spec->preempt_hz ? time : "");
}

static int set_miniport(struct cell_spec *spec, const char *text, char *error, size_t error_bytes)
{
	json_t *json;

	spec->miniport[0] = '\0';
	if (strcmp(text, MINIPORT_BUILT_IN) == 0)
		return 0;
	if (miniport_examine(text, spec->miniport, sizeof(spec->miniport), error, error_bytes))
		return -EINVAL;
	/* It becomes part of JSON and of rows. */
	json = json_string(spec->miniport);
	if (!json)
		snprintf(error, error_bytes, "'%.300s': the file's path is not UTF-8; give it another one", text);
	json_decref(json);
	return json ? 0 : -EINVAL;
}

static void format_miniport(const struct cell_spec *spec, char text[DIMENSION_TEXT_BYTES])
{
	snprintf(text, DIMENSION_TEXT_BYTES, "%s", spec->miniport[0] ? spec->miniport : MINIPORT_BUILT_IN);
}

const struct dimension dimensions[DIMENSIONS] = {
	[DIMENSION_BACKENDS] = {
		.name = "backends", .option = 'b', .argument = "LIST|all", .standard = "all",
		.help = "back ends (default: all, every sound one; all-peers, other projects' locks; see `storsync list`)",
		.set = set_backend, .format = format_backend,
	},
	[DIMENSION_CPUS] = {
		.name = "cpus", .option = 'c', .argument = "LIST", .standard = "1,2", .has_ranges = true,
		.help = "simulated CPUs, such as 1,2 (the default) or 1-4",
		.set = set_cpus, .format = format_cpus,
	},
	[DIMENSION_ROUTING] = {
		.name = "routing", .option = 'r', .argument = "LIST", .standard = "same,other",
		.help = "where the vector points relative to the submitter: same, other, spread (default: same,other)",
		.set = set_routing, .format = format_routing,
	},
	[DIMENSION_DELIVERY] = {
		.name = "delivery", .argument = "LIST", .standard = "poll",
		.help = "how interrupts are delivered: poll, signal, thread (default: poll)",
		.set = set_delivery, .format = format_delivery,
	},
	[DIMENSION_SECTION] = {
		.name = "section", .option = 's', .argument = "LIST", .standard = "0",
		.help = "work added to the synchronized routine, such as 50ns,1us (default: 0)",
		.set = set_section_ns, .format = format_section_ns,
	},
	[DIMENSION_COMPLETION] = {
		.name = "completion", .argument = "LIST", .standard = "isr",
		.help = "who reports completions: isr, dpc (default: isr)",
		.set = set_completion, .format = format_completion,
	},
	[DIMENSION_DUPLEX] = {
		.name = "duplex", .argument = "LIST", .standard = "full",
		.help = "full or half (default: full)",
		.set = set_duplex, .format = format_duplex,
	},
	[DIMENSION_CHANNELS] = {
		.name = "channels", .argument = "LIST", .standard = "0", .has_ranges = true,
		.help = "StartIo calls at a time: 1 takes the StartIo lock; default 0, as many as CPUs",
		.set = set_channels, .format = format_channels,
	},
	[DIMENSION_QUEUE_DEPTH] = {
		.name = "queue-depth", .option = 'q', .argument = "LIST", .standard = "8", .has_ranges = true, .is_load = true,
		.help = "I/Os in flight on each CPU (default: 8)",
		.set = set_queue_depth, .format = format_queue_depth,
	},
	[DIMENSION_SERVICE_TIME] = {
		.name = "service-time", .option = 'S', .argument = "LIST", .standard = "5us", .is_load = true,
		.help = "of the device: 5us (the default), exp:20us or bimodal:5us/200us/1%",
		.set = set_service_time, .format = format_service_time,
	},
	[DIMENSION_THINK] = {
		.name = "think", .argument = "LIST", .standard = "0", .is_load = true,
		.help = "work between two submissions (default: 0)",
		.set = set_think_ns, .format = format_think_ns,
	},
	[DIMENSION_IO_SIZE] = {
		.name = "io-size", .argument = "LIST", .standard = "4k", .is_load = true,
		.help = "bytes of an I/O, a multiple of 512 (default: 4k)",
		.set = set_io_size, .format = format_io_size,
	},
	[DIMENSION_ARRIVAL] = {
		.name = "arrival", .argument = "LIST", .standard = "closed", .is_load = true,
		.help = "when I/Os are submitted: closed, one when one is back (the default); periodic:50k or poisson:50k, so many "
			"a second and CPU, whether or not any is back",
		.set = set_arrival, .format = format_arrival,
	},
	[DIMENSION_INJECT] = {
		.name = "inject", .argument = "LIST", .standard = "off", .is_load = true,
		.help = "add a known delay to every synchronized routine, for checking comparisons: off (the default), 0, 20ns",
		.set = set_inject, .format = format_inject,
	},
	[DIMENSION_BYSTANDER] = {
		.name = "bystander", .argument = "LIST", .standard = "0", .is_load = true,
		.help = "unrelated interrupts on each CPU, so many a second above the HBA's level and as many below, such as 2k "
			"(default: 0)",
		.set = set_bystander, .format = format_bystander,
	},
	[DIMENSION_PREEMPT] = {
		.name = "preempt", .argument = "LIST", .standard = "0", .is_load = true,
		.help = "take the CPU from the section's holder: times a second and CPU, and for how long, such as 1k/50us "
			"(default: 0)",
		.set = set_preempt, .format = format_preempt,
	},
	[DIMENSION_MINIPORT] = {
		.name = "miniport", .argument = "LIST", .standard = MINIPORT_BUILT_IN,
		.help = "the drivers measured: files that `storsync miniport build` made, and built-in (the default)",
		.set = set_miniport, .format = format_miniport,
	},
	[DIMENSION_DEVICE] = {
		.name = "device", .argument = "LIST", .standard = CELL_DEVICE,
		.help = "device models: virtio-scsi (the default), virtio-blk; see `storsync list`",
		.set = set_device, .format = format_device,
	},
	[DIMENSION_TRANSPORT] = {
		.name = "transport", .argument = "LIST", .standard = "legacy",
		.help = "the device's registers: legacy (the default), modern, transitional",
		.set = set_transport, .format = format_transport,
	},
	[DIMENSION_QUEUES] = {
		.name = "queues", .argument = "LIST", .standard = "1", .has_ranges = true,
		.help = "request queues of the device; a CPU uses that of its number (default: 1)",
		.set = set_queues, .format = format_queues,
	},
	[DIMENSION_VECTORS] = {
		.name = "vectors", .argument = "LIST", .standard = "0", .has_ranges = true,
		.help = "messages (MSI-X) for the request queues, and one for the configuration; default 0, a shared line (INTx)",
		.set = set_vectors, .format = format_vectors,
	},
	[DIMENSION_MESSAGES] = {
		.name = "messages", .argument = "LIST", .standard = "all",
		.help = "with messages: one interrupt lock for all (the default), or one for each",
		.set = set_messages, .format = format_messages,
	},
	[DIMENSION_COALESCE_COUNT] = {
		.name = "coalesce-count", .argument = "LIST", .standard = "1", .has_ranges = true,
		.help = "interrupt when so many completions wait (default: 1, for each; 0, however many)",
		.set = set_coalesce_count, .format = format_coalesce_count,
	},
	[DIMENSION_COALESCE_TIME] = {
		.name = "coalesce-time", .argument = "LIST", .standard = "0",
		.help = "or when the first of them has waited so long, such as 20us (default: 0, none waits)",
		.set = set_coalesce_time, .format = format_coalesce_time,
	},
	[DIMENSION_PERF_OPTS] = {
		.name = "perf-opts", .argument = "LIST", .standard = "none",
		.help = "what the miniport asks StorPortInitializePerfOpts for beside its channels: none (the default), dpc-redirection",
		.set = set_perf_opts, .format = format_perf_opts,
	},
};

const struct dimension *dimension_find(const char *name)
{
	for (size_t i = 0; i < DIMENSIONS; i++) {
		if (strcmp(dimensions[i].name, name) == 0)
			return &dimensions[i];
	}
	return NULL;
}
