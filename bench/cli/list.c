/* SPDX-License-Identifier: MIT */
/* `storsync list`; see list.h. */
#include "bench/cli/list.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench/cli/usage.h"
#include "bench/cli/version.h"
#include "bench/instruments/metric.h"
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

static json_t *backend_to_json(const struct sync_backend *backend)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:b, s:b, s:o, s:o, s:b}", "name", backend->name, "summary", backend->summary, "source",
			 backend->source, "isr_progress", progress[backend->isr_progress].name, "broken", sync_backend_is_broken(backend),
			 "peer", sync_backend_is_peer(backend), "capabilities", flags_to_json(backend->capabilities, capabilities, COUNT(capabilities)), "deliveries",
			 flags_to_json(backend->deliveries, deliveries, COUNT(deliveries)), "enter_leave", backend->enter != NULL);
}

static void print_json(void)
{
	json_t *backends = json_array();
	json_t *metric_list = json_array();
	json_t *all;

	for (size_t i = 0; i < sync_backend_count; i++)
		json_array_append_new(backends, backend_to_json(sync_backends[i]));
	for (size_t i = 0; i < COUNT(metrics); i++)
		json_array_append_new(metric_list,
				      json_pack("{s:s, s:s, s:s}", "name", metrics[i].name, "unit", "ns", "description",
						metrics[i].description));
	all = json_pack("{s:s, s:o, s:o, s:o}", "version", storsync_version, "backends", backends, "deliveries",
			flags_to_json(SYNC_POLL, deliveries, COUNT(deliveries)), "metrics", metric_list);
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

static void print_backends(const char *title, const char *set)
{
	printf("%s\n", title);
	for (size_t i = 0; i < sync_backend_count; i++) {
		const struct sync_backend *backend = sync_backends[i];
		const char *separator = "";

		if (!sync_backend_is_meant(backend, set))
			continue;
		printf("  %-14s %s\n", backend->name, backend->summary);
		if (sync_backend_is_broken(backend))
			continue;
		printf("  %-14s ISR: %s; ", "", progress[backend->isr_progress].name);
		for (size_t c = 0; c < COUNT(capabilities); c++) {
			if (backend->capabilities & capabilities[c].flag) {
				printf("%s%s", separator, capabilities[c].name);
				separator = ", ";
			}
		}
		printf("%s%s\n", separator[0] ? "; " : "", backend->source);
	}
}

static void print_text(void)
{
	print_backends("Back ends (`all`):", "all");
	print_backends("\nPeers, for reference: other projects' locks (`all-peers`):", "all-peers");
	print_backends("\nUnsound on purpose (`all-broken`), run only when named:", "all-broken");
	printf("\nCapabilities:\n");
	for (size_t i = 0; i < COUNT(capabilities); i++)
		printf("  %-14s %s\n", capabilities[i].name, capabilities[i].meaning);
	printf("\nDeliveries:\n  %-14s %s\n", deliveries[0].name, deliveries[0].meaning);
	printf("\nMetrics (ns):\n");
	for (size_t i = 0; i < COUNT(metrics); i++)
		printf("  %-14s %s\n", metrics[i].name, metrics[i].description);
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
					  .doc = "List the back ends with what they promise, the deliveries and the metrics." };
	bool json = false;

	usage_parse(&argp, "list", argc, argv, &json);
	if (json)
		print_json();
	else
		print_text();
	return fflush(stdout) ? EXIT_FAILURE : EXIT_SUCCESS;
}
