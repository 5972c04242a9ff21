/* SPDX-License-Identifier: MIT */
/*
 * Which machine this is; see machine.h.
 *
 * Source: proc_cpuinfo(5), proc_meminfo(5), os-release(5); Documentation/virt/kvm/x86/cpuid.rst of Linux for the leaf that
 * hypervisors sign.
 */
#include "bench/environment/machine.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/environment/source.h"

#ifdef __clang__
#define COMPILER "clang " __clang_version__
#else
#define COMPILER "gcc " __VERSION__
#endif

#define HYPERVISOR_PRESENT (UINT32_C(1) << 31)

/* Null where it is empty, or not UTF-8. */
static json_t *text_or_null(const char *text, size_t bytes)
{
	json_t *json = bytes ? json_stringn(text, bytes) : NULL;

	return json ? json : json_null();
}

/* The rest of the line of the first CPU that begins with one of the names. */
static json_t *cpu_model(const struct environment *environment)
{
	/* x86, POWER, and Arm boards that name the whole machine only. */
	static const char *const name[] = { "model name", "cpu", "Model" };
	char *text = source_text(environment, "/proc/cpuinfo");
	const char *field = NULL;
	json_t *json;

	for (size_t i = 0; text && !field && i < sizeof(name) / sizeof(name[0]); i++)
		field = source_field(text, name[i]);
	json = text_or_null(field, field ? strcspn(field, "\n") : 0);
	free(text);
	return json;
}

static json_t *memory_bytes(const struct environment *environment)
{
	char *text = source_text(environment, "/proc/meminfo");
	const char *field = text ? source_field(text, "MemTotal") : NULL;
	long long kib;
	char unit[3];
	json_t *json;

	json = field && sscanf(field, "%lld %2s", &kib, unit) == 2 && kib > 0 && kib < INT64_MAX / 1024 && strcmp(unit, "kB") == 0 ?
		json_integer(kib * 1024) : json_null();
	free(text);
	return json;
}

static json_t *kernel(const struct environment *environment)
{
	char release[128];
	char text[160];

	if (!source_line(environment, release, sizeof(release), "/proc/sys/kernel/osrelease") || !*release)
		return json_null();
	snprintf(text, sizeof(text), "Linux %s", release);
	return text_or_null(text, strlen(text));
}

static json_t *distribution(const struct environment *environment)
{
	static const char key[] = "PRETTY_NAME=";
	char *text = source_text(environment, "/etc/os-release");
	const char *line = text;
	json_t *json;
	size_t bytes;

	while (line && strncmp(line, key, sizeof(key) - 1) != 0) {
		line = strchr(line, '\n');
		line += line != NULL;
	}
	line = line ? line + sizeof(key) - 1 : "";
	bytes = strcspn(line, "\n");
	if (bytes >= 2 && (*line == '"' || *line == '\'') && line[bytes - 1] == *line) {
		line++;
		bytes -= 2;
	}
	json = text_or_null(line, bytes);
	free(text);
	return json;
}

static json_t *hypervisor(const struct environment *environment)
{
	uint32_t registers[4];
	char signature[13] = "";

	if (!environment->probes->cpuid(environment->probes_context, 1, registers))
		return json_null();
	if (!(registers[2] & HYPERVISOR_PRESENT))
		return json_string("none");
	if (environment->probes->cpuid(environment->probes_context, 0x40000000, registers))
		memcpy(signature, &registers[1], sizeof(signature) - 1);
	return *signature ? text_or_null(signature, strlen(signature)) : json_string("one that does not say its name");
}

static json_t *count_or_null(int count)
{
	return count > 0 ? json_integer(count) : json_null();
}

/* Also those of which not all threads may be used. */
static int count_cores(hwloc_topology_t topology, hwloc_const_bitmap_t usable)
{
	hwloc_obj_t core = NULL;
	int cores = 0;

	while ((core = hwloc_get_next_obj_covering_cpuset_by_type(topology, usable, HWLOC_OBJ_CORE, core)))
		cores++;
	return cores;
}

json_t *environment_machine(const struct environment *environment, hwloc_const_bitmap_t usable)
{
	return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "cpu_model", cpu_model(environment), "cpus_usable",
			 count_or_null(hwloc_bitmap_weight(usable)), "cores_usable", count_or_null(count_cores(environment->topology, usable)),
			 "memory_bytes", memory_bytes(environment), "kernel", kernel(environment), "distribution", distribution(environment),
			 "hypervisor", hypervisor(environment), "compiler", COMPILER);
}
