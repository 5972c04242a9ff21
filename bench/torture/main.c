/* SPDX-License-Identifier: MIT */
/* The command line of `storsync torture`. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "bench/cli/usage.h"
#include "bench/cli/quantity.h"
#include "bench/torture/torture.h"
#include "impls/backends.h"

#define CPU_COUNTS_MAX 16

enum key {
	KEY_BACKENDS = 0x100,
	KEY_CPUS,
	KEY_DURATION,
	KEY_SEED,
	KEY_PROPERTIES,
	KEY_OVERSUBSCRIBE,
	KEY_WATCHDOG,
	KEY_LIST,
	KEY_DELIVERY,
};

struct plan {
	const struct sync_backend **backends;
	size_t backend_count;
	const struct torture_property **properties;
	size_t property_count;
	uint64_t cpus[CPU_COUNTS_MAX];
	size_t cpus_count;
	bool cpus_given;
	enum sync_delivery deliveries[3];
	size_t delivery_count;
	bool list;
	struct torture_options options;
};

struct tally {
	unsigned checks;
	unsigned failed;
	unsigned skipped;
};

/* --- options --- */

static bool add_backend(struct plan *plan, const struct sync_backend *backend)
{
	for (size_t i = 0; i < plan->backend_count; i++)
		if (plan->backends[i] == backend)
			return false;
	plan->backends[plan->backend_count++] = backend;
	return true;
}

/* A set's back ends, but for those that are there already. */
static void add_backends(struct plan *plan, const char *set)
{
	for (size_t i = 0; i < sync_backend_count; i++)
		if (sync_backend_is_meant(sync_backends[i], set))
			add_backend(plan, sync_backends[i]);
}

/* One item of --backends; false when it names nothing, or something twice. */
static bool choose_backend(struct plan *plan, const char *item)
{
	const struct sync_backend *backend = sync_backend_find(item);

	if (backend)
		return add_backend(plan, backend);
	add_backends(plan, item);
	return strcmp(item, "all") == 0 || strcmp(item, "all-peers") == 0 || strcmp(item, "all-broken") == 0;
}

static bool choose_property(struct plan *plan, const char *item)
{
	const struct torture_property *property = torture_property_find(item);

	if (property)
		plan->properties[plan->property_count++] = property;
	return property != NULL;
}

static bool choose_delivery(struct plan *plan, const char *item)
{
	enum sync_delivery delivery = sync_delivery_find(item);

	for (size_t i = 0; i < plan->delivery_count; i++)
		if (plan->deliveries[i] == delivery)
			return false;
	if (delivery)
		plan->deliveries[plan->delivery_count++] = delivery;
	return delivery != 0;
}

static void choose(const char *option, const char *argument, struct plan *plan,
		   bool (*choose_item)(struct plan *plan, const char *item), const char *known)
{
	struct quantity_list list;
	char error[256];

	if (quantity_list(argument, &list, error, sizeof(error)))
		usage_error("%s: %s", option, error);
	for (size_t i = 0; i < list.count; i++)
		if (!choose_item(plan, list.items[i]))
			usage_error("%s: \"%s\" is not known, or given twice: see %s", option, list.items[i], known);
	quantity_list_fini(&list);
}

static void take_duration(const char *option, const char *argument, uint64_t *ns)
{
	*ns = usage_duration(option, argument);
	if (!*ns)
		usage_error("--%s: \"%s\" is no time at all: give at least 1ns", option, argument);
}

static void take_cpus(const char *argument, struct plan *plan)
{
	char error[256];

	if (quantity_counts(argument, plan->cpus, CPU_COUNTS_MAX, &plan->cpus_count, error, sizeof(error)))
		usage_error("--cpus: %s", error);
	for (size_t i = 0; i < plan->cpus_count; i++)
		if (!plan->cpus[i] || plan->cpus[i] > PLACEMENT_CPU_MAX)
			usage_error("--cpus: %" PRIu64 " simulated CPUs: give 1 to %d", plan->cpus[i], PLACEMENT_CPU_MAX);
	plan->cpus_given = true;
}

