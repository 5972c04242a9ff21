/* SPDX-License-Identifier: MIT */
/* Names of a run's own benchmark.json, which bench/cell/spec.c makes, taken apart; see google_benchmark.h. */
#include <string.h>

#include "bench/cell/spec.h"
#include "bench/run_data/google_benchmark.h"
#include "impls/backends.h"

/* What may be in a name, and the column that has the same text. */
static const struct {
	const char *name;
	enum run_key key;
} parts[] = {
	{ "backend", RUN_KEY_BACKEND }, { "cpus", RUN_KEY_CPUS }, { "routing", RUN_KEY_IRQ_ROUTING }, { "duplex", RUN_KEY_DUPLEX },
	{ "completion", RUN_KEY_COMPLETION }, { "channels", RUN_KEY_CHANNELS }, { "depth", RUN_KEY_QUEUE_DEPTH },
	{ "section_ns", RUN_KEY_SECTION_NS }, { "think_ns", RUN_KEY_THINK_NS }, { "service", RUN_KEY_SERVICE_TIME },
	{ "io_bytes", RUN_KEY_IO_BYTES }, { "data", RUN_KEY_DATA_MODE }, { "workload", RUN_KEY_ARRIVAL },
	/* Those below are there only where they are asked for. */
	{ "arrival_hz", RUN_KEY_ARRIVAL_RATE_HZ }, { "delivery", RUN_KEY_DELIVERY }, { "bystander_hz", RUN_KEY_IRQ_RATE_HZ },
	{ "preempt_hz", RUN_KEY_PREEMPT_RATE_HZ }, { "preempt_ns", RUN_KEY_PREEMPT_NS }, { "inject_ns", RUN_KEY_INJECT_NS },
	{ "miniport", RUN_KEY_MINIPORT },
	{ "device", RUN_KEY_DEVICE }, { "transport", RUN_KEY_TRANSPORT }, { "queues", RUN_KEY_QUEUES }, { "vectors", RUN_KEY_VECTORS },
	{ "interrupt_mode", RUN_KEY_INTERRUPT_MODE }, { "coalesce_count", RUN_KEY_COALESCE_COUNT }, { "coalesce_ns", RUN_KEY_COALESCE_NS },
	{ "faults", RUN_KEY_FAULTS }, { "timeout_ms", RUN_KEY_TIMEOUT_MS },
	{ "perf_opts", RUN_KEY_PERF_OPTS },
};
enum { PARTS = sizeof(parts) / sizeof(parts[0]), PARTS_ALWAYS = 13 };

/* What Google Benchmark appends. */
static bool is_appended(const char *part, size_t bytes)
{
	return (bytes == 11 && memcmp(part, "manual_time", 11) == 0) || (bytes > 11 && memcmp(part, "iterations:", 11) == 0);
}

static bool set_part(struct building *b, const char *part, size_t bytes, struct run_cell *cell)
{
	const char *colon = memchr(part, ':', bytes);
	size_t name_bytes = colon ? (size_t)(colon - part) : 0;

	for (size_t i = 0; colon && i < PARTS; i++) {
		if (strlen(parts[i].name) != name_bytes || memcmp(parts[i].name, part, name_bytes))
			continue;
		if (cell->key[parts[i].key])
			return false;
		cell->key[parts[i].key] = building_text(b, colon + 1, bytes - name_bytes - 1);
		return cell->key[parts[i].key] != NULL;
	}
	if (bytes == 13 && memcmp(part, "oversubscribe", 13) == 0) {
		cell->key[RUN_KEY_OVERSUBSCRIBED] = building_text(b, "1", 1);
		return cell->key[RUN_KEY_OVERSUBSCRIBED] != NULL;
	}
	return is_appended(part, bytes);
}

static void set_default(struct building *b, struct run_cell *cell, enum run_key key, const char *text)
{
	if (!cell->key[key])
		cell->key[key] = building_text(b, text, strlen(text));
}

/* What the name leaves out. */
static bool set_rest(struct building *b, struct run_cell *cell)
{
	bool is_closed = strcmp(cell->key[RUN_KEY_ARRIVAL], "closed") == 0;

	if (strcmp(cell->key[RUN_KEY_CHANNELS], "0") == 0)
		cell->key[RUN_KEY_CHANNELS] = cell->key[RUN_KEY_CPUS];
	set_default(b, cell, RUN_KEY_WORKLOAD, is_closed ? "closed-loop" : "open-loop");
	set_default(b, cell, RUN_KEY_DELIVERY, "poll");
	set_default(b, cell, RUN_KEY_IRQ_RATE_HZ, "0");
	set_default(b, cell, RUN_KEY_PREEMPT_RATE_HZ, "0");
	set_default(b, cell, RUN_KEY_PREEMPT_NS, "0");
	set_default(b, cell, RUN_KEY_DEVICE, CELL_DEVICE);
	set_default(b, cell, RUN_KEY_TRANSPORT, "legacy");
	set_default(b, cell, RUN_KEY_QUEUES, "1");
	for (unsigned k = 0; k < RUN_KEY_COUNT; k++) {
		set_default(b, cell, (enum run_key)k, "");
		if (!cell->key[k])
			return false;
	}
	return true;
}

bool google_benchmark_split(struct building *b, const char *name, struct run_cell *cell)
{
	memset(cell, 0, sizeof(*cell));
	cell->cell_id = building_text(b, name, strlen(name));
	for (const char *part = name; part; part = strchr(part, '/') ? strchr(part, '/') + 1 : NULL) {
		if (!set_part(b, part, strcspn(part, "/"), cell))
			return false;
	}
	for (size_t i = 0; i < PARTS_ALWAYS; i++) {
		if (!cell->key[parts[i].key])
			return false;
	}
	/* A trace's name does not say what was replayed, and other tools may have names like these. */
	if (!cell->cell_id || !sync_backend_find(cell->key[RUN_KEY_BACKEND]) || strcmp(cell->key[RUN_KEY_ARRIVAL], "trace") == 0)
		return false;
	return set_rest(b, cell);
}
