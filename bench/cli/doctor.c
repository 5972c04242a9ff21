/* SPDX-License-Identifier: MIT */
/* `storsync doctor`: examines, prints, changes nothing; the checks are in bench/environment. */
#define _GNU_SOURCE /* gethostname */
#include "bench/cli/doctor.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/cli/quantity.h"
#include "bench/cli/usage.h"
#include "bench/environment/environment.h"
#include "bench/files/schema.h"

#define EXIT_ENVIRONMENT 4

#define DEFAULT_CPUS 2
#define PROBE_LEAST_NS UINT64_C(1000000)
#define PROBE_MOST_NS UINT64_C(60000000000)

enum format { FORMAT_TEXT, FORMAT_CSV, FORMAT_JSON };

struct doctor_options {
	uint64_t cpus; /* 0: DEFAULT_CPUS, or what there is */
	uint64_t probe_ns;
	enum format format;
	bool strict;
};

struct doctor {
	struct doctor_options options;
	hwloc_topology_t topology;
	struct placement placement;
	struct environment_findings findings;
	char host[128];
};

/* The worst first, and what nobody knows before what is well. */
static const enum verdict order[] = { VERDICT_BAD, VERDICT_UNKNOWN, VERDICT_GOOD };
#define VERDICTS (sizeof(order) / sizeof(order[0]))

/* --- command line --- */

/* As for `run`, a list of how many there are; the most of them need the most CPUs. */
static uint64_t parse_cpus(const char *text)
{
	uint64_t values[64];
	uint64_t most = 0;
	char error[256];
	size_t count;

	if (quantity_counts(text, values, sizeof(values) / sizeof(values[0]), &count, error, sizeof(error)))
		usage_error("--cpus: %s", error);
	for (size_t i = 0; i < count; i++) {
		if (values[i] < 1 || values[i] > PLACEMENT_CPU_MAX)
			usage_error("--cpus: %llu is out of range; use 1 to %d", (unsigned long long)values[i],
				    PLACEMENT_CPU_MAX);
		most = values[i] > most ? values[i] : most;
	}
	return most;
}

static uint64_t parse_probe(const char *text)
{
	uint64_t ns = usage_duration("probe", text);

	if (ns < PROBE_LEAST_NS || ns > PROBE_MOST_NS)
		usage_error("--probe: %s is out of range; use 1ms to 60s", text);
	return ns;
}

static enum format parse_format(const char *text)
{
	static const char *const names[] = { [FORMAT_TEXT] = "text", [FORMAT_CSV] = "csv", [FORMAT_JSON] = "json" };

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(text, names[i]) == 0)
			return (enum format)i;
	}
	usage_error("--format: '%s' is none of text, csv and json", text);
}

static error_t parse(int key, char *argument, struct argp_state *state)
{
	struct doctor_options *options = state->input;

	switch (key) {
	case 'c':
		options->cpus = parse_cpus(argument);
		return 0;
	case 'p':
		options->probe_ns = parse_probe(argument);
		return 0;
	case 'f':
		options->format = parse_format(argument);
		return 0;
	case 's':
		options->strict = true;
		return 0;
	case ARGP_KEY_ARG:
		usage_error("'%s' is no option; `storsync doctor --help` lists them", argument);
	default:
		return ARGP_ERR_UNKNOWN;
	}
}

static void parse_options(struct doctor_options *options, int argc, char **argv)
{
	static const struct argp_option argp_options[] = {
		{ "cpus", 'c', "LIST", 0,
		  "simulated CPUs, as for `run`; those that the most of them would be pinned to are examined (default: 2)", 0 },
		{ "strict", 's', NULL, 0, "exit with 4 when anything is bad", 0 },
		{ "format", 'f', "text|csv|json", 0, "text (the default), the rows of a run's env.csv, or JSON", 0 },
		{ "probe", 'p', "TIME", 0,
		  "how long those CPUs spin, all at a time, to see who interrupts them (default: 200ms)", 0 },
		{ NULL, 0, NULL, 0, NULL, 0 },
	};
	static const struct argp argp = {
		.options = argp_options, .parser = parse,
		.doc = "Examine whether this machine is fit to be measured on, and tell how to mend what is not. "
		       "Nothing is changed.\v"
		       "Which CPUs `run` may use, and so which are examined, is up to `taskset`.\n"
		       "Exit status: 0 done, 2 usage, 4 with --strict when anything is bad, or when nothing can be examined.",
	};

	*options = (struct doctor_options){ .probe_ns = ENVIRONMENT_PROBE_NS };
	usage_parse(&argp, "doctor", argc, argv, options);
}