static error_t parse_option(int key, char *argument, struct argp_state *state)
{
	struct plan *plan = state->input;
	char error[256];

	switch (key) {
	case KEY_BACKENDS:
		plan->backend_count = 0;
		choose("--backends", argument, plan, choose_backend, "`storsync list`");
		return 0;
	case KEY_PROPERTIES:
		plan->property_count = 0;
		choose("--properties", argument, plan, choose_property, "`storsync torture --list`");
		return 0;
	case KEY_DELIVERY:
		plan->delivery_count = 0;
		choose("--delivery", argument, plan, choose_delivery, "`storsync list`");
		return 0;
	case KEY_CPUS:
		take_cpus(argument, plan);
		return 0;
	case KEY_DURATION:
		take_duration("duration", argument, &plan->options.duration_ns);
		return 0;
	case KEY_WATCHDOG:
		take_duration("watchdog", argument, &plan->options.watchdog_ns);
		return 0;
	case KEY_SEED:
		if (quantity_count(argument, &plan->options.seed, error, sizeof(error)))
			usage_error("--seed: %s", error);
		return 0;
	case KEY_OVERSUBSCRIBE:
		plan->options.oversubscribe = true;
		return 0;
	case KEY_LIST:
		plan->list = true;
		return 0;
	case ARGP_KEY_ARG:
		usage_error("'%s' is no option; `storsync torture --help` lists them", argument);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static const struct argp_option option_table[] = {
	{ "backends", KEY_BACKENDS, "LIST", 0, "back ends by name, \"all\" sound ones (the default), \"all-peers\", \"all-broken\"", 0 },
	{ "delivery", KEY_DELIVERY, "LIST", 0, "of poll, signal, thread; default: all three", 0 },
	{ "cpus", KEY_CPUS, "LIST", 0, "numbers of simulated CPUs; default 1,2", 0 },
	{ "properties", KEY_PROPERTIES, "LIST", 0, "default: all that --list prints", 0 },
	{ "duration", KEY_DURATION, "TIME", 0, "of each check; default 400ms", 0 },
	{ "watchdog", KEY_WATCHDOG, "TIME", 0, "a CPU without progress for so long hangs; default 10s", 0 },
	{ "seed", KEY_SEED, "N", 0, "of the random schedules; default: random, printed", 0 },
	{ "oversubscribe", KEY_OVERSUBSCRIBE, NULL, 0, "allow more simulated CPUs than usable cores; spinning then yields", 0 },
	{ "list", KEY_LIST, NULL, 0, "print the properties, and the broken back ends that each must catch", 0 },
	{ 0 },
};

static const struct argp argp = {
	.options = option_table,
	.parser = parse_option,
	.doc = "Checks that back ends keep what the contract promises.\v"
	       "Exit status: 0 every property holds, 1 one does not, 2 usage, or nothing to check.",
};

/* --- running --- */

static void list_properties(void)
{
	for (size_t i = 0; i < torture_property_count; i++) {
		const struct torture_property *property = &torture_properties[i];

		printf("%-12s  %s; must catch: %s\n", property->name, property->summary, property->catches);
	}
}

/* The numbers of CPUs that cannot be had: a usage error when they were asked for, else a line each. */
static bool drop_unusable_cpus(struct plan *plan, const struct torture_host *host)
{
	size_t kept = 0;

	for (size_t i = 0; i < plan->cpus_count; i++) {
		if (plan->options.oversubscribe || plan->cpus[i] <= host->usable_cores) {
			plan->cpus[kept++] = plan->cpus[i];
			continue;
		}
		fprintf(plan->cpus_given ? stderr : stdout,
			"%s%" PRIu64 " simulated CPUs, %u usable core%s: give --cpus %u at most, or --oversubscribe\n",
			plan->cpus_given ? "storsync torture: --cpus: " : "skip ", plan->cpus[i], host->usable_cores,
			host->usable_cores == 1 ? "" : "s", host->usable_cores);
		if (plan->cpus_given)
			return false;
	}
	plan->cpus_count = kept;
	return true;
}

static enum torture_verdict run_check(const struct plan *plan, const struct torture_host *host,
				      const struct torture_check *check, struct tally *tally)
{
	enum torture_verdict verdict = torture_run_one(host, check, &plan->options, stdout, NULL);

	tally->checks += verdict != TORTURE_SKIPPED;
	tally->skipped += verdict == TORTURE_SKIPPED;
	tally->failed += verdict != TORTURE_SKIPPED && verdict != TORTURE_HOLDS;
	return verdict;
}

/* All properties of one back end on so many CPUs; once it hangs, the rest would only take the watchdog's time each. */
static void run_properties(const struct plan *plan, const struct torture_host *host, struct torture_check *check,
			   struct tally *tally)
{
	for (size_t p = 0; p < plan->property_count; p++) {
		size_t left = plan->property_count - p - 1;

		check->property = plan->properties[p];
		if (run_check(plan, host, check, tally) == TORTURE_HUNG && left) {
			printf("skip %-15s %-6s cpus %u  the other %zu: it hangs; --properties checks them by name\n",
			       check->backend->name, sync_delivery_name(check->delivery), check->cpus, left);
			tally->skipped += (unsigned)left;
			return;
		}
	}
}

static void run_checks(const struct plan *plan, const struct torture_host *host, struct tally *tally)
{
	for (size_t b = 0; b < plan->backend_count; b++) {
		for (size_t d = 0; d < plan->delivery_count; d++) {
			for (size_t c = 0; c < plan->cpus_count; c++) {
				struct torture_check check = { .backend = plan->backends[b],
							       .delivery = plan->deliveries[d],
							       .cpus = (unsigned)plan->cpus[c] };

				run_properties(plan, host, &check, tally);
			}
		}
	}
}

static int run_plan(struct plan *plan)
{
	struct tally tally = { 0 };
	struct torture_host host;
	unsigned widest = 1;
	char error[256];

	for (size_t i = 0; i < plan->cpus_count; i++)
		if (plan->cpus[i] > widest)
			widest = (unsigned)plan->cpus[i];
	if (torture_host_init(&host, widest, error, sizeof(error))) {
		fprintf(stderr, "storsync torture: %s\n", error);
		return 2;
	}
	if (!drop_unusable_cpus(plan, &host)) {
		torture_host_fini(&host);
		return 2;
	}
	run_checks(plan, &host, &tally);
	torture_host_fini(&host);
	printf("%u checks, %u failed, %u skipped, seed %" PRIu64 "\n", tally.checks, tally.failed, tally.skipped,
	       plan->options.seed);
	if (!tally.checks) {
		fprintf(stderr, "storsync torture: nothing was checked: every check that was asked for is skipped, for the reason given\n");
		return 2;
	}
	return tally.failed ? 1 : 0;
}

static int set_defaults(struct plan *plan)
{
	uint32_t seed;

	*plan = (struct plan){
		.cpus = { 1, 2 },
		.cpus_count = 2,
		.deliveries = { SYNC_POLL, SYNC_SIGNAL, SYNC_THREAD },
		.delivery_count = 3,
		.options = { .duration_ns = TORTURE_DURATION_NS, .watchdog_ns = TORTURE_WATCHDOG_NS },
	};
	/* 32 bits are enough, and can be typed again. */
	if (getrandom(&seed, sizeof(seed), 0) != sizeof(seed))
		return -EIO;
	plan->options.seed = seed;
	plan->backends = calloc(sync_backend_count, sizeof(*plan->backends));
	plan->properties = calloc(torture_property_count, sizeof(*plan->properties));
	if (!plan->backends || !plan->properties)
		return -ENOMEM;
	add_backends(plan, "all");
	for (size_t i = 0; i < torture_property_count; i++)
		plan->properties[plan->property_count++] = &torture_properties[i];
	return 0;
}

int torture_main(int argc, char **argv)
{
	struct plan plan;
	int status = 2;
	int error;

	error = set_defaults(&plan);
	if (error) {
		fprintf(stderr, "storsync torture: %s\n", strerror(-error));
	} else {
		usage_parse(&argp, "torture", argc, argv, &plan);
		if (plan.list)
			list_properties();
		status = plan.list ? 0 : run_plan(&plan);
	}
	free(plan.backends);
	free(plan.properties);
	return status;
}
