/* SPDX-License-Identifier: MIT */
/* Cells as values; see spec.h. */
#include "bench/cell/spec.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "bench/cli/quantity.h"
#include "bench/miniport/loaded.h"
#include "impls/backends.h"

static const char *const routing_names[] = {
	[IRQ_ROUTING_SAME] = "same",
	[IRQ_ROUTING_OTHER] = "other",
	[IRQ_ROUTING_SPREAD] = "spread",
};

const char *cell_routing_name(enum irq_routing routing)
{
	return routing_names[routing];
}

int cell_routing_parse(const char *name, enum irq_routing *routing)
{
	for (unsigned i = 0; i < sizeof(routing_names) / sizeof(routing_names[0]); i++) {
		if (strcmp(routing_names[i], name) == 0) {
			*routing = (enum irq_routing)i;
			return 0;
		}
	}
	return -EINVAL;
}

static const char *const arrival_names[] = {
	[ARRIVAL_CLOSED] = "closed",
	[ARRIVAL_PERIODIC] = "periodic",
	[ARRIVAL_POISSON] = "poisson",
};

const char *cell_arrival_name(enum cell_arrival arrival)
{
	return arrival_names[arrival];
}

int cell_arrival_parse(const char *text, struct cell_spec *spec, char *error, size_t error_bytes)
{
	const char *colon = strchr(text, ':');
	enum cell_arrival arrival = strncmp(text, "poisson:", 8) ? ARRIVAL_PERIODIC : ARRIVAL_POISSON;
	uint64_t hz;

	if (strcmp(text, "closed") == 0) {
		spec->arrival = ARRIVAL_CLOSED;
		spec->arrival_hz = 0;
		return 0;
	}
	if (!colon || (arrival == ARRIVAL_PERIODIC && strncmp(text, "periodic:", 9))) {
		snprintf(error, error_bytes, "'%.40s' is neither closed nor periodic:RATE nor poisson:RATE, such as poisson:50k", text);
		return -EINVAL;
	}
	if (quantity_rate(colon + 1, &hz, error, error_bytes))
		return -EINVAL;
	if (!hz || hz > CELL_ARRIVAL_HZ_MAX) {
		snprintf(error, error_bytes, "%s is out of range; use 1 to 100M", colon + 1);
		return -EINVAL;
	}
	spec->arrival = arrival;
	spec->arrival_hz = hz;
	return 0;
}

int cell_inject_parse(const char *text, struct cell_spec *spec, char *error, size_t error_bytes)
{
	uint64_t ns = 0;

	if (strcmp(text, "off") && quantity_duration(text, &ns, error, error_bytes))
		return -EINVAL;
	if (ns > CELL_INJECT_NS_MAX) {
		snprintf(error, error_bytes, "%s is out of range; use 0 to 1ms, or off", text);
		return -EINVAL;
	}
	spec->inject = strcmp(text, "off") != 0;
	spec->inject_ns = ns;
	return 0;
}

int cell_bystander_parse(const char *text, uint64_t *hz, char *error, size_t error_bytes)
{
	uint64_t parsed;

	if (quantity_rate(text, &parsed, error, error_bytes))
		return -EINVAL;
	if (parsed > CELL_BYSTANDER_HZ_MAX) {
		snprintf(error, error_bytes, "%s is out of range; use 0 to 1M", text);
		return -EINVAL;
	}
	*hz = parsed;
	return 0;
}

/* Whether so many times so long leave some of a second. */
static bool leaves_time(uint64_t hz, uint64_t ns)
{
	return (unsigned __int128)hz * ns < 1000000000u;
}

