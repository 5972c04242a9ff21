/* SPDX-License-Identifier: MIT */
/* Which machine this is, from files of other machines: what they say is recorded, and what they do not say is null. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "bench/environment/machine.h"
#include "tests/unit/temp_folder.h"

static const char *const folders[] = { "/proc", "/proc/sys", "/proc/sys/kernel", "/etc" };
static const char *const files[] = { "/proc/cpuinfo", "/proc/meminfo", "/proc/sys/kernel/osrelease", "/etc/os-release" };

enum { CPUINFO, MEMINFO, OSRELEASE, OS_RELEASE, FILES };

struct fake {
	char root[TEMP_FOLDER_BYTES];
	hwloc_topology_t topology;
	hwloc_bitmap_t usable;
	bool has_cpuid, hypervisor;
	const char *signature; /* 12 bytes */
};

static bool fake_cpuid(void *context, uint32_t leaf, uint32_t registers[4])
{
	const struct fake *fake = context;

	memset(registers, 0, 4 * sizeof(*registers));
	if (leaf == 1)
		registers[2] = fake->hypervisor ? UINT32_C(1) << 31 : ~(UINT32_C(1) << 31);
	else if (leaf == 0x40000000)
		memcpy(&registers[1], fake->signature, 12);
	return fake->has_cpuid;
}

static void put(const struct fake *fake, size_t file, const char *text)
{
	char path[128];
	FILE *stream;

	snprintf(path, sizeof(path), "%s%s", fake->root, files[file]);
	stream = fopen(path, "w");
	assert_non_null(stream);
	assert_true(fputs(text, stream) >= 0);
	assert_int_equal(fclose(stream), 0);
}

static int set_up(void **state)
{
	struct fake *fake = calloc(1, sizeof(*fake));
	char path[128];

	if (temp_folder_make(fake->root))
		return -1;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		snprintf(path, sizeof(path), "%s%s", fake->root, folders[i]);
		assert_int_equal(mkdir(path, 0700), 0);
	}
	fake->usable = hwloc_bitmap_alloc();
	fake->signature = "KVMKVMKVM\0\0\0";
	assert_int_equal(hwloc_bitmap_set_range(fake->usable, 0, 2), 0);
	assert_int_equal(hwloc_topology_init(&fake->topology), 0);
	assert_int_equal(hwloc_topology_set_synthetic(fake->topology, "core:4 pu:2"), 0);
	assert_int_equal(hwloc_topology_load(fake->topology), 0);
	*state = fake;
	return 0;
}

static int tear_down(void **state)
{
	struct fake *fake = *state;
	int err = temp_folder_remove(fake->root);

	hwloc_topology_destroy(fake->topology);
	hwloc_bitmap_free(fake->usable);
	free(fake);
	return err;
}

static json_t *machine(struct fake *fake)
{
	struct environment_probes probes = environment_system_probes;
	struct environment environment;
	json_t *json;

	probes.cpuid = fake_cpuid;
	environment_init(&environment, fake->topology);
	environment.root = fake->root;
	environment.probes = &probes;
	environment.probes_context = fake;
	json = environment_machine(&environment, fake->usable);
	assert_int_equal(json_object_size(json), 8);
	return json;
}

/* Of the machine, a member: its text, or NULL for null. */
static void expect(struct fake *fake, const char *name, const char *text)
{
	json_t *json = machine(fake);

	if (text)
		assert_string_equal(json_string_value(json_object_get(json, name)), text);
	else
		assert_true(json_is_null(json_object_get(json, name)));
	json_decref(json);
}

static void what_files_say_is_recorded(void **state)
{
	struct fake *fake = *state;
	json_t *json;

	fake->has_cpuid = true;
	put(fake, CPUINFO, "processor\t: 0\nmodel\t\t: 1\nmodel name\t: Fake CPU \"9\"\nflags : x\n\nprocessor\t: 1\nmodel name\t: Other\n");
	put(fake, MEMINFO, "MemTotal:       16384 kB\nMemFree:    1 kB\n");
	put(fake, OSRELEASE, "6.1.0-fake\n");
	put(fake, OS_RELEASE, "NAME=\"Fake\"\nPRETTY_NAME=\"Fake OS 1 (one)\"\nID=fake\n");
	expect(fake, "cpu_model", "Fake CPU \"9\"");
	expect(fake, "kernel", "Linux 6.1.0-fake");
	expect(fake, "distribution", "Fake OS 1 (one)");
	expect(fake, "hypervisor", "none");
	json = machine(fake);
	assert_int_equal(json_integer_value(json_object_get(json, "memory_bytes")), 16384 * 1024);
	assert_int_equal(json_integer_value(json_object_get(json, "cpus_usable")), 3);
	/* Of the second core one thread only. */
	assert_int_equal(json_integer_value(json_object_get(json, "cores_usable")), 2);
	assert_non_null(strstr(json_string_value(json_object_get(json, "compiler")), __VERSION__));
	json_decref(json);
	put(fake, OS_RELEASE, "PRETTY_NAME=Plain");
	expect(fake, "distribution", "Plain");
	put(fake, CPUINFO, "processor\t: 0\ncpu\t\t: POWER9\nclock : 1\n");
	expect(fake, "cpu_model", "POWER9");
}

static void what_they_do_not_say_is_null(void **state)
{
	static const char *const members[] = { "cpu_model", "memory_bytes", "kernel", "distribution", "hypervisor" };
	struct fake *fake = *state;

	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		expect(fake, members[i], NULL);
	put(fake, CPUINFO, "Features : fp asimd\n");
	put(fake, MEMINFO, "MemTotal: -4 kB\n");
	put(fake, OSRELEASE, "\n");
	put(fake, OS_RELEASE, "# PRETTY_NAME=x\nPRETTY_NAME=\"\"\n");
	for (size_t i = 0; i < sizeof(members) / sizeof(members[0]); i++)
		expect(fake, members[i], NULL);
	put(fake, MEMINFO, "MemTotal: 4 MB\n");
	put(fake, CPUINFO, "model name\t: \377\n");
	expect(fake, "memory_bytes", NULL);
	expect(fake, "cpu_model", NULL);
}

static void a_hypervisor_is_named_if_it_says_its_name(void **state)
{
	struct fake *fake = *state;

	fake->has_cpuid = true;
	fake->hypervisor = true;
	expect(fake, "hypervisor", "KVMKVMKVM");
	fake->signature = "Microsoft Hv";
	expect(fake, "hypervisor", "Microsoft Hv");
	fake->signature = "\0\0\0\0\0\0\0\0\0\0\0";
	expect(fake, "hypervisor", "one that does not say its name");
	fake->signature = "\377\376xyzxyzxyz";
	expect(fake, "hypervisor", NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(what_files_say_is_recorded, set_up, tear_down),
		cmocka_unit_test_setup_teardown(what_they_do_not_say_is_null, set_up, tear_down),
		cmocka_unit_test_setup_teardown(a_hypervisor_is_named_if_it_says_its_name, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
