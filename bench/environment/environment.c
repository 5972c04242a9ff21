/* SPDX-License-Identifier: MIT */
/* Gathering what the checks look at, running them, and their rows; see environment.h. */
#include "bench/environment/environment.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/environment/check.h"
#include "bench/environment/source.h"
#include "bench/files/schema.h"

const char *verdict_name(enum verdict verdict)
{
	static const char *const names[] = { [VERDICT_UNKNOWN] = "unknown", [VERDICT_GOOD] = "good", [VERDICT_BAD] = "bad" };

	return names[verdict];
}

void environment_init(struct environment *environment, hwloc_topology_t topology)
{
	*environment = (struct environment){
		.root = "",
		.topology = topology,
		.probes = &environment_system_probes,
		.probe_ns = ENVIRONMENT_PROBE_NS,
		.repetitions = ENVIRONMENT_REPETITIONS,
	};
}

static void mark_cut(char *text, size_t bytes)
{
	memcpy(text + bytes - sizeof("..."), "...", sizeof("..."));
}

void finding_value(struct environment_finding *finding, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(finding->value, sizeof(finding->value), format, arguments);
	va_end(arguments);
	if (length >= (int)sizeof(finding->value))
		mark_cut(finding->value, sizeof(finding->value));
	for (char *c = finding->value; *c; c++) {
		if (*c < ' ' || *c > '~')
			*c = '?';
	}
}

void finding_remedy(struct environment_finding *finding, const char *format, ...)
{
	va_list arguments;
	int length;

	va_start(arguments, format);
	length = vsnprintf(finding->remedy, sizeof(finding->remedy), format, arguments);
	va_end(arguments);
	if (length < 0 || length >= (int)sizeof(finding->remedy))
		finding->remedy[0] = '\0';
}

void examination_cpus_text(hwloc_const_bitmap_t cpus, char *text, size_t bytes)
{
	int length = hwloc_bitmap_list_snprintf(text, bytes, cpus);

	if (length >= (int)bytes)
		mark_cut(text, bytes);
}

static int64_t throttle_count(const struct environment *environment, int os_cpu)
{
	int64_t core;
	int64_t package;

	if (!source_number(environment, &core, "/sys/devices/system/cpu/cpu%d/thermal_throttle/core_throttle_count", os_cpu) ||
	    core < 0)
		return -1;
	if (!source_number(environment, &package, "/sys/devices/system/cpu/cpu%d/thermal_throttle/package_throttle_count",
			   os_cpu) || package < 0)
		return core;
	return core + package;
}

/* The fourth field of /proc/loadavg, "1/234": runnable over all. */
static int64_t runnable_tasks(const struct environment *environment)
{
	char line[128];
	int64_t number;
	char *field;
	char *slash;

	if (!source_line(environment, line, sizeof(line), "/proc/loadavg"))
		return -1;
	slash = strchr(line, '/');
	if (!slash)
		return -1;
	*slash = '\0';
	field = strrchr(line, ' ');
	return field && source_parse_number(field + 1, &number) ? number : -1;
}

/* The load first: reading the rest makes some. */
static void snapshot_take(const struct environment *environment, const struct placement *cpus, struct snapshot *snapshot)
{
	snapshot->runnable = runnable_tasks(environment);
	snapshot->stat = source_text(environment, "/proc/stat");
	snapshot->interrupts = source_text(environment, "/proc/interrupts");
	for (unsigned c = 0; c < cpus->count; c++)
		snapshot->throttled[c] = throttle_count(environment, cpus->cpu[c].os_cpu);
}

static void snapshot_fini(struct snapshot *snapshot)
{
	free(snapshot->stat);
	free(snapshot->interrupts);
}

/* The placement's CPUs, each once: one with more simulated CPUs than hardware threads names some twice. */
static int gather_cpus(struct examination *examination, const struct placement *placement)
{
	for (unsigned c = 0; c < placement->count; c++) {
		unsigned os_cpu = (unsigned)placement->cpu[c].os_cpu;

		if (hwloc_bitmap_isset(examination->used, os_cpu))
			continue;
		if (hwloc_bitmap_set(examination->used, os_cpu))
			return -ENOMEM;
		examination->cpus.cpu[examination->cpus.count++] = placement->cpu[c];
	}
	if (!source_cpus(examination->environment, examination->others, "/sys/devices/system/cpu/online"))
		hwloc_bitmap_zero(examination->others);
	if (hwloc_bitmap_andnot(examination->others, examination->others, examination->used))
		return -ENOMEM;
	examination_cpus_text(examination->used, examination->used_text, sizeof(examination->used_text));
	examination_cpus_text(examination->others, examination->others_text, sizeof(examination->others_text));
	return 0;
}

static void examination_fini(struct examination *examination)
{
	snapshot_fini(&examination->before);
	snapshot_fini(&examination->after);
	free(examination->spin);
	hwloc_bitmap_free(examination->used);
	hwloc_bitmap_free(examination->others);
}

static int gather(struct examination *examination, const struct environment *environment, const struct placement *placement)
{
	*examination = (struct examination){ .environment = environment };
	examination->used = hwloc_bitmap_alloc();
	examination->others = hwloc_bitmap_alloc();
	examination->spin = calloc(placement->count, sizeof(*examination->spin));
	if (!examination->used || !examination->others || !examination->spin || gather_cpus(examination, placement)) {
		examination_fini(examination);
		return -ENOMEM;
	}
	snapshot_take(environment, &examination->cpus, &examination->before);
	examination->spin_error = environment->probes->spin(environment->probes_context, environment->topology,
							    &examination->cpus, environment->probe_ns, examination->spin);
	snapshot_take(environment, &examination->cpus, &examination->after);
	return 0;
}

