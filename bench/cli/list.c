/* SPDX-License-Identifier: MIT */
/* `storsync list`; see list.h. */
#include "bench/cli/list.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/cli/usage.h"
#include "bench/cli/version.h"
#include "bench/instruments/metric.h"
#include "hba_sim/devices/devices.h"
#include "hba_sim/machine/delivery.h"
#include "impls/backends.h"

struct flag_name {
	uint32_t flag;
	const char *name;
	const char *meaning;
};

static const struct flag_name capabilities[] = {
	{ SYNC_FIFO, "fifo", "serves waiting callers in the order of their arrival" },
	{ SYNC_DEFERS, "defers", "leaves an ISR pending instead of making it wait" },
	{ SYNC_SLEEPS, "sleeps", "may block the operating system's thread" },
	{ SYNC_ONE_CPU, "one-cpu", "right on one CPU only" },
	{ SYNC_CEILING, "ceiling", "a section runs at the ceiling of the vectors that share it, which bounds a wait" },
	{ SYNC_HANDS_OVER, "hands-over", "an ISR that meets a section is run by whoever leaves it" },
	{ SYNC_MASKS_ALL, "masks-all", "keeps interrupts of every level out of sections and the ISR" },
	{ SYNC_CALLS_OS, "calls-os", "makes system calls of microseconds, such as to wake somebody, or to interrupt the other CPUs" },
	{ SYNC_ONE_VECTOR, "one-vector", "guards one interrupt vector: no lock that several messages share" },
	{ SYNC_PEER, "peer", "another project's primitive, for reference" },
};

static const struct flag_name deliveries[] = {
	{ SYNC_POLL, "poll", "a CPU looks at its interrupt controller at safe points" },
	{ SYNC_SIGNAL, "signal", "a real-time signal preempts the CPU's thread" },
	{ SYNC_THREAD, "thread", "the ISR is a real-time thread on the same CPU" },
};

static const struct flag_name progress[] = {
	{ SYNC_ISR_BLOCKING, "blocking", "an ISR that meets a section waits for it" },
	{ SYNC_ISR_LOCK_FREE, "lock-free", "it returns, unless other CPUs make progress instead" },
	{ SYNC_ISR_WAIT_FREE, "wait-free", "it returns within a bounded number of its own steps" },
};

#define METRIC_ROW(id, name, description) { #name, description },
static const struct {
	const char *name;
	const char *description;
} metrics[] = { METRICS(METRIC_ROW) };
#undef METRIC_ROW

#define NAME_WIDTH 16
#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static json_t *flags_to_json(uint32_t flags, const struct flag_name *names, size_t n)
{
	json_t *array = json_array();

	for (size_t i = 0; i < n; i++) {
		if (flags & names[i].flag)
			json_array_append_new(array, json_string(names[i].name));
	}
	return array;
}

static json_t *text_or_null(const char *text)
{
	return text ? json_string(text) : json_null();
}

/* Why this machine cannot run it at all, NULL when it can. */
static const char *unavailable(const struct sync_backend *backend)
{
	return backend->unavailable ? backend->unavailable() : NULL;
}

static json_t *backend_to_json(const struct sync_backend *backend)
{
	json_t *json = json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:b}", "name", backend->name, "summary", backend->summary,
				 "source", backend->source, "isr_progress", progress[backend->isr_progress].name, "broken",
				 sync_backend_is_broken(backend), "peer", sync_backend_is_peer(backend), "enter_leave",
				 backend->enter != NULL);

	json_object_set_new(json, "capabilities", flags_to_json(backend->capabilities, capabilities, COUNT(capabilities)));
	json_object_set_new(json, "deliveries", flags_to_json(backend->deliveries, deliveries, COUNT(deliveries)));
	json_object_set_new(json, "unavailable", text_or_null(unavailable(backend)));
	return json;
}

static json_t *delivery_to_json(const struct flag_name *delivery)
{
	return json_pack("{s:s, s:s, s:o}", "name", delivery->name, "summary", delivery->meaning, "unavailable",
			 text_or_null(sim_delivery_unavailable((enum sync_delivery)delivery->flag)));
}

static json_t *device_to_json(const struct device_model *model)
{
	return json_pack("{s:s, s:s, s:s, s:o}", "name", model->name, "summary", model->summary, "source", model->source, "miniport",
			 text_or_null(model->miniport));
}