int cell_preempt_parse(const char *text, uint64_t *hz, uint64_t *ns, char *error, size_t error_bytes)
{
	const char *slash = strchr(text, '/');
	uint64_t parsed_hz, parsed_ns;
	char rate[32];

	if (strcmp(text, "0") == 0) {
		*hz = *ns = 0;
		return 0;
	}
	if (!slash || (size_t)(slash - text) >= sizeof(rate)) {
		snprintf(error, error_bytes, "'%.40s' is not rate/time, such as 1k/50us, nor 0", text);
		return -EINVAL;
	}
	snprintf(rate, sizeof(rate), "%.*s", (int)(slash - text), text);
	if (quantity_rate(rate, &parsed_hz, error, error_bytes) || quantity_duration(slash + 1, &parsed_ns, error, error_bytes))
		return -EINVAL;
	if (!parsed_hz || !parsed_ns || !leaves_time(parsed_hz, parsed_ns)) {
		snprintf(error, error_bytes, "'%s' %s", text, parsed_hz && parsed_ns ? "leaves a CPU no time of its own" :
			 "is never, or for no time; write 0 to leave it off");
		return -EINVAL;
	}
	*hz = parsed_hz;
	*ns = parsed_ns;
	return 0;
}

static int parse_bimodal(const char *text, struct service_time *time, char *error, size_t error_bytes)
{
	char common[24], rare[24], share[24];
	int end = 0;

	if (sscanf(text, "%23[^/]/%23[^/]/%23[^/]%n", common, rare, share, &end) != 3 || text[end]) {
		snprintf(error, error_bytes, "'bimodal:%s' is not common/rare/share, such as bimodal:5us/200us/1%%", text);
		return -EINVAL;
	}
	time->kind = SERVICE_BIMODAL;
	if (quantity_duration(common, &time->first, error, error_bytes) ||
	    quantity_duration(rare, &time->second, error, error_bytes) ||
	    quantity_percentage(share, &time->rare, error, error_bytes))
		return -EINVAL;
	return 0;
}

int cell_service_time_parse(const char *text, struct service_time *time, char *error, size_t error_bytes)
{
	*time = (struct service_time){ .kind = SERVICE_FIXED };
	if (strncmp(text, "bimodal:", 8) == 0)
		return parse_bimodal(text + 8, time, error, error_bytes);
	if (strncmp(text, "exp:", 4) == 0) {
		time->kind = SERVICE_EXPONENTIAL;
		text += 4;
	}
	return quantity_duration(text, &time->first, error, error_bytes);
}

/* Of the device only what is not as in a cell that says nothing of it. */
static void name_device(const struct cell_spec *spec, char *name, size_t name_bytes)
{
	char device[48] = "", transport[40] = "", queues[40] = "", vectors[64] = "", coalescing[96] = "";
	const char *perf_opts = spec->dpc_redirection ? "/perf_opts:dpc-redirection" : "";

	if (strcmp(spec->device, CELL_DEVICE) != 0)
		snprintf(device, sizeof(device), "/device:%s", spec->device);
	if (spec->transport != DEVICE_LEGACY)
		snprintf(transport, sizeof(transport), "/transport:%s", device_transport_name(spec->transport));
	if (spec->queues != 1)
		snprintf(queues, sizeof(queues), "/queues:%" PRIu64, spec->queues);
	if (spec->vectors)
		snprintf(vectors, sizeof(vectors), "/vectors:%" PRIu64 "/interrupt_mode:%s", spec->vectors, spec->message_locks ? "msi-each" : "msi-all");
	if (spec->coalesce_ns)
		snprintf(coalescing, sizeof(coalescing), "/coalesce_count:%" PRIu64 "/coalesce_ns:%" PRIu64, spec->coalesce_count,
			 spec->coalesce_ns);
	snprintf(name, name_bytes, "%s%s%s%s%s%s", device, transport, queues, vectors, coalescing, perf_opts);
}