static void set_scope(const struct examination *examination, const struct environment_check *check,
		      const struct placement_cpu *cpu, struct environment_finding *finding)
{
	size_t bytes = sizeof(finding->scope);

	switch (check->scope) {
	case SCOPE_HOST:
		snprintf(finding->scope, bytes, "host");
		break;
	case SCOPE_CPUS:
		snprintf(finding->scope, bytes, "cpu%s %s", examination->cpus.count == 1 ? "" : "s", examination->used_text);
		break;
	case SCOPE_EACH_CPU:
		snprintf(finding->scope, bytes, "cpu %d", cpu->os_cpu);
		break;
	case SCOPE_PAIR:
		snprintf(finding->scope, bytes, "cpus %d and %d", examination->cpus.cpu[0].os_cpu, cpu->os_cpu);
		break;
	}
}

static void examine_one(struct examination *examination, const struct environment_check *check,
			const struct placement_cpu *cpu, struct environment_findings *findings)
{
	struct environment_finding *finding = &findings->finding[findings->count++];

	finding->check = check->name;
	snprintf(finding->expected, sizeof(finding->expected), "%s", check->expected);
	set_scope(examination, check, cpu, finding);
	check->examine(examination, cpu, finding);
	if (finding->value[0] == '\0')
		finding_value(finding, "not known");
	if (finding->verdict != VERDICT_BAD)
		finding->remedy[0] = '\0';
}

static void run_checks(struct examination *examination, struct environment_findings *findings)
{
	for (size_t i = 0; i < environment_check_count; i++) {
		const struct environment_check *check = &environment_checks[i];

		if (check->scope == SCOPE_HOST || check->scope == SCOPE_CPUS) {
			examine_one(examination, check, NULL, findings);
			continue;
		}
		for (unsigned c = check->scope == SCOPE_PAIR; c < examination->cpus.count; c++)
			examine_one(examination, check, &examination->cpus.cpu[c], findings);
	}
}

/* The furthest CPU's; nothing when one is missing, as that might be it. */
static void keep_core_to_core(const struct examination *examination, struct environment_findings *findings)
{
	findings->core_to_core_known = examination->cpus.count > 1;
	for (unsigned c = 1; c < examination->cpus.count; c++) {
		uint64_t ns = examination->core_to_core_ns[c];

		findings->core_to_core_known = findings->core_to_core_known && ns;
		if (ns > findings->core_to_core_ns)
			findings->core_to_core_ns = ns;
	}
}

int environment_examine(const struct environment *environment, const struct placement *placement,
			struct environment_findings *findings)
{
	struct examination *examination = malloc(sizeof(*examination));
	int error = examination ? gather(examination, environment, placement) : -ENOMEM;

	*findings = (struct environment_findings){ 0 };
	if (error)
		goto free_examination;
	findings->finding = calloc(environment_check_count * (examination->cpus.count + 1), sizeof(*findings->finding));
	if (findings->finding) {
		run_checks(examination, findings);
		keep_core_to_core(examination, findings);
	} else {
		error = -ENOMEM;
	}
	examination_fini(examination);
free_examination:
	free(examination);
	return error;
}

int environment_glance(const struct environment *environment, const struct placement *placement,
		       struct environment_findings *findings)
{
	struct environment brief = *environment;

	brief.probe_ns = ENVIRONMENT_GLANCE_NS;
	brief.repetitions = ENVIRONMENT_GLANCE_REPETITIONS;
	return environment_examine(&brief, placement, findings);
}

void environment_findings_fini(struct environment_findings *findings)
{
	free(findings->finding);
	*findings = (struct environment_findings){ 0 };
}

size_t environment_count(const struct environment_findings *findings, enum verdict verdict)
{
	size_t count = 0;

	for (size_t i = 0; i < findings->count; i++)
		count += findings->finding[i].verdict == verdict;
	return count;
}

bool environment_core_to_core_ns(const struct environment_findings *findings, uint64_t *ns)
{
	if (findings->core_to_core_known)
		*ns = findings->core_to_core_ns;
	return findings->core_to_core_known;
}

int environment_append_csv(struct csv_writer *writer, const struct environment_findings *findings, const char *run_id,
			   const char *phase, const char *host_id)
{
	struct csv_row row;
	int error = csv_row_init(&row, &schema_env);

	if (error)
		return error;
	for (size_t i = 0; i < findings->count && !error; i++) {
		const struct environment_finding *finding = &findings->finding[i];

		csv_row_clear(&row);
		csv_set_string(&row, "run_id", run_id);
		csv_set_string(&row, "check", finding->check);
		csv_set_string(&row, "scope", finding->scope);
		csv_set_string(&row, "phase", phase);
		csv_set_string(&row, "value", finding->value);
		csv_set_string(&row, "expected", finding->expected);
		csv_set_string(&row, "verdict", verdict_name(finding->verdict));
		csv_set_string(&row, "remedy", finding->remedy);
		csv_set_string(&row, "host_id", host_id);
		error = csv_write_row(writer, &row);
	}
	csv_row_fini(&row);
	return error;
}