static void print_json(void)
{
	json_t *backends = json_array();
	json_t *metric_list = json_array();
	json_t *device_list = json_array();
	json_t *delivery_list = json_array();
	json_t *all;

	for (size_t i = 0; i < sync_backend_count; i++)
		json_array_append_new(backends, backend_to_json(sync_backends[i]));
	for (size_t i = 0; i < COUNT(deliveries); i++)
		json_array_append_new(delivery_list, delivery_to_json(&deliveries[i]));
	for (size_t i = 0; i < COUNT(metrics); i++)
		json_array_append_new(metric_list,
				      json_pack("{s:s, s:s, s:s}", "name", metrics[i].name, "unit", "ns", "description",
						metrics[i].description));
	for (size_t i = 0; i < device_model_count; i++)
		json_array_append_new(device_list, device_to_json(device_models[i]));
	all = json_pack("{s:s, s:o, s:o, s:o, s:o}", "version", storsync_version, "backends", backends, "deliveries",
			delivery_list, "devices", device_list, "metrics", metric_list);
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

/* "a, b" of the flags that are set. */
static void print_flags(uint32_t flags, const struct flag_name *names, size_t n, const char *before)
{
	for (size_t i = 0; i < n; i++) {
		if (!(flags & names[i].flag))
			continue;
		printf("%s%s", before, names[i].name);
		before = ", ";
	}
}

static void print_backend(const struct sync_backend *backend)
{
	printf("  %-*s %s\n", NAME_WIDTH, backend->name, backend->summary);
	if (sync_backend_is_broken(backend))
		return;
	printf("  %-*s ISR: %s; delivery: ", NAME_WIDTH, "", progress[backend->isr_progress].name);
	print_flags(backend->deliveries, deliveries, COUNT(deliveries), "");
	print_flags(backend->capabilities & ~(uint32_t)SYNC_PEER, capabilities, COUNT(capabilities), "; ");
	printf("\n  %-*s %s\n", NAME_WIDTH, "", backend->source);
	if (unavailable(backend))
		printf("  %-*s unavailable here: %s\n", NAME_WIDTH, "", unavailable(backend));
}

static void print_backends(const char *title, const char *set)
{
	printf("%s\n", title);
	for (size_t i = 0; i < sync_backend_count; i++) {
		if (sync_backend_is_meant(sync_backends[i], set))
			print_backend(sync_backends[i]);
	}
}

static void print_words(const char *title, const struct flag_name *words, size_t n)
{
	printf("\n%s\n", title);
	for (size_t i = 0; i < n; i++)
		printf("  %-*s %s\n", NAME_WIDTH, words[i].name, words[i].meaning);
}

static void print_devices(const char *title)
{
	printf("%s\n", title);
	for (size_t i = 0; i < device_model_count; i++) {
		const struct device_model *model = device_models[i];

		printf("  %-*s %s\n  %-*s driven by the miniport %s\n  %-*s %s\n", NAME_WIDTH, model->name, model->summary, NAME_WIDTH, "",
		       model->miniport, NAME_WIDTH, "", model->source);
	}
}

static void print_text(void)
{
	print_backends("Back ends (`all`):", "all");
	print_backends("\nPeers, for reference: other projects' locks (`all-peers`):", "all-peers");
	print_backends("\nUnsound on purpose (`all-broken`), run only when named:", "all-broken");
	print_words("What an ISR does that meets a caller in its section:", progress, COUNT(progress));
	print_words("Capabilities:", capabilities, COUNT(capabilities));
	print_words("Deliveries:", deliveries, COUNT(deliveries));
	for (size_t i = 0; i < COUNT(deliveries); i++) {
		const char *reason = sim_delivery_unavailable((enum sync_delivery)deliveries[i].flag);

		if (reason)
			printf("  %-*s unavailable here: %s\n", NAME_WIDTH, deliveries[i].name, reason);
	}
	print_devices("\nDevices:");
	printf("\nMetrics (ns):\n");
	for (size_t i = 0; i < COUNT(metrics); i++)
		printf("  %-*s %s\n", NAME_WIDTH, metrics[i].name, metrics[i].description);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	if (key == 'j')
		*(bool *)state->input = true;
	else if (key == ARGP_KEY_ARG)
		usage_error("'%s' is no option; `storsync list --help` lists them", argument);
	else
		return ARGP_ERR_UNKNOWN;
	return 0;
}

int list_main(int argc, char **argv)
{
	static const struct argp_option options[] = {
		{ "json", 'j', NULL, 0, "as JSON, for programs", 0 },
		{ NULL, 0, NULL, 0, NULL, 0 },
	};
	static const struct argp argp = { .options = options, .parser = parse,
					  .doc = "List the back ends with what they promise, the deliveries, the devices and the metrics." };
	bool json = false;

	usage_parse(&argp, "list", argc, argv, &json);
	if (json)
		print_json();
	else
		print_text();
	return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