/* Of what disturbs a run only what does: the names of quiet cells stay what they were. */
static void name_disturbances(const struct cell_spec *spec, char *name, size_t name_bytes)
{
	char delivery[24] = "", bystander[48] = "", preempt[80] = "", inject[48] = "", faults[FAULT_LIST_BYTES + 48] = "";

	if (spec->delivery != SYNC_POLL)
		snprintf(delivery, sizeof(delivery), "/delivery:%s", sync_delivery_name(spec->delivery));
	if (spec->bystander_hz)
		snprintf(bystander, sizeof(bystander), "/bystander_hz:%" PRIu64, spec->bystander_hz);
	if (spec->preempt_hz)
		snprintf(preempt, sizeof(preempt), "/preempt_hz:%" PRIu64 "/preempt_ns:%" PRIu64, spec->preempt_hz, spec->preempt_ns);
	if (spec->inject)
		snprintf(inject, sizeof(inject), "/inject_ns:%" PRIu64, spec->inject_ns);
	/* Of the keys of a path only the first ':' counts, and a rate's '/' would end it. */
	if (spec->faults[0]) {
		snprintf(faults, sizeof(faults), "/timeout_ms:%" PRIu64 "/faults:%s", spec->timeout_ms, spec->faults);
		for (char *slash = strchr(faults + 1, '/') + 1; (slash = strchr(slash, '/')) != NULL;)
			*slash = '_';
	}
	snprintf(name, name_bytes, "%s%s%s%s%s%s%s", delivery, bystander, preempt, inject, faults, spec->oversubscribe ? "/oversubscribe" : "",
		 spec->verify ? "/verify" : "");
}

void cell_benchmark_name(const struct cell_spec *spec, char *name, size_t name_bytes)
{
	const char *file = strrchr(spec->trace, '/');
	char workload[600] = "closed", miniport[160] = "", of_file[128];
	char disturbances[300 + FAULT_LIST_BYTES];
	char device[320];

	if (spec->arrival != ARRIVAL_CLOSED)
		snprintf(workload, sizeof(workload), "%s/arrival_hz:%" PRIu64, cell_arrival_name(spec->arrival), spec->arrival_hz);
	if (spec->trace[0])
		snprintf(workload, sizeof(workload), "trace/trace:%s/speed:%g", file ? file + 1 : spec->trace, spec->trace_speed);
	name_disturbances(spec, disturbances, sizeof(disturbances));
	if (spec->miniport[0]) {
		miniport_name(spec->miniport, of_file, sizeof(of_file));
		snprintf(miniport, sizeof(miniport), "/miniport:%s", of_file);
	}
	name_device(spec, device, sizeof(device));
	snprintf(name, name_bytes,
		 "backend:%s/cpus:%" PRIu64 "/routing:%s/duplex:%s/completion:%s/channels:%" PRIu64 "/depth:%" PRIu64
		 "/section_ns:%" PRIu64 "/think_ns:%" PRIu64 "/service:%s/io_bytes:%" PRIu64 "/data:%s/workload:%s%s%s%s",
		 spec->backend, spec->cpus, cell_routing_name(spec->routing), spec->half_duplex ? "half" : "full",
		 spec->completion_dpc ? "dpc" : "isr", spec->channels, spec->queue_depth, spec->section_ns, spec->think_ns,
		 spec->service_time, spec->io_bytes, spec->data == LUN_DATA_COPY ? "copy" : "stamp", workload,
		 device, disturbances, miniport);
}

/* FNV-1a (Fowler, Noll, Vo) over the name and what the name leaves out or shortens. */
void cell_id(const struct cell_spec *spec, char id[CELL_ID_BYTES])
{
	char name[2700];
	size_t used;
	uint64_t hash = 0xcbf29ce484222325u;

	cell_benchmark_name(spec, name, sizeof(name));
	used = strlen(name);
	snprintf(name + used, sizeof(name) - used, "/%" PRIu64 "/%" PRIu64 "/%" PRIu64 "/%s/%.17g", spec->duration_ns, spec->warmup_ns,
		 spec->warmup_max_ns, spec->trace, spec->trace_speed);
	used = strlen(name);
	if (spec->miniport[0])
		snprintf(name + used, sizeof(name) - used, "/%s/%s", spec->miniport, spec->miniport_argument);
	for (const char *c = name; *c; c++)
		hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
	snprintf(id, CELL_ID_BYTES, "%016" PRIx64, hash);
}

struct device_params cell_device_params(const struct cell_spec *spec)
{
	/* A device of today's offers all that drivers make use of; the legacy one is as plain as the oldest. */
	bool modern = spec->transport != DEVICE_LEGACY;

