/* SPDX-License-Identifier: MIT */
/*
 * Every check of the environment on a machine that is made of files in a
 * temporary folder: a good one, one with a single thing wrong, and one where the
 * check's source is missing or garbled, which must be unknown and never good.
 */
#include <errno.h>
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

#include "bench/environment/check.h"
#include "bench/environment/environment.h"
#include "bench/environment/interrupts.h"
#include "bench/environment/source.h"
#include "bench/files/schema.h"
#include "tests/unit/temp_folder.h"

#define LENGTH(array) (sizeof(array) / sizeof((array)[0]))
#define CPU "/sys/devices/system/cpu"

struct file {
	const char *path;
	const char *text; /* NULL: there is none */
};

#define FILES 4

/* What is wrong with the good machine, and what one check then says of the first scope that it has. */
struct fault {
	const char *check;
	enum verdict verdict;
	const char *value; /* part of it */
	struct file file[FILES];
	struct file while_spinning[FILES];
};

/* A machine, and what its probes say. */
struct machine {
	char root[TEMP_FOLDER_BYTES];
	const struct fault *fault;
	bool has_cpuid;
	bool invariant;
	bool hypervisor;
	int spin_error;
	struct environment_spin spin;
	int skew_error;
	struct clock_skew skew;
	int core_to_core_error;
	uint64_t core_to_core_ns[32]; /* one call after the other, round and round */
	unsigned core_to_core_calls;
	unsigned core_to_core_count;
	const char *refusal;
};

static const struct file good_machine[] = {
	{ "/proc/cpuinfo", "processor\t: 0\nflags\t\t: fpu tsc constant_tsc nonstop_tsc\n" },
	{ "/sys/devices/system/clocksource/clocksource0/current_clocksource", "tsc\n" },
	{ "/sys/devices/system/clocksource/clocksource0/available_clocksource", "tsc hpet acpi_pm \n" },
	{ CPU "/online", "0-3\n" },
	{ CPU "/isolated", "1-2\n" },
	{ CPU "/nohz_full", "1-2\n" },
	{ CPU "/cpu1/cpufreq/scaling_governor", "performance\n" },
	{ CPU "/cpu2/cpufreq/scaling_governor", "performance\n" },
	{ CPU "/intel_pstate/no_turbo", "1\n" },
	{ CPU "/cpu1/cpuidle/state0/name", "POLL\n" },
	{ CPU "/cpu1/cpuidle/state0/latency", "0\n" },
	{ CPU "/cpu1/cpuidle/state0/disable", "0\n" },
	{ CPU "/cpu1/cpuidle/state1/name", "C1\n" },
	{ CPU "/cpu1/cpuidle/state1/latency", "2\n" },
	{ CPU "/cpu1/cpuidle/state1/disable", "0\n" },
	{ CPU "/cpu1/cpuidle/state2/name", "C6\n" },
	{ CPU "/cpu1/cpuidle/state2/latency", "133\n" },
	{ CPU "/cpu1/cpuidle/state2/disable", "1\n" },
	{ CPU "/cpu1/power/pm_qos_resume_latency_us", "0\n" },
	{ CPU "/cpu1/thermal_throttle/core_throttle_count", "3\n" },
	{ CPU "/cpu1/thermal_throttle/package_throttle_count", "4\n" },
	{ CPU "/cpu1/topology/thread_siblings_list", "1\n" },
	{ "/sys/class/power_supply/AC/type", "Mains\n" },
	{ "/sys/class/power_supply/AC/online", "1\n" },
	{ "/proc/cmdline", "quiet isolcpus=1-2 nohz_full=1-2\n" },
	{ "/proc/version", "Linux version 6.1.0 (gcc) #1 SMP PREEMPT_RT Debian\n" },
	{ "/proc/self/status", "Name:\tstorsync\nCapEff:\t0000000000000000\nCpus_allowed:\tf\nCpus_allowed_list:\t0-3\n" },
	{ "/proc/self/limits", "Limit                     Soft Limit           Hard Limit\n"
			       "Max locked memory         unlimited            unlimited            bytes     \n" },
	{ "/proc/self/cgroup", "0::/user.slice/a.scope\n" },
	{ "/sys/fs/cgroup/user.slice/cpu.max", "max 100000\n" },
	{ "/sys/fs/cgroup/user.slice/a.scope/cpu.max", "max 100000\n" },
	{ "/proc/sys/kernel/sched_rt_runtime_us", "-1\n" },
	{ "/proc/sys/kernel/nmi_watchdog", "0\n" },
	{ "/proc/sys/kernel/soft_watchdog", "0\n" },
	{ "/proc/sys/kernel/timer_migration", "0\n" },
	{ "/sys/kernel/mm/transparent_hugepage/enabled", "always [madvise] never\n" },
	{ "/proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n" },
	{ "/proc/loadavg", "0.51 0.32 0.61 1/108 22697\n" },
	{ "/proc/stat", "cpu  1 2 3 4 5 6 7 0 0 0\ncpu1 10 0 0 100 0 0 0 0 0 0\ncpu2 10 0 0 100 0 0 0 0 0 0\n"
			"cpu3 10 0 0 100 0 0 0 0 0 0\nintr 5\n" },
	{ "/proc/interrupts", "           CPU0       CPU1       CPU2       CPU3\n"
			      " 24:          9          0          0          0  IO-APIC   5-edge      disk\n"
			      " 25:          0          0          0          0  IO-APIC   6-edge      silent\n"
			      "LOC:        100        200        300        400   Local timer interrupts\n"
			      "RES:         10         20         30         40   Rescheduling interrupts\n"
			      "ERR:          0\n" },
	{ "/proc/irq/24/smp_affinity_list", "0,3\n" },
	{ "/proc/irq/25/smp_affinity_list", "0-3\n" },
};

static const struct placement two_cpus = {
	.count = 2,
	.cpu = { { .os_cpu = 1, .core = 1 }, { .os_cpu = 2, .core = 2 } },
};

/* --- files --- */