/* --- text --- */

static bool in_colour(void)
{
	const char *no_colour = getenv("NO_COLOR");

	return isatty(STDOUT_FILENO) && !(no_colour && no_colour[0]);
}

static const char *colour_of(enum verdict verdict)
{
	return verdict == VERDICT_BAD ? "\033[31m" : verdict == VERDICT_GOOD ? "\033[32m" : "\033[33m";
}

static void widen(int *width, const char *text)
{
	int length = (int)strlen(text);

	*width = length > *width ? length : *width;
}

static void print_table(const struct environment_findings *findings, bool colour)
{
	int check = (int)strlen("check");
	int scope = (int)strlen("scope");
	int value = (int)strlen("value");

	for (size_t i = 0; i < findings->count; i++) {
		widen(&check, findings->finding[i].check);
		widen(&scope, findings->finding[i].scope);
		widen(&value, findings->finding[i].value);
	}
	printf("%-7s  %-*s  %-*s  %-*s  %s\n", "verdict", check, "check", scope, "scope", value, "value", "expected");
	for (size_t v = 0; v < VERDICTS; v++) {
		const char *begin = colour ? colour_of(order[v]) : "";
		const char *end = colour ? "\033[0m" : "";

		for (size_t i = 0; i < findings->count; i++) {
			const struct environment_finding *finding = &findings->finding[i];

			if (finding->verdict == order[v])
				printf("%s%-7s%s  %-*s  %-*s  %-*s  %s\n", begin, verdict_name(order[v]), end, check,
				       finding->check, scope, finding->scope, value, finding->value, finding->expected);
		}
	}
}

/* Whether a finding before this one, of the same check if `check` is given, has the same remedy. */
static bool is_repeated(const struct environment_findings *findings, size_t at, const char *check)
{
	for (size_t i = 0; i < at; i++) {
		if (strcmp(findings->finding[i].remedy, findings->finding[at].remedy) == 0 &&
		    (!check || findings->finding[i].check == check))
			return true;
	}
	return false;
}

/* "# gaps, steal": every check that the remedy is for. */
static void print_checks(const struct environment_findings *findings, size_t at)
{
	const char *before = "  # ";

	for (size_t i = at; i < findings->count; i++) {
		const struct environment_finding *finding = &findings->finding[i];

		if (strcmp(finding->remedy, findings->finding[at].remedy) || is_repeated(findings, i, finding->check))
			continue;
		printf("%s%s", before, finding->check);
		before = ", ";
	}
}

static void print_remedies(const struct environment_findings *findings)
{
	bool any = false;

	for (size_t i = 0; i < findings->count; i++) {
		const char *remedy = findings->finding[i].remedy;

		if (remedy[0] == '\0' || is_repeated(findings, i, NULL))
			continue;
		if (!any)
			puts("\nWhat would mend it (as root; docs/environment.md tells what each is good for):");
		any = true;
		print_checks(findings, i);
		if (remedy[0] == '#')
			printf(":%s\n", remedy + 1);
		else
			printf("\n  %s\n", remedy);
	}
}

static void print_text(const struct doctor *doctor)
{
	char conclusion[1024];

	print_table(&doctor->findings, in_colour());
	print_remedies(&doctor->findings);
	environment_conclude(&doctor->findings, conclusion, sizeof(conclusion));
	printf("\n%s\n", conclusion);
}

/* --- for programs --- */

static int print_csv(const struct doctor *doctor)
{
	struct csv_writer writer;
	int fd = dup(STDOUT_FILENO);
	int error = fd < 0 ? -1 : csv_open_fd(&writer, fd, &schema_env);
	int close_error;

	if (error)
		return error;
	error = environment_append_csv(&writer, &doctor->findings, NULL, "doctor", doctor->host);
	close_error = csv_close(&writer);
	return error ? error : close_error;
}