	return (struct device_params){
		.routing = spec->routing,
		.transport = spec->transport,
		.queues = (unsigned)spec->queues,
		.messages = (unsigned)spec->vectors,
		.event_index = modern,
		.indirect = modern,
		.coalesce_count = (unsigned)spec->coalesce_count,
		.coalesce_ticks = spec->coalesce_ns,
	};
}

/* What of the device makes no sense together, or in a machine of so many CPUs. */
static const char *device_refusal_of(const struct cell_spec *spec)
{
	const struct device_params params = cell_device_params(spec);

	if (device_refusal(&params))
		return device_refusal(&params);
	if (spec->queues > spec->cpus)
		return "a CPU's requests go to the queue of its number, so queues beyond the CPUs would stay empty; use fewer --queues";
	if (spec->channels && spec->channels < spec->queues)
		return "a request's queue is that of its channel, so queues beyond the channels would stay empty; use --channels 0";
	/* A driver of one's own may have other uses for them. */
	if (!spec->miniport[0] && spec->vectors > spec->queues + 1)
		return "a queue has one message and changes of configuration another, so further ones would never come; use fewer --vectors";
	if (spec->message_locks && !spec->vectors)
		return "a lock for each message needs messages; use --vectors 1 or more, or --messages all";
	return NULL;
}

static const char *faults_refusal(const struct cell_spec *spec)
{
	struct fault_plan plan;
	char error[256];

	if (!spec->faults[0])
		return NULL;
	if (fault_list_parse(spec->faults, &plan, error, sizeof(error)))
		return "its faults are none";
	if (strcmp(spec->device, "virtio-blk") == 0 && (fault_plan_has(&plan, FAULT_BUSY) || fault_plan_has(&plan, FAULT_FULL)))
		return "virtio-blk has no status for busy or full; use error, or --device " CELL_DEVICE;
	return NULL;
}

const char *cell_refusal(const struct cell_spec *spec, unsigned usable_cores)
{
	const struct sync_backend *backend = sync_backend_find(spec->backend);
	const char *reason = backend ? sync_backend_refusal(backend, (unsigned)spec->cpus, spec->delivery) : "no such back end";

	if (reason)
		return reason;
	if (spec->cpus == 1 && spec->routing != IRQ_ROUTING_SAME)
		return "with one CPU the vector can only point to the submitter; use --routing same or --cpus 2";
	if (spec->cpus > usable_cores && !spec->oversubscribe)
		return "more simulated CPUs than usable cores; use fewer, or --oversubscribe";
	if (spec->cpus > usable_cores && sync_backend_oversubscription_refusal(backend, spec->delivery))
		return sync_backend_oversubscription_refusal(backend, spec->delivery);
	if (spec->cpus > CELL_CPUS_MAX)
		return "the HBA model serves 64 CPUs at most";
	if (spec->vectors > 1 && !spec->message_locks && backend->capabilities & SYNC_ONE_VECTOR)
		return "the back end guards one vector, and several would share a lock; use --vectors 1 or --messages each";
	if (faults_refusal(spec))
		return faults_refusal(spec);
	return device_refusal_of(spec);
}

/* Each field once: the macro's user decides what to do with it. */
#define CELL_FIELDS(U64, BOOL, TEXT)        \
	TEXT(backend)                       \
	TEXT(device)                        \
	U64(transport)                      \
	U64(queues)                         \
	U64(vectors)                        \
	BOOL(message_locks)                 \
	U64(coalesce_count)                 \
	U64(coalesce_ns)                    \
	U64(delivery)                       \
	U64(cpus)                           \
	U64(routing)                        \
	BOOL(half_duplex)                   \
	BOOL(completion_dpc)                \
	U64(channels)                       \
	BOOL(dpc_redirection)               \
	U64(queue_depth)                    \
	U64(section_ns)                     \
	U64(think_ns)                       \
	TEXT(service_time)                  \
	U64(io_bytes)                       \
	U64(data)                           \
	TEXT(trace)                         \
	U64(arrival)                        \
	U64(arrival_hz)                     \
	BOOL(inject)                        \
	U64(inject_ns)                      \
	U64(duration_ns)                    \
	U64(warmup_ns)                      \
	U64(warmup_max_ns)                  \
	BOOL(oversubscribe)                 \
	BOOL(verify)                        \
	U64(bystander_hz)                   \
	U64(preempt_hz)                     \
	U64(preempt_ns)                     \
	TEXT(miniport)                      \
	TEXT(miniport_argument)             \
	U64(histogram_digits)               \
	TEXT(faults)                        \
	U64(timeout_ms)                     \
	U64(seed)