static void make_folders(char *path)
{
	for (char *slash = strchr(path + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
		*slash = '\0';
		assert_true(mkdir(path, 0700) == 0 || errno == EEXIST);
		*slash = '/';
	}
}

static void put_bytes(const struct machine *machine, const char *path, const void *bytes, size_t count)
{
	char whole[512];
	FILE *file;

	snprintf(whole, sizeof(whole), "%s%s", machine->root, path);
	make_folders(whole);
	file = fopen(whole, "w");
	assert_non_null(file);
	assert_int_equal(fwrite(bytes, 1, count, file), count);
	assert_int_equal(fclose(file), 0);
}

static void put(const struct machine *machine, const struct file *file)
{
	char whole[512];

	if (file->text) {
		put_bytes(machine, file->path, file->text, strlen(file->text));
		return;
	}
	snprintf(whole, sizeof(whole), "%s%s", machine->root, file->path);
	assert_true(unlink(whole) == 0 || errno == ENOENT);
}

static void put_all(const struct machine *machine, const struct file *files, size_t count)
{
	for (size_t i = 0; i < count && files[i].path; i++)
		put(machine, &files[i]);
}

static void machine_init(struct machine *machine)
{
	*machine = (struct machine){
		.has_cpuid = true,
		.invariant = true,
		.spin = { .gap = { .duration_ns = 1000000000, .readings = 1 }, .stamp_cost_ns = 12.5 },
		.skew = { .rounds = 1000 },
		.core_to_core_ns = { 50 },
		.core_to_core_count = 1,
	};
	assert_int_equal(temp_folder_make(machine->root), 0);
	put_all(machine, good_machine, LENGTH(good_machine));
}

static void machine_fini(struct machine *machine)
{
	assert_int_equal(temp_folder_remove(machine->root), 0);
}

/* --- probes --- */

static bool fake_cpuid(void *context, uint32_t leaf, uint32_t registers[4])
{
	const struct machine *machine = context;

	memset(registers, 0, 4 * sizeof(*registers));
	if (leaf == 1)
		registers[2] = machine->hypervisor ? UINT32_C(1) << 31 : ~(UINT32_C(1) << 31);
	else if (leaf == 0x80000007)
		registers[3] = machine->invariant ? 1 << 8 : ~(UINT32_C(1) << 8);
	else if (leaf == 0x40000000)
		memcpy(&registers[1], "FakeVisor\377 ", 12);
	return machine->has_cpuid;
}

static int fake_spin(void *context, hwloc_topology_t topology, const struct placement *placement, uint64_t ns,
		     struct environment_spin *result)
{
	const struct machine *machine = context;

	if (machine->fault)
		put_all(machine, machine->fault->while_spinning, FILES);
	for (unsigned c = 0; c < placement->count && !machine->spin_error; c++)
		result[c] = machine->spin;
	return machine->spin_error;
}

static int fake_skew(void *context, hwloc_topology_t topology, const struct placement_cpu *a, const struct placement_cpu *b,
		     struct clock_skew *skew)
{
	const struct machine *machine = context;

	*skew = machine->skew;
	return machine->skew_error;
}

static int fake_core_to_core(void *context, hwloc_topology_t topology, const struct placement_cpu *a,
			     const struct placement_cpu *b, uint64_t *ns)
{
	struct machine *machine = context;

	*ns = machine->core_to_core_ns[machine->core_to_core_calls++ % machine->core_to_core_count];
	return machine->core_to_core_error;
}

static const char *fake_delivery_unavailable(void *context, enum sync_delivery delivery)
{
	const struct machine *machine = context;

	assert_int_equal(delivery, SYNC_THREAD);
	return machine->refusal;
}

static const struct environment_probes fake_probes = {
	.cpuid = fake_cpuid,
	.spin = fake_spin,
	.skew = fake_skew,
	.core_to_core = fake_core_to_core,
	.delivery_unavailable = fake_delivery_unavailable,
};

static void examine(struct machine *machine, const struct placement *placement, struct environment_findings *findings)
{
	struct environment environment;

	environment_init(&environment, NULL);
	environment.root = machine->root;
	environment.probes = &fake_probes;
	environment.probes_context = machine;
	assert_int_equal(environment_examine(&environment, placement, findings), 0);
}

static const struct environment_finding *find(const struct environment_findings *findings, const char *check)
{
	for (size_t i = 0; i < findings->count; i++) {
		if (strcmp(findings->finding[i].check, check) == 0)
			return &findings->finding[i];
	}
	fail_msg("there is no finding of %s", check);
	return NULL;
}

static void expect(const struct environment_findings *findings, const char *check, enum verdict verdict, const char *value)
{
	const struct environment_finding *finding = find(findings, check);

	if (finding->verdict != verdict || !strstr(finding->value, value))
		fail_msg("%s is %s (%s), not %s (%s)", check, verdict_name(finding->verdict), finding->value,
			 verdict_name(verdict), value);
	if (verdict == VERDICT_BAD && finding->remedy[0] == '\0')
		fail_msg("%s is bad (%s) and nothing would mend it", check, finding->value);
	if (verdict != VERDICT_BAD && finding->remedy[0])
		fail_msg("%s is %s and is to be mended", check, verdict_name(verdict));
}

/* --- the good machine --- */

static void a_good_machine_is_good(void **state)
{
	struct environment_findings findings;
	struct machine machine;

	machine_init(&machine);
	examine(&machine, &two_cpus, &findings);
	for (size_t i = 0; i < environment_check_count; i++)
		expect(&findings, environment_checks[i].name, VERDICT_GOOD, "");
	assert_int_equal(environment_count(&findings, VERDICT_BAD), 0);
	environment_findings_fini(&findings);
	assert_int_equal(findings.count, 0);
	machine_fini(&machine);
}

/* Nothing at all is there, and no probe works. */
static void a_silent_machine_is_unknown(void **state)
{
	struct environment_findings findings;
	struct machine machine;

	machine_init(&machine);
	for (size_t i = 0; i < LENGTH(good_machine); i++)
		put(&machine, &(struct file){ good_machine[i].path, NULL });
	assert_int_equal(temp_folder_remove(machine.root), 0);
	machine.has_cpuid = false;
	machine.spin_error = machine.skew_error = machine.core_to_core_error = -EPERM;
	examine(&machine, &two_cpus, &findings);
	for (size_t i = 0; i < findings.count; i++) {
		/* These two need no file: they ask the process, and the placement. */
		if (strcmp(findings.finding[i].check, "sched-fifo") && strcmp(findings.finding[i].check, "numa"))
			expect(&findings, findings.finding[i].check, VERDICT_UNKNOWN, "");
	}
	environment_findings_fini(&findings);
}

/* Every file that is read says something that no kernel would. */
static void a_garbled_machine_is_never_good(void **state)
{
	static const char *const garbage[] = { "", "\n", "garbage\n", "-7\n", "9999999999999999999999999\n", "1 1\n", "0x1\n",
					       "\377\376\n" };
	struct environment_findings findings;
	struct machine machine;

	for (size_t g = 0; g < LENGTH(garbage); g++) {
		machine_init(&machine);
		for (size_t i = 0; i < LENGTH(good_machine); i++)
			put(&machine, &(struct file){ good_machine[i].path, garbage[g] });
		machine.has_cpuid = false;
		machine.spin_error = machine.skew_error = machine.core_to_core_error = -EPERM;
		examine(&machine, &two_cpus, &findings);
		for (size_t i = 0; i < findings.count; i++) {
			const struct environment_finding *finding = &findings.finding[i];

			if (strcmp(finding->check, "sched-fifo") && strcmp(finding->check, "numa") &&
			    finding->verdict == VERDICT_GOOD)
				fail_msg("%s is good (%s) where its file says '%s'", finding->check, finding->value, garbage[g]);
		}
		environment_findings_fini(&findings);
		machine_fini(&machine);
	}
}

/* --- one fault at a time --- */

#define INTERRUPTS(disk, loc, res) \
	{ "/proc/interrupts", "           CPU0       CPU1       CPU2       CPU3\n" \
			      " 24:          9          " disk "          0          0  IO-APIC   5-edge      disk\n" \
			      "LOC:        100        " loc "        300        400   Local timer interrupts\n" \
			      "RES:         10         " res "         30         40   Rescheduling interrupts\n" \
			      "ERR:          0\n" }
#define STAT(cpu1, cpu3) { "/proc/stat", "cpu  1 2 3 4 5 6 7 0 0 0\ncpu1 " cpu1 "\ncpu2 10 0 0 100 0 0 0 0 0 0\ncpu3 " cpu3 "\n" }

#define FAULT(check_, verdict_, value_, ...) { .check = check_, .verdict = verdict_, .value = value_, __VA_ARGS__ }
#define FILES_ARE(...) .file = { __VA_ARGS__ }
#define FILES_BECOME(...) .while_spinning = { __VA_ARGS__ }

static const struct fault faults[] = {
	FAULT("tsc-invariant", VERDICT_BAD, "nonstop_tsc: no",
	      FILES_ARE({ "/proc/cpuinfo", "flags\t\t: tsc constant_tsc xnonstop_tsc\n" })),
	FAULT("tsc-invariant", VERDICT_BAD, "constant_tsc: no",
	      FILES_ARE({ "/proc/cpuinfo", "flags\t\t: nonstop_tsc constant_tsc2\n" })),
	FAULT("tsc-invariant", VERDICT_UNKNOWN, "not known", FILES_ARE({ "/proc/cpuinfo", "Features : fp asimd\n" })),

	FAULT("clocksource", VERDICT_BAD, "hpet",
	      FILES_ARE({ "/sys/devices/system/clocksource/clocksource0/current_clocksource", "hpet\n" })),
	FAULT("clocksource", VERDICT_UNKNOWN, "not known",
	      FILES_ARE({ "/sys/devices/system/clocksource/clocksource0/current_clocksource", "\n" })),

	FAULT("cpu-quota", VERDICT_BAD, "1.50 CPUs",
	      FILES_ARE({ "/sys/fs/cgroup/user.slice/a.scope/cpu.max", "150000 100000\n" })),
	FAULT("cpu-quota", VERDICT_BAD, "0.20 CPUs", FILES_ARE({ "/sys/fs/cgroup/user.slice/cpu.max", "20000 100000\n" })),
	FAULT("cpu-quota", VERDICT_BAD, "2.00 CPUs", FILES_ARE({ "/sys/fs/cgroup/cpu.max", "200000 100000\n" })),
	FAULT("cpu-quota", VERDICT_GOOD, "none",
	      FILES_ARE({ "/proc/self/cgroup", "0::/\n" }, { "/sys/fs/cgroup/cpu.max", "max 100000\n" })),
	FAULT("cpu-quota", VERDICT_GOOD, "none",
	      FILES_ARE({ "/proc/self/cgroup", "3:cpuset:/b\n2:cpu,cpuacct:/b\n0::/user.slice/a.scope\n" },
			{ "/sys/fs/cgroup/cpu,cpuacct/b/cpu.cfs_quota_us", "-1\n" },
			{ "/sys/fs/cgroup/cpu,cpuacct/b/cpu.cfs_period_us", "100000\n" })),
	FAULT("cpu-quota", VERDICT_BAD, "0.50 CPUs",
	      FILES_ARE({ "/proc/self/cgroup", "2:cpuacct,cpu:/b\n0::/user.slice/a.scope\n" },
			{ "/sys/fs/cgroup/cpuacct,cpu/cpu.cfs_quota_us", "50000\n" },
			{ "/sys/fs/cgroup/cpuacct,cpu/cpu.cfs_period_us", "100000\n" })),
	FAULT("cpu-quota", VERDICT_UNKNOWN, "", FILES_ARE({ "/proc/self/cgroup", "2:cpu:/b\n0::/user.slice/a.scope\n" })),
	FAULT("cpu-quota", VERDICT_UNKNOWN, "", FILES_ARE({ "/proc/self/cgroup", NULL })),
	FAULT("cpu-quota", VERDICT_UNKNOWN, "",
	      FILES_ARE({ "/sys/fs/cgroup/user.slice/a.scope/cpu.max", "max\n" },
			{ "/sys/fs/cgroup/user.slice/cpu.max", "max 0\n" })),

	FAULT("allowed-cpus", VERDICT_BAD, "0-1", FILES_ARE({ "/proc/self/status", "Cpus_allowed_list:\t0-1\n" })),
	FAULT("allowed-cpus", VERDICT_UNKNOWN, "", FILES_ARE({ "/proc/self/status", "Cpus_allowed:\tf\n" })),
	FAULT("allowed-cpus", VERDICT_UNKNOWN, "", FILES_ARE({ "/proc/self/status", "Cpus_allowed_list:\n" })),

	FAULT("steal", VERDICT_BAD, "5 ticks while looking, 5 since boot",
	      FILES_BECOME(STAT("10 0 0 100 0 0 0 5 0 0", "10 0 0 100 0 0 0 0 0 0"))),
	FAULT("steal", VERDICT_UNKNOWN, "", FILES_BECOME(STAT("10 0 0 100 0 0 0", "10 0 0 100 0 0 0 0 0 0"))),
	FAULT("steal", VERDICT_UNKNOWN, "",
	      FILES_ARE(STAT("10 0 0 100 0 0 0 5 0 0", "1 0 0 1 0 0 0 0 0 0")),
	      FILES_BECOME(STAT("10 0 0 100 0 0 0 4 0 0", "10 0 0 100 0 0 0 0 0 0"))),

	FAULT("device-interrupts", VERDICT_BAD, "3 in 1000 ms", FILES_BECOME(INTERRUPTS("3", "200", "20"))),
	FAULT("device-interrupts", VERDICT_UNKNOWN, "", FILES_ARE({ "/proc/interrupts", " CPU0 CPU2\n 24: 1 1 disk\n" })),
	FAULT("device-interrupts", VERDICT_UNKNOWN, "", FILES_BECOME(INTERRUPTS("x", "200", "20"))),
	FAULT("device-interrupts", VERDICT_UNKNOWN, "",
	      FILES_ARE(INTERRUPTS("4", "200", "20")), FILES_BECOME(INTERRUPTS("3", "200", "20"))),
	FAULT("timer-ticks", VERDICT_GOOD, "49 a second", FILES_BECOME(INTERRUPTS("0", "249", "20"))),
	FAULT("timer-ticks", VERDICT_BAD, "50 a second", FILES_BECOME(INTERRUPTS("0", "250", "20"))),
	FAULT("timer-ticks", VERDICT_UNKNOWN, "",
	      FILES_ARE({ "/proc/interrupts", " CPU0 CPU1\n 24: 9 0 IO-APIC 5-edge disk\n" })),
	FAULT("timer-ticks", VERDICT_BAD, "300 a second",
	      FILES_ARE({ "/proc/interrupts", " CPU0 CPU1\n 11: 9 0 GICv3 27 Level arch_timer\n" }),
	      FILES_BECOME({ "/proc/interrupts", " CPU0 CPU1\n 11: 9 300 GICv3 27 Level arch_timer\n" })),
	FAULT("other-interrupts", VERDICT_GOOD, "99 a second", FILES_BECOME(INTERRUPTS("0", "200", "119"))),
	FAULT("other-interrupts", VERDICT_BAD, "100 a second", FILES_BECOME(INTERRUPTS("0", "200", "120"))),
	FAULT("other-interrupts", VERDICT_UNKNOWN, "", FILES_BECOME({ "/proc/interrupts", NULL })),

	FAULT("irq-affinity", VERDICT_BAD, "interrupts 24", FILES_ARE({ "/proc/irq/24/smp_affinity_list", "0-1\n" })),
	FAULT("irq-affinity", VERDICT_GOOD, "none",
	      FILES_ARE({ "/proc/irq/24/smp_affinity_list", "0-3\n" }, { "/proc/irq/24/effective_affinity_list", "0\n" })),
	FAULT("irq-affinity", VERDICT_BAD, "interrupts 24",
	      FILES_ARE({ "/proc/irq/24/smp_affinity_list", "0-3\n" }, { "/proc/irq/24/effective_affinity_list", "2\n" })),
	FAULT("irq-affinity", VERDICT_BAD, "interrupts 24",
	      FILES_ARE({ "/proc/irq/24/smp_affinity_list", "0-3\n" }, { "/proc/irq/24/effective_affinity_list", "\n" })),
	FAULT("irq-affinity", VERDICT_UNKNOWN, "", FILES_ARE({ "/proc/irq/24/smp_affinity_list", "0-\n" })),
	FAULT("irq-affinity", VERDICT_UNKNOWN, "", FILES_ARE({ "/proc/interrupts", NULL })),

	FAULT("isolated", VERDICT_BAD, "1", FILES_ARE({ CPU "/isolated", "1\n" })),
	FAULT("isolated", VERDICT_BAD, "none", FILES_ARE({ CPU "/isolated", "\n" })),
	FAULT("isolated", VERDICT_GOOD, "0-3,8", FILES_ARE({ CPU "/isolated", "0-1,2,3,8\n" })),
	FAULT("isolated", VERDICT_UNKNOWN, "", FILES_ARE({ CPU "/isolated", "1-2,\n" })),
	FAULT("isolated", VERDICT_UNKNOWN, "", FILES_ARE({ CPU "/isolated", "2-1\n" })),
	FAULT("nohz-full", VERDICT_BAD, "none", FILES_ARE({ CPU "/nohz_full", " (null)\n" })),
	FAULT("nohz-full", VERDICT_BAD, "2-3", FILES_ARE({ CPU "/nohz_full", "2-3\n" })),
	FAULT("nohz-full", VERDICT_UNKNOWN, "", FILES_ARE({ CPU "/nohz_full", "1-2 3\n" })),
	FAULT("rcu-nocbs", VERDICT_BAD, "none", FILES_ARE({ "/proc/cmdline", "quiet rcu_nocbs_poll\n" })),
	FAULT("rcu-nocbs", VERDICT_GOOD, "1-2", FILES_ARE({ "/proc/cmdline", "quiet rcu_nocbs=1-2\n" })),
	FAULT("rcu-nocbs", VERDICT_GOOD, "1-2", FILES_ARE({ "/proc/cmdline", "nohz_full=1 rcu_nocbs=2\n" })),
	FAULT("rcu-nocbs", VERDICT_GOOD, "1-2", FILES_ARE({ "/proc/cmdline", "rcu_nocbs=all\n" })),
	FAULT("rcu-nocbs", VERDICT_UNKNOWN, "", FILES_ARE({ "/proc/cmdline", "rcu_nocbs=1-N\n" })),
	FAULT("rcu-nocbs", VERDICT_UNKNOWN, "", FILES_ARE({ "/proc/cmdline", NULL })),

	FAULT("nmi-watchdog", VERDICT_BAD, "on", FILES_ARE({ "/proc/sys/kernel/nmi_watchdog", "1\n" })),
	FAULT("nmi-watchdog", VERDICT_GOOD, "for other CPUs only",
	      FILES_ARE({ "/proc/sys/kernel/nmi_watchdog", "1\n" }, { "/proc/sys/kernel/watchdog_cpumask", "0,3\n" })),
	FAULT("nmi-watchdog", VERDICT_BAD, "on",
	      FILES_ARE({ "/proc/sys/kernel/nmi_watchdog", "1\n" }, { "/proc/sys/kernel/watchdog_cpumask", "0,2\n" })),
	FAULT("nmi-watchdog", VERDICT_UNKNOWN, "", FILES_ARE({ "/proc/sys/kernel/nmi_watchdog", "2\n" })),
	FAULT("soft-watchdog", VERDICT_BAD, "on", FILES_ARE({ "/proc/sys/kernel/soft_watchdog", "1\n" })),
	FAULT("soft-watchdog", VERDICT_UNKNOWN, "", FILES_ARE({ "/proc/sys/kernel/soft_watchdog", NULL })),
	FAULT("timer-migration", VERDICT_BAD, "on", FILES_ARE({ "/proc/sys/kernel/timer_migration", "1\n" })),
	FAULT("timer-migration", VERDICT_UNKNOWN, "", FILES_ARE({ "/proc/sys/kernel/timer_migration", "-1\n" })),
	FAULT("huge-pages", VERDICT_BAD, "always",
	      FILES_ARE({ "/sys/kernel/mm/transparent_hugepage/enabled", "[always] madvise never\n" })),
	FAULT("huge-pages", VERDICT_GOOD, "never",
	      FILES_ARE({ "/sys/kernel/mm/transparent_hugepage/enabled", "always madvise [never]\n" })),
	FAULT("huge-pages", VERDICT_UNKNOWN, "",
	      FILES_ARE({ "/sys/kernel/mm/transparent_hugepage/enabled", "always madvise never\n" })),
	FAULT("huge-pages", VERDICT_UNKNOWN, "",
	      FILES_ARE({ "/sys/kernel/mm/transparent_hugepage/enabled", "[sometimes] never\n" })),
	FAULT("huge-pages", VERDICT_UNKNOWN, "", FILES_ARE({ "/sys/kernel/mm/transparent_hugepage/enabled", "always [never\n" })),
	FAULT("swap", VERDICT_BAD, "2 areas in use",
	      FILES_ARE({ "/proc/swaps", "Filename Type\n/dev/sda2 partition 1 0 -2\n/s file 1 0 -3\n" })),
	FAULT("swap", VERDICT_UNKNOWN, "", FILES_ARE({ "/proc/swaps", NULL })),

	FAULT("load", VERDICT_BAD, "2 others runnable", FILES_ARE({ "/proc/loadavg", "0.0 0.0 0.0 3/108 22697\n" })),
	FAULT("load", VERDICT_BAD, "1 other runnable", FILES_BECOME({ "/proc/loadavg", "0.0 0.0 0.0 2/108 22697\n" })),
	FAULT("load", VERDICT_UNKNOWN, "", FILES_ARE({ "/proc/loadavg", "0.0 0.0 0.0 x/108 22697\n" })),
	FAULT("load", VERDICT_UNKNOWN, "", FILES_BECOME({ "/proc/loadavg", "0.0 0.0 0.0\n" })),
	FAULT("load", VERDICT_UNKNOWN, "", FILES_ARE({ "/proc/loadavg", "0.0 0.0 0.0 0/108 22697\n" })),

	FAULT("governor", VERDICT_BAD, "powersave", FILES_ARE({ CPU "/cpu1/cpufreq/scaling_governor", "powersave\n" })),
	FAULT("governor", VERDICT_UNKNOWN, "", FILES_ARE({ CPU "/cpu1/cpufreq/scaling_governor", "\n" })),
	FAULT("turbo", VERDICT_BAD, "on", FILES_ARE({ CPU "/intel_pstate/no_turbo", "0\n" })),
	FAULT("turbo", VERDICT_BAD, "on", FILES_ARE({ CPU "/intel_pstate/no_turbo", NULL }, { CPU "/cpufreq/boost", "1\n" })),
	FAULT("turbo", VERDICT_GOOD, "off", FILES_ARE({ CPU "/intel_pstate/no_turbo", NULL }, { CPU "/cpufreq/boost", "0\n" })),
	FAULT("turbo", VERDICT_UNKNOWN, "", FILES_ARE({ CPU "/intel_pstate/no_turbo", "2\n" })),

	FAULT("idle-states", VERDICT_BAD, "C6, left within 133 us", FILES_ARE({ CPU "/cpu1/cpuidle/state2/disable", "0\n" })),
	FAULT("idle-states", VERDICT_GOOD, "C1, left within 2 us",
	      FILES_ARE({ CPU "/cpu1/cpuidle/state2/disable", "0\n" }, { CPU "/cpu1/power/pm_qos_resume_latency_us", "100\n" })),
	FAULT("idle-states", VERDICT_BAD, "C6",
	      FILES_ARE({ CPU "/cpu1/cpuidle/state2/disable", "0\n" }, { CPU "/cpu1/power/pm_qos_resume_latency_us", "133\n" })),
	FAULT("idle-states", VERDICT_GOOD, "POLL",
	      FILES_ARE({ CPU "/cpu1/cpuidle/state2/disable", "0\n" }, { CPU "/cpu1/power/pm_qos_resume_latency_us", "n/a\n" })),
	FAULT("idle-states", VERDICT_GOOD, "idle=poll",
	      FILES_ARE({ CPU "/cpu1/cpuidle/state0/name", NULL }, { "/proc/cmdline", "idle=poll\n" })),
	FAULT("idle-states", VERDICT_UNKNOWN, "", FILES_ARE({ CPU "/cpu1/cpuidle/state0/name", NULL })),
	FAULT("idle-states", VERDICT_UNKNOWN, "", FILES_ARE({ CPU "/cpu1/cpuidle/state2/latency", "long\n" })),
	FAULT("idle-states", VERDICT_UNKNOWN, "", FILES_ARE({ CPU "/cpu1/cpuidle/state1/disable", NULL })),

	FAULT("throttling", VERDICT_BAD, "1 while looking, 8 since boot",
	      FILES_BECOME({ CPU "/cpu1/thermal_throttle/package_throttle_count", "5\n" })),
	FAULT("throttling", VERDICT_GOOD, "0 while looking, 3 since boot",
	      FILES_ARE({ CPU "/cpu1/thermal_throttle/package_throttle_count", NULL })),
	FAULT("throttling", VERDICT_UNKNOWN, "", FILES_ARE({ CPU "/cpu1/thermal_throttle/core_throttle_count", NULL })),
	FAULT("throttling", VERDICT_UNKNOWN, "", FILES_BECOME({ CPU "/cpu1/thermal_throttle/core_throttle_count", "2\n" })),

	FAULT("power-supply", VERDICT_BAD, "battery",
	      FILES_ARE({ "/sys/class/power_supply/AC/online", "0\n" },
			{ "/sys/class/power_supply/BAT0/type", "Battery\n" },
			{ "/sys/class/power_supply/BAT0/status", "Discharging\n" })),
	FAULT("power-supply", VERDICT_GOOD, "mains",
	      FILES_ARE({ "/sys/class/power_supply/mouse/type", "Battery\n" },
			{ "/sys/class/power_supply/mouse/scope", "Device\n" },
			{ "/sys/class/power_supply/mouse/status", "Discharging\n" })),
	FAULT("power-supply", VERDICT_GOOD, "no battery in use",
	      FILES_ARE({ "/sys/class/power_supply/AC/type", "USB_PD\n" }, { "/sys/class/power_supply/AC/online", "0\n" })),
	FAULT("power-supply", VERDICT_UNKNOWN, "", FILES_ARE({ "/sys/class/power_supply/AC/online", NULL })),
	FAULT("power-supply", VERDICT_UNKNOWN, "", FILES_ARE({ "/sys/class/power_supply/ups/type", "UPS\n" })),
	FAULT("power-supply", VERDICT_UNKNOWN, "",
	      FILES_ARE({ "/sys/class/power_supply/BAT0/type", "Battery\n" },
			{ "/sys/class/power_supply/BAT0/status", "Unknown\n" })),
	FAULT("power-supply", VERDICT_UNKNOWN, "", FILES_ARE({ "/sys/class/power_supply/BAT0/type", "Battery\n" })),

	FAULT("smt-siblings", VERDICT_GOOD, "3, idle",
	      FILES_ARE({ CPU "/cpu1/topology/thread_siblings_list", "1,3\n" }),
	      FILES_BECOME(STAT("10 0 0 100 0 0 0 0 0 0", "12 0 0 118 0 0 0 0 0 0"))),
	FAULT("smt-siblings", VERDICT_BAD, "3, busy",
	      FILES_ARE({ CPU "/cpu1/topology/thread_siblings_list", "1,3\n" }),
	      FILES_BECOME(STAT("10 0 0 100 0 0 0 0 0 0", "13 0 0 117 0 0 0 0 0 0"))),
	FAULT("smt-siblings", VERDICT_BAD, "2, measured as well",
	      FILES_ARE({ CPU "/cpu1/topology/thread_siblings_list", "1-2\n" })),
	FAULT("smt-siblings", VERDICT_UNKNOWN, "3", FILES_ARE({ CPU "/cpu1/topology/thread_siblings_list", "1,3\n" })),
	FAULT("smt-siblings", VERDICT_UNKNOWN, "3",
	      FILES_ARE({ CPU "/cpu1/topology/thread_siblings_list", "1,3\n" }),
	      FILES_BECOME(STAT("10 0 0 100 0 0 0 0 0 0", "12 0 0 118 0"))),
	FAULT("smt-siblings", VERDICT_UNKNOWN, "", FILES_ARE({ CPU "/cpu1/topology/thread_siblings_list", "3\n" })),

	FAULT("preemption", VERDICT_GOOD, "PREEMPT_RT", FILES_ARE({ "/proc/version", NULL }, { "/sys/kernel/realtime", "1\n" })),
	FAULT("preemption", VERDICT_GOOD, "PREEMPT", FILES_ARE({ "/proc/version", "Linux version 5.4 #1 SMP PREEMPT x\n" })),
	FAULT("preemption", VERDICT_BAD, "none or voluntary", FILES_ARE({ "/proc/version", "Linux version 5.4 #1 SMP x\n" })),
	FAULT("preemption", VERDICT_UNKNOWN, "model not known",
	      FILES_ARE({ "/proc/version", "Linux version 6.1 #1 SMP PREEMPT_DYNAMIC x\n" })),
	FAULT("preemption", VERDICT_BAD, "voluntary",
	      FILES_ARE({ "/proc/version", "Linux version 6.1 #1 SMP PREEMPT_DYNAMIC x\n" },
			{ "/sys/kernel/debug/sched/preempt", "none (voluntary) full\n" })),
	FAULT("preemption", VERDICT_GOOD, "full",
	      FILES_ARE({ "/proc/version", "Linux version 6.1 #1 SMP PREEMPT_DYNAMIC x\n" },
			{ "/sys/kernel/debug/sched/preempt", "none voluntary (full)\n" })),
	FAULT("preemption", VERDICT_GOOD, "full",
	      FILES_ARE({ "/proc/version", "Linux version 6.1 #1 SMP PREEMPT_DYNAMIC x\n" },
			{ "/proc/cmdline", "preempt=none preempt=full\n" })),
	FAULT("preemption", VERDICT_UNKNOWN, "", FILES_ARE({ "/proc/version", "FreeBSD 14\n" })),
	FAULT("rt-throttling", VERDICT_BAD, "950000", FILES_ARE({ "/proc/sys/kernel/sched_rt_runtime_us", "950000\n" })),
	FAULT("rt-throttling", VERDICT_UNKNOWN, "", FILES_ARE({ "/proc/sys/kernel/sched_rt_runtime_us", "-2\n" })),
	FAULT("memlock", VERDICT_BAD, "8192 KiB",
	      FILES_ARE({ "/proc/self/limits", "Max locked memory 8388608 8388608 bytes\n" })),
	FAULT("memlock", VERDICT_GOOD, "CAP_IPC_LOCK",
	      FILES_ARE({ "/proc/self/limits", "Max locked memory 0 0 bytes\n" },
			{ "/proc/self/status", "CapEff:\t0000000000004000\n" })),
	FAULT("memlock", VERDICT_UNKNOWN, "", FILES_ARE({ "/proc/self/limits", "Max locked memory many 0 bytes\n" })),
	FAULT("memlock", VERDICT_UNKNOWN, "", FILES_ARE({ "/proc/self/limits", "Max file locks unlimited 0 bytes\n" })),
};

static void each_fault_is_found(void **state)
{
	for (size_t i = 0; i < LENGTH(faults); i++) {
		struct environment_findings findings;
		struct machine machine;

		machine_init(&machine);
		machine.fault = &faults[i];
		put_all(&machine, faults[i].file, FILES);
		examine(&machine, &two_cpus, &findings);
		expect(&findings, faults[i].check, faults[i].verdict, faults[i].value);
		environment_findings_fini(&findings);
		machine_fini(&machine);
	}
}

/* PM QoS for all CPUs is a binary number. */
static void a_global_latency_limit_counts(void **state)
{
	static const struct {
		int32_t limit_us;
		enum verdict verdict;
	} cases[] = {
		{ 2000000000, VERDICT_BAD }, { 133, VERDICT_BAD }, { 132, VERDICT_GOOD }, { 0, VERDICT_GOOD }, { -1, VERDICT_BAD },
	};

	for (size_t i = 0; i < LENGTH(cases); i++) {
		struct environment_findings findings;
		struct machine machine;

		machine_init(&machine);
		put(&machine, &(struct file){ CPU "/cpu1/cpuidle/state2/disable", "0\n" });
		put_bytes(&machine, "/dev/cpu_dma_latency", &cases[i].limit_us, sizeof(cases[i].limit_us));
		examine(&machine, &two_cpus, &findings);
		expect(&findings, "idle-states", cases[i].verdict, "left within");
		environment_findings_fini(&findings);
		machine_fini(&machine);
	}
}

/* --- probes --- */

/* One machine, changed a little, whose one check is looked at. */
static void expect_of(struct machine *machine, const char *check, enum verdict verdict, const char *value)
{
	struct environment_findings findings;

	examine(machine, &two_cpus, &findings);
	expect(&findings, check, verdict, value);
	environment_findings_fini(&findings);
}

static void probes_are_judged(void **state)
{
	struct machine machine;

	machine_init(&machine);
	machine.spin.stamp_cost_ns = 50.1;
	expect_of(&machine, "stamp-cost", VERDICT_BAD, "50.1 ns");
	machine.spin.stamp_cost_ns = 0;
	expect_of(&machine, "stamp-cost", VERDICT_UNKNOWN, "");

	machine.spin.gap = (struct gap_probe){ .duration_ns = 1000000, .count = 1, .lost_ns = 20000, .longest_ns = 20000 };
	expect_of(&machine, "gaps", VERDICT_BAD, "1, longest 20 us, 2.00% lost");
	machine.spin.gap = (struct gap_probe){ .duration_ns = 1000000, .backwards = 1 };
	expect_of(&machine, "gaps", VERDICT_BAD, "back 1 time");
	machine.spin.gap.duration_ns = 0;
	expect_of(&machine, "gaps", VERDICT_UNKNOWN, "");
	machine.spin_error = -EPERM;
	expect_of(&machine, "gaps", VERDICT_UNKNOWN, "Operation not permitted");
	expect_of(&machine, "timer-ticks", VERDICT_UNKNOWN, "");
	expect_of(&machine, "device-interrupts", VERDICT_UNKNOWN, "");

	machine.skew.backwards = 1;
	expect_of(&machine, "tsc-synchronous", VERDICT_BAD, "1 of 1000");
	machine.skew.rounds = 0;
	expect_of(&machine, "tsc-synchronous", VERDICT_UNKNOWN, "");
	machine.skew = (struct clock_skew){ .rounds = 1000 };
	machine.skew_error = -EINVAL;
	expect_of(&machine, "tsc-synchronous", VERDICT_UNKNOWN, "Invalid argument");

	machine.refusal = "not here";
	expect_of(&machine, "sched-fifo", VERDICT_BAD, "not allowed");
	machine_fini(&machine);
}

static void cpuid_is_judged(void **state)
{
	struct machine machine;

	machine_init(&machine);
	machine.invariant = false;
	expect_of(&machine, "tsc-invariant", VERDICT_BAD, "CPUID: no");
	machine.hypervisor = true;
	expect_of(&machine, "virtual-machine", VERDICT_BAD, "yes, FakeVisor?");
	expect_of(&machine, "smt-siblings", VERDICT_UNKNOWN, "none shown");
	expect_of(&machine, "steal", VERDICT_UNKNOWN, "never any");
	put(&machine, &(struct file)STAT("10 0 0 100 0 0 0 5 0 0", "1 0 0 1 0 0 0 0 0 0"));
	expect_of(&machine, "steal", VERDICT_GOOD, "0 ticks while looking, 5 since boot");
	machine.has_cpuid = false;
	expect_of(&machine, "tsc-invariant", VERDICT_UNKNOWN, "CPUID: not known");
	expect_of(&machine, "virtual-machine", VERDICT_UNKNOWN, "");
	machine_fini(&machine);
}

static void core_to_core_is_judged_by_its_range(void **state)
{
	struct environment_findings findings;
	struct machine machine;
	uint64_t ns = 7;

	machine_init(&machine);
	memcpy(machine.core_to_core_ns, (uint64_t[]){ 100, 150, 100 }, 3 * sizeof(uint64_t));
	machine.core_to_core_count = 3;
	expect_of(&machine, "core-to-core", VERDICT_GOOD, "median 100 ns, 100 to 150 in 9 times");
	machine.core_to_core_ns[1] = 151;
	expect_of(&machine, "core-to-core", VERDICT_BAD, "median 100 ns, 100 to 151 in 9 times");

	machine.core_to_core_error = -EPERM;
	examine(&machine, &two_cpus, &findings);
	expect(&findings, "core-to-core", VERDICT_UNKNOWN, "Operation not permitted");
	assert_false(environment_core_to_core_ns(&findings, &ns));
	assert_int_equal(ns, 7);
	environment_findings_fini(&findings);
	machine_fini(&machine);
}

static void the_furthest_cpu_is_kept(void **state)
{
	static const struct placement four = {
		.count = 4,
		.cpu = { { .os_cpu = 0 }, { .os_cpu = 1 }, { .os_cpu = 2 }, { .os_cpu = 3 } },
	};
	static const struct placement one = { .count = 1, .cpu = { { .os_cpu = 1 } } };
	struct environment_findings findings;
	struct machine machine;
	uint64_t ns = 0;

	machine_init(&machine);
	machine.core_to_core_count = 3 * ENVIRONMENT_REPETITIONS;
	for (unsigned i = 0; i < machine.core_to_core_count; i++)
		machine.core_to_core_ns[i] = (uint64_t[]){ 100, 103, 102 }[i / ENVIRONMENT_REPETITIONS];
	examine(&machine, &four, &findings);
	assert_true(environment_core_to_core_ns(&findings, &ns));
	assert_int_equal(ns, 103);
	environment_findings_fini(&findings);

	examine(&machine, &one, &findings);
	assert_false(environment_core_to_core_ns(&findings, &ns));
	for (size_t i = 0; i < findings.count; i++)
		assert_string_not_equal(findings.finding[i].check, "core-to-core");
	environment_findings_fini(&findings);
	machine_fini(&machine);
}

static void nodes_are_counted(void **state)
{
	struct placement apart = two_cpus;
	struct environment_findings findings;
	struct machine machine;

	machine_init(&machine);
	apart.cpu[1].numa = 1;
	examine(&machine, &apart, &findings);
	expect(&findings, "numa", VERDICT_BAD, "2 nodes");
	environment_findings_fini(&findings);
	apart.cpu[0].numa = apart.cpu[1].numa = -1;
	examine(&machine, &apart, &findings);
	expect(&findings, "numa", VERDICT_UNKNOWN, "");
	environment_findings_fini(&findings);
	machine_fini(&machine);
}

/* --- scopes, remedies --- */

static void a_cpu_that_comes_twice_is_examined_once(void **state)
{
	static const struct placement wrapped = { .count = 3, .cpu = { { .os_cpu = 2 }, { .os_cpu = 1 }, { .os_cpu = 2 } } };
	struct environment_findings findings;
	struct machine machine;
	unsigned governors = 0;

	machine_init(&machine);
	examine(&machine, &wrapped, &findings);
	for (size_t i = 0; i < findings.count; i++)
		governors += strcmp(findings.finding[i].check, "governor") == 0;
	assert_int_equal(governors, 2);
	assert_string_equal(find(&findings, "governor")->scope, "cpu 2");
	assert_string_equal(find(&findings, "core-to-core")->scope, "cpus 2 and 1");
	assert_string_equal(find(&findings, "isolated")->scope, "cpus 1-2");
	assert_string_equal(find(&findings, "clocksource")->scope, "host");
	environment_findings_fini(&findings);
	machine_fini(&machine);
}

static void remedies_name_the_right_place(void **state)
{
	struct environment_findings findings;
	struct machine machine;

	machine_init(&machine);
	put(&machine, &(struct file){ CPU "/isolated", "\n" });
	put(&machine, &(struct file){ CPU "/cpu1/cpufreq/scaling_governor", "powersave\n" });
	put(&machine, &(struct file){ "/proc/irq/24/smp_affinity_list", "0-3\n" });
	put(&machine, &(struct file){ "/sys/fs/cgroup/user.slice/cpu.max", "1 2\n" });
	examine(&machine, &two_cpus, &findings);
	assert_string_equal(find(&findings, "governor")->remedy, "echo performance > " CPU "/cpu1/cpufreq/scaling_governor");
	assert_string_equal(find(&findings, "isolated")->remedy, "# boot with isolcpus=domain,managed_irq,1-2");
	assert_string_equal(find(&findings, "irq-affinity")->remedy,
			    "for i in /proc/irq/*/smp_affinity_list; do echo 0,3 > $i; done 2> /dev/null");
	assert_string_equal(find(&findings, "cpu-quota")->remedy, "echo max > /sys/fs/cgroup/user.slice/cpu.max");
	environment_findings_fini(&findings);

	/* No CPU is left to send anything to. */
	put(&machine, &(struct file){ CPU "/online", "1-2\n" });
	examine(&machine, &two_cpus, &findings);
	assert_int_equal(find(&findings, "isolated")->remedy[0], '#');
	assert_int_equal(find(&findings, "irq-affinity")->remedy[0], '#');
	environment_findings_fini(&findings);
	machine_fini(&machine);
}

static void long_texts_are_cut_and_long_commands_left_out(void **state)
{
	struct environment_finding finding = { 0 };
	char text[400];

	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	finding_value(&finding, "%s", text);
	assert_int_equal(strlen(finding.value), sizeof(finding.value) - 1);
	assert_string_equal(finding.value + sizeof(finding.value) - 4, "...");
	finding_remedy(&finding, "%s", text);
	assert_string_equal(finding.remedy, "");
	text[sizeof(finding.remedy) - 1] = '\0';
	finding_remedy(&finding, "%s", text);
	assert_string_equal(finding.remedy, text);
	finding_value(&finding, "a\tb\303\274\n");
	assert_string_equal(finding.value, "a?b???");
}

static void interrupts_of_columns_that_are_not_all_there(void **state)
{
	static const char text[] =
		"            CPU0       CPU10\n"
		"  1:          1          2   chip  edge  a\n"
		"LOC:          3          4   Local\n"
		"XYZ:          5          6   Other\n"
		"MIS:          9\n";
	const char *cursor = text;
	struct interrupt_counts counts;
	unsigned irq;

	assert_true(interrupts_of_cpu(text, 10, &counts));
	assert_int_equal(counts.devices, 2);
	assert_int_equal(counts.timer, 4);
	assert_int_equal(counts.others, 6);
	assert_true(counts.has_timer);
	assert_false(interrupts_of_cpu(text, 1, &counts));
	assert_false(interrupts_of_cpu("", 0, &counts));
	assert_false(interrupts_of_cpu("CPU0\n  1: 1x a\n", 0, &counts));
	assert_false(interrupts_of_cpu("CPU0 CPU1\n  1: 1\n2 3\n", 1, &counts));
	assert_false(interrupts_of_cpu("CPU0\nno label\n", 0, &counts));
	assert_true(interrupts_next_line(&cursor, &irq));
	assert_int_equal(irq, 1);
	assert_false(interrupts_next_line(&cursor, &irq));
}

/* --- what is made of the findings --- */

static void rows_go_to_env_csv(void **state)
{
	struct environment_findings findings;
	struct machine machine;
	struct csv_writer writer;
	struct csv_table table;
	char path[128];
	char error[256];

	machine_init(&machine);
	put(&machine, &(struct file){ CPU "/cpu1/cpufreq/scaling_governor", "power\377\"save,\n" });
	examine(&machine, &two_cpus, &findings);
	snprintf(path, sizeof(path), "%s/env.csv", machine.root);
	assert_int_equal(csv_create(&writer, path, &schema_env), 0);
	assert_int_equal(environment_append_csv(&writer, &findings, "run-1", "before", "host"), 0);
	assert_int_equal(environment_append_csv(&writer, &findings, NULL, "doctor", "host"), 0);
	assert_int_equal(csv_close(&writer), 0);
	assert_int_equal(csv_table_load(path, &table, error, sizeof(error)), 0);
	assert_int_equal(table.rows, 2 * findings.count);
	for (size_t i = 0; i < table.rows; i++) {
		const struct environment_finding *finding = &findings.finding[i % findings.count];
		bool first = i < findings.count;
		const char *expected[] = { first ? "run-1" : "", finding->check, finding->scope, first ? "before" : "doctor",
					   finding->value, finding->expected, verdict_name(finding->verdict),
					   finding->remedy, "host" };

		assert_int_equal(table.columns, LENGTH(expected));
		for (size_t c = 0; c < LENGTH(expected); c++)
			assert_string_equal(csv_table_string(&table, i, c), expected[c]);
	}
	assert_int_equal(environment_append_csv(&(struct csv_writer){ .schema = &schema_cpus, .file = stderr }, &findings, "r",
						"before", "host"), -EINVAL);
	csv_table_fini(&table);
	environment_findings_fini(&findings);
	machine_fini(&machine);
}

static void the_conclusion_names_what_is_limited(void **state)
{
	struct environment_findings findings;
	struct machine machine;
	char text[1024];
	char brief[20];

	machine_init(&machine);
	examine(&machine, &two_cpus, &findings);
	environment_conclude(&findings, text, sizeof(text));
	assert_non_null(strstr(text, "Nothing was found on this machine that limits a figure; "));
	environment_findings_fini(&findings);

	put(&machine, &(struct file){ "/proc/sys/kernel/sched_rt_runtime_us", "950000\n" });
	put(&machine, &(struct file){ "/proc/sys/kernel/nmi_watchdog", "1\n" });
	put(&machine, &(struct file){ "/proc/sys/kernel/soft_watchdog", "1\n" });
	put(&machine, &(struct file){ "/proc/sys/kernel/timer_migration", "1\n" });
	put(&machine, &(struct file){ "/proc/swaps", "Filename\n/dev/a\n" });
	examine(&machine, &two_cpus, &findings);
	environment_conclude(&findings, text, sizeof(text));
	assert_non_null(strstr(text, "This machine limits maxima and high percentiles (nmi-watchdog, soft-watchdog, "
				     "timer-migration and 1 more); delivery by signals and threads (rt-throttling); "));
	assert_null(strstr(text, "every figure"));
	environment_conclude(&findings, brief, sizeof(brief));
	assert_int_equal(strlen(brief), sizeof(brief) - 1);
	environment_findings_fini(&findings);
	machine_fini(&machine);
}

/* --- this machine --- */

static void a_glance_at_this_machine(void **state)
{
	struct environment_findings findings;
	struct environment environment;
	struct placement placement;
	hwloc_topology_t topology;
	hwloc_bitmap_t affinity;
	char error[256];
	uint32_t registers[4];

	assert_int_equal(placement_load_topology(&topology), 0);
	assert_int_equal(placement_load_affinity(topology, &affinity), 0);
	assert_int_equal(placement_choose(topology, affinity, 1, false, &placement, error, sizeof(error)), 0);
	environment_init(&environment, topology);
	assert_int_equal(environment_glance(&environment, &placement, &findings), 0);
	assert_int_not_equal(find(&findings, "gaps")->verdict, VERDICT_UNKNOWN);
	assert_int_equal(find(&findings, "allowed-cpus")->verdict, VERDICT_GOOD);
	environment_findings_fini(&findings);

	assert_int_equal(environment.probes->cpuid(NULL, 0x80000007, registers) && clock_edx_says_invariant(registers[3]),
			 clock_counter_is_invariant());
	/* One of two cannot be pinned: neither spins. */
	placement.count = 2;
	placement.cpu[1] = (struct placement_cpu){ .os_cpu = -1 };
	{
		struct environment_spin spin[2] = { 0 };

		assert_int_equal(environment.probes->spin(NULL, topology, &placement, 1000000, spin), -EINVAL);
		assert_int_equal(spin[0].gap.readings, 0);
	}
	hwloc_bitmap_free(affinity);
	hwloc_topology_destroy(topology);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_good_machine_is_good),
		cmocka_unit_test(a_silent_machine_is_unknown),
		cmocka_unit_test(a_garbled_machine_is_never_good),
		cmocka_unit_test(each_fault_is_found),
		cmocka_unit_test(a_global_latency_limit_counts),
		cmocka_unit_test(probes_are_judged),
		cmocka_unit_test(cpuid_is_judged),
		cmocka_unit_test(core_to_core_is_judged_by_its_range),
		cmocka_unit_test(the_furthest_cpu_is_kept),
		cmocka_unit_test(nodes_are_counted),
		cmocka_unit_test(a_cpu_that_comes_twice_is_examined_once),
		cmocka_unit_test(remedies_name_the_right_place),
		cmocka_unit_test(long_texts_are_cut_and_long_commands_left_out),
		cmocka_unit_test(interrupts_of_columns_that_are_not_all_there),
		cmocka_unit_test(rows_go_to_env_csv),
		cmocka_unit_test(the_conclusion_names_what_is_limited),
		cmocka_unit_test(a_glance_at_this_machine),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