static json_t *finding_to_json(const struct environment_finding *finding)
{
	return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s}", "verdict", verdict_name(finding->verdict), "check", finding->check,
			 "scope", finding->scope, "value", finding->value, "expected", finding->expected, "remedy",
			 finding->remedy);
}

static void print_json(const struct doctor *doctor)
{
	json_t *cpus = json_array();
	json_t *findings = json_array();
	char conclusion[1024];
	json_t *all;

	environment_conclude(&doctor->findings, conclusion, sizeof(conclusion));
	for (unsigned c = 0; c < doctor->placement.count; c++)
		json_array_append_new(cpus, json_integer(doctor->placement.cpu[c].os_cpu));
	for (size_t v = 0; v < VERDICTS; v++) {
		for (size_t i = 0; i < doctor->findings.count; i++) {
			if (doctor->findings.finding[i].verdict == order[v])
				json_array_append_new(findings, finding_to_json(&doctor->findings.finding[i]));
		}
	}
	all = json_pack("{s:s, s:o, s:o, s:s}", "host_id", doctor->host, "os_cpus", cpus, "findings", findings, "conclusion",
			conclusion);
	json_dumpf(all, stdout, JSON_INDENT(2));
	putchar('\n');
	json_decref(all);
}

static int print(const struct doctor *doctor)
{
	int error = 0;

	if (doctor->options.format == FORMAT_CSV)
		error = print_csv(doctor);
	else if (doctor->options.format == FORMAT_JSON)
		print_json(doctor);
	else
		print_text(doctor);
	return fflush(stdout) || ferror(stdout) ? -1 : error;
}

/* --- the verb --- */

static int cannot(const char *why)
{
	fprintf(stderr, "storsync doctor: %s\n", why);
	return EXIT_ENVIRONMENT;
}

static void choose_cpus(struct doctor *doctor, hwloc_const_cpuset_t allowed, char *error, size_t error_bytes)
{
	uint64_t wanted = doctor->options.cpus;
	struct placement *placement = &doctor->placement;

	error[0] = '\0';
	if (!placement_choose(doctor->topology, allowed, wanted ? (unsigned)wanted : DEFAULT_CPUS, false, placement, error,
			      error_bytes))
		return;
	if (!wanted && placement->usable_cores)
		placement_choose(doctor->topology, allowed, placement->usable_cores, false, placement, error, error_bytes);
	else if (wanted && placement->usable_cores)
		usage_error("--cpus: %llu is more than the usable cores; use 1 to %u", (unsigned long long)wanted,
			    placement->usable_cores);
}

static int examine(struct doctor *doctor)
{
	struct environment environment;
	hwloc_bitmap_t allowed;
	char error[256];

	if (placement_load_affinity(doctor->topology, &allowed))
		return cannot("cannot tell which CPUs this process may use");
	choose_cpus(doctor, allowed, error, sizeof(error));
	hwloc_bitmap_free(allowed);
	if (!doctor->placement.count)
		return cannot(error);
	environment_init(&environment, doctor->topology);
	environment.probe_ns = doctor->options.probe_ns;
	return environment_examine(&environment, &doctor->placement, &doctor->findings) ? cannot("no memory") : 0;
}

int doctor_main(int argc, char **argv)
{
	static struct doctor doctor;
	int status;

	parse_options(&doctor.options, argc, argv);
	if (gethostname(doctor.host, sizeof(doctor.host) - 1))
		snprintf(doctor.host, sizeof(doctor.host), "unknown");
	if (placement_load_topology(&doctor.topology))
		return cannot("hwloc cannot tell the machine's topology");
	status = examine(&doctor);
	if (!status) {
		if (print(&doctor)) {
			fprintf(stderr, "storsync doctor: cannot write the findings\n");
			status = EXIT_FAILURE;
		} else if (doctor.options.strict && environment_count(&doctor.findings, VERDICT_BAD)) {
			status = EXIT_ENVIRONMENT;
		}
		environment_findings_fini(&doctor.findings);
	}
	hwloc_topology_destroy(doctor.topology);
	return status;
}