json_t *cell_spec_to_json(const struct cell_spec *spec)
{
	json_t *json = json_object();

#define PUT_U64(field) json_object_set_new(json, #field, json_integer((json_int_t)spec->field));
#define PUT_BOOL(field) json_object_set_new(json, #field, json_boolean(spec->field));
#define PUT_TEXT(field) json_object_set_new(json, #field, json_string(spec->field));
	CELL_FIELDS(PUT_U64, PUT_BOOL, PUT_TEXT)
	/* JSON has no infinity: null is "as fast as it goes". */
	json_object_set_new(json, "trace_speed", isinf(spec->trace_speed) ? json_null() : json_real(spec->trace_speed));
	return json;
}

int cell_spec_from_json(const json_t *json, struct cell_spec *spec)
{
	const json_t *value;

	memset(spec, 0, sizeof(*spec));
#define GET_U64(field)                                   \
	value = json_object_get(json, #field);           \
	if (!json_is_integer(value))                     \
		return -EINVAL;                          \
	spec->field = (__typeof__(spec->field))json_integer_value(value);
#define GET_BOOL(field)                                  \
	value = json_object_get(json, #field);           \
	if (!json_is_boolean(value))                     \
		return -EINVAL;                          \
	spec->field = json_is_true(value);
#define GET_TEXT(field)                                                                      \
	value = json_object_get(json, #field);                                               \
	if (!json_is_string(value) || json_string_length(value) >= sizeof(spec->field))      \
		return -EINVAL;                                                              \
	strcpy(spec->field, json_string_value(value));
	CELL_FIELDS(GET_U64, GET_BOOL, GET_TEXT)
	value = json_object_get(json, "trace_speed");
	spec->trace_speed = json_is_number(value) ? json_number_value(value) : INFINITY;
	if (spec->routing > IRQ_ROUTING_SPREAD || spec->data > LUN_DATA_COPY)
		return -EINVAL;
	if (spec->delivery != SYNC_POLL && spec->delivery != SYNC_SIGNAL && spec->delivery != SYNC_THREAD)
		return -EINVAL;
	if (spec->bystander_hz > CELL_BYSTANDER_HZ_MAX || (spec->preempt_hz && !leaves_time(spec->preempt_hz, spec->preempt_ns)))
		return -EINVAL;
	if (spec->arrival > ARRIVAL_POISSON || (spec->arrival == ARRIVAL_CLOSED) != (spec->arrival_hz == 0))
		return -EINVAL;
	if (spec->trace[0] && spec->arrival != ARRIVAL_CLOSED)
		return -EINVAL;
	if (spec->warmup_max_ns < spec->warmup_ns)
		return -EINVAL;
	if (spec->arrival_hz > CELL_ARRIVAL_HZ_MAX || spec->inject_ns > CELL_INJECT_NS_MAX)
		return -EINVAL;
	if (spec->timeout_ms > CELL_TIMEOUT_MS_MAX || (spec->timeout_ms && !spec->faults[0]))
		return -EINVAL;
	if (!device_model_find(spec->device) || spec->transport > DEVICE_TRANSITIONAL)
		return -EINVAL;
	if (!spec->queues || spec->queues > DEVICE_QUEUES_MAX || spec->vectors > DEVICE_MESSAGES_MAX ||
	    spec->coalesce_count > CELL_COALESCE_COUNT_MAX || spec->coalesce_ns > CELL_COALESCE_NS_MAX)
		return -EINVAL;
	/* What is divided by. */
	if (!spec->cpus || !spec->queue_depth || spec->io_bytes < BLOCK_STAMP_BLOCK_BYTES)
		return -EINVAL;
	return 0;
}
