/* SPDX-License-Identifier: MIT */
/* Cells as values: to JSON and back, service times as users write them, what cannot be run, names. */
#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "bench/cell/spec.h"
#include "impls/backends.h"

static struct cell_spec example(void)
{
	struct cell_spec spec;

	/* Padding too, so that specs can be compared as bytes. */
	memset(&spec, 0, sizeof(spec));
	strcpy(spec.backend, "spinlock");
	strcpy(spec.device, "virtio-blk");
	spec.transport = DEVICE_MODERN;
	spec.queues = 2;
	spec.vectors = 2;
	spec.message_locks = true;
	spec.coalesce_count = 8;
	spec.coalesce_ns = 20000;
	spec.cpus = 2;
	spec.routing = IRQ_ROUTING_OTHER;
	spec.half_duplex = true;
	spec.channels = 3;
	spec.queue_depth = 16;
	spec.section_ns = 250;
	spec.think_ns = 75;
	strcpy(spec.service_time, "bimodal:5us/200us/1%");
	spec.io_bytes = 4096;
	spec.data = LUN_DATA_COPY;
	strcpy(spec.trace, "/some where/a \"trace\".csv");
	spec.trace_speed = 0.1;
	spec.duration_ns = 200000000;
	spec.warmup_ns = 50000000;
	spec.oversubscribe = true;
	spec.verify = false;
	strcpy(spec.faults, "lost=0.001,storm=0.1/s:200us");
	spec.timeout_ms = 30;
	spec.delivery = SYNC_POLL;
	spec.bystander_hz = 2000;
	spec.preempt_hz = 1000;
	spec.preempt_ns = 50000;
	spec.inject = true;
	spec.inject_ns = 20;
	spec.warmup_max_ns = 90000000;
	spec.histogram_digits = 2;
	spec.seed = UINT64_MAX;
	return spec;
}

static void open_loop(struct cell_spec *spec, enum cell_arrival arrival, uint64_t hz)
{
	spec->trace[0] = '\0';
	spec->arrival = arrival;
	spec->arrival_hz = hz;
}

static void check_round_trip(const struct cell_spec *spec)
{
	json_t *json = cell_spec_to_json(spec);
	char *text = json_dumps(json, JSON_COMPACT);
	json_t *again = json_loads(text, 0, NULL);
	struct cell_spec back;

	assert_non_null(again);
	memset(&back, 0xff, sizeof(back));
	assert_int_equal(cell_spec_from_json(again, &back), 0);
	assert_memory_equal(&back, spec, sizeof(back));
	json_decref(again);
	free(text);
	json_decref(json);
}

static void test_a_spec_survives_the_journey(void **state)
{
	static const double speeds[] = { INFINITY, 0.1, 1, 1000, 1e-300, 1.0 / 3 };
	struct cell_spec spec = example();

	for (size_t i = 0; i < sizeof(speeds) / sizeof(speeds[0]); i++) {
		spec.trace_speed = speeds[i];
		check_round_trip(&spec);
	}
	spec.delivery = SYNC_THREAD;
	spec.bystander_hz = spec.preempt_hz = spec.preempt_ns = 0;
	spec.completion_dpc = true;
	spec.half_duplex = false;
	spec.oversubscribe = false;
	spec.routing = IRQ_ROUTING_SPREAD;
	spec.data = LUN_DATA_STAMP;
	memset(spec.trace, 0, sizeof(spec.trace));
	spec.seed = 0;
	spec.duration_ns = INT64_MAX;
	check_round_trip(&spec);
	memset(spec.trace, 'x', sizeof(spec.trace) - 1);
	memset(spec.backend, 'y', sizeof(spec.backend) - 1);
	check_round_trip(&spec);
}

static int read_with(const char *key, json_t *value)
{
	const struct cell_spec spec = example();
	json_t *json = cell_spec_to_json(&spec);
	struct cell_spec back;
	int err;

	if (value)
		json_object_set_new(json, key, value);
	else
		json_object_del(json, key);
	err = cell_spec_from_json(json, &back);
	json_decref(json);
	return err;
}

static void test_a_member_that_is_missing_or_of_another_type_is_refused(void **state)
{
	const struct cell_spec spec = example();
	json_t *json = cell_spec_to_json(&spec);
	const char *key;
	json_t *value;

	json_object_foreach(json, key, value) {
		/* Null, like no speed at all, is the fastest. */
		if (strcmp(key, "trace_speed") == 0)
			continue;
		assert_int_equal(read_with(key, NULL), -EINVAL);
		assert_int_equal(read_with(key, json_null()), -EINVAL);
		assert_int_equal(read_with(key, json_real(1.5)), -EINVAL);
		assert_int_equal(read_with(key, json_array()), -EINVAL);
		if (!json_is_string(value))
			assert_int_equal(read_with(key, json_string("1")), -EINVAL);
		if (!json_is_integer(value))
			assert_int_equal(read_with(key, json_integer(1)), -EINVAL);
	}
	json_decref(json);
	assert_int_equal(read_with("routing", json_integer(3)), -EINVAL);
	assert_int_equal(read_with("data", json_integer(2)), -EINVAL);
	assert_int_equal(read_with("delivery", json_integer(0)), -EINVAL);
	assert_int_equal(read_with("delivery", json_integer(SYNC_ANY_DELIVERY)), -EINVAL);
	assert_int_equal(read_with("delivery", json_integer(SYNC_SIGNAL)), 0);
	assert_int_equal(read_with("bystander_hz", json_integer(1000001)), -EINVAL);
	assert_int_equal(read_with("preempt_ns", json_integer(1000000)), -EINVAL);
	assert_int_equal(read_with("arrival", json_integer(3)), -EINVAL);
	assert_int_equal(read_with("arrival", json_integer(ARRIVAL_POISSON)), -EINVAL);
	assert_int_equal(read_with("arrival_hz", json_integer(1)), -EINVAL);
	assert_int_equal(read_with("inject_ns", json_integer(CELL_INJECT_NS_MAX + 1)), -EINVAL);
	assert_int_equal(read_with("not a member", json_true()), 0);
}

static void check_longest(const char *key, size_t bytes)
{
	char text[600];

	memset(text, 'z', sizeof(text));
	text[bytes - 1] = '\0';
	assert_int_equal(read_with(key, json_string(text)), 0);
	text[bytes - 1] = 'z';
	text[bytes] = '\0';
	assert_int_equal(read_with(key, json_string(text)), -EINVAL);
}

static void test_a_text_that_is_too_long_is_refused(void **state)
{
	struct cell_spec spec;

	check_longest("backend", sizeof(spec.backend));
	check_longest("service_time", sizeof(spec.service_time));
	check_longest("trace", sizeof(spec.trace));
}

static void test_routing_has_names(void **state)
{
	for (unsigned i = 0; i <= IRQ_ROUTING_SPREAD; i++) {
		enum irq_routing back = (enum irq_routing)77;

		assert_int_equal(cell_routing_parse(cell_routing_name((enum irq_routing)i), &back), 0);
		assert_int_equal(back, i);
	}
	enum irq_routing routing;

	assert_int_equal(cell_routing_parse("Same", &routing), -EINVAL);
	assert_int_equal(cell_routing_parse("", &routing), -EINVAL);
	assert_int_equal(cell_routing_parse("same ", &routing), -EINVAL);
}

static void test_delivery_has_names(void **state)
{
	static const enum sync_delivery all[] = { SYNC_POLL, SYNC_SIGNAL, SYNC_THREAD };
	static const char *const names[] = { "poll", "signal", "thread" };

	for (unsigned i = 0; i < 3; i++) {
		assert_string_equal(sync_delivery_name(all[i]), names[i]);
		assert_int_equal(sync_delivery_find(names[i]), all[i]);
	}
	assert_int_equal(sync_delivery_find("Poll"), 0);
	assert_int_equal(sync_delivery_find(""), 0);
	assert_int_equal(sync_delivery_find("threads"), 0);
}

static void test_disturbances_are_read(void **state)
{
	static const char *const bad[] = {
		"", "1k", "1k/", "/50us", "1k/50", "1k/50us/", "1k/50us/1", "0/50us", "1k/0", "0/0", "-1/50us", "1 k/50us", "off",
		"1k/1ms", "1M/1us", "20k/50us", "1/1s", "1000000000000000000M/50us", "00000000000000000000000000000001k/50us",
	};
	uint64_t hz = 9, ns = 9;
	char error[200];

	assert_int_equal(cell_preempt_parse("1k/50us", &hz, &ns, error, sizeof(error)), 0);
	assert_int_equal(hz, 1000);
	assert_int_equal(ns, 50000);
	assert_int_equal(cell_preempt_parse("19k/50us", &hz, &ns, error, sizeof(error)), 0);
	assert_int_equal(cell_preempt_parse("0", &hz, &ns, error, sizeof(error)), 0);
	assert_int_equal(hz + ns, 0);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		error[0] = '\0';
		if (cell_preempt_parse(bad[i], &hz, &ns, error, sizeof(error)) != -EINVAL)
			fail_msg("'%s' is accepted", bad[i]);
		if (!error[0] || strchr(error, '\n'))
			fail_msg("'%s' is refused without one line of reason", bad[i]);
		assert_int_equal(hz + ns, 0);
	}
	assert_int_equal(cell_bystander_parse("2k", &hz, error, sizeof(error)), 0);
	assert_int_equal(hz, 2000);
	assert_int_equal(cell_bystander_parse("1M", &hz, error, sizeof(error)), 0);
	assert_int_equal(cell_bystander_parse("0", &hz, error, sizeof(error)), 0);
	assert_int_equal(hz, 0);
	assert_int_equal(cell_bystander_parse("1000001", &hz, error, sizeof(error)), -EINVAL);
	assert_int_equal(cell_bystander_parse("2kHz", &hz, error, sizeof(error)), -EINVAL);
	assert_int_equal(cell_bystander_parse("off", &hz, error, sizeof(error)), -EINVAL);
	assert_int_equal(hz, 0);
}

static void test_arrivals_are_read(void **state)
{
	static const char *const bad[] = { "", "open", "periodic", "periodic:", "periodic:0", "poisson:0", "poisson:50k/s",
					   "closed:50k", "poisson:200M", " closed", "Poisson:5k" };
	struct cell_spec spec = example();
	char error[256];

	assert_int_equal(cell_arrival_parse("periodic:50k", &spec, error, sizeof(error)), 0);
	assert_int_equal(spec.arrival, ARRIVAL_PERIODIC);
	assert_int_equal(spec.arrival_hz, 50000);
	assert_int_equal(cell_arrival_parse("poisson:1.5M", &spec, error, sizeof(error)), 0);
	assert_int_equal(spec.arrival, ARRIVAL_POISSON);
	assert_int_equal(spec.arrival_hz, 1500000);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (cell_arrival_parse(bad[i], &spec, error, sizeof(error)) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
		assert_int_equal(spec.arrival_hz, 1500000);
	}
	assert_int_equal(cell_arrival_parse("closed", &spec, error, sizeof(error)), 0);
	assert_int_equal(spec.arrival, ARRIVAL_CLOSED);
	assert_int_equal(spec.arrival_hz, 0);
}

static void test_injected_delays_are_read(void **state)
{
	static const char *const bad[] = { "", "on", "20", "-1ns", "2ms" };
	struct cell_spec spec = example();
	char error[256];

	assert_int_equal(cell_inject_parse("200ns", &spec, error, sizeof(error)), 0);
	assert_true(spec.inject);
	assert_int_equal(spec.inject_ns, 200);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (cell_inject_parse(bad[i], &spec, error, sizeof(error)) != -EINVAL)
			fail_msg("'%s' was taken", bad[i]);
	}
	/* No delay at all is not the same as one of nothing, which costs its call. */
	assert_int_equal(cell_inject_parse("0", &spec, error, sizeof(error)), 0);
	assert_true(spec.inject && spec.inject_ns == 0);
	assert_int_equal(cell_inject_parse("off", &spec, error, sizeof(error)), 0);
	assert_false(spec.inject);
}

static void test_service_times_are_read(void **state)
{
	static const struct {
		const char *text;
		enum service_time_kind kind;
		uint64_t first, second;
		double rare;
	} cases[] = {
		{ "5us", SERVICE_FIXED, 5000, 0, 0 },
		{ "0", SERVICE_FIXED, 0, 0, 0 },
		{ "1.5ms", SERVICE_FIXED, 1500000, 0, 0 },
		{ "exp:20us", SERVICE_EXPONENTIAL, 20000, 0, 0 },
		{ "exp:0", SERVICE_EXPONENTIAL, 0, 0, 0 },
		{ "bimodal:5us/200us/1%", SERVICE_BIMODAL, 5000, 200000, 0.01 },
		{ "bimodal:0/1ns/0", SERVICE_BIMODAL, 0, 1, 0 },
		{ "bimodal:1us/1us/100%", SERVICE_BIMODAL, 1000, 1000, 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct service_time time;
		char error[200] = "";

		assert_int_equal(cell_service_time_parse(cases[i].text, &time, error, sizeof(error)), 0);
		assert_int_equal(time.kind, cases[i].kind);
		assert_int_equal(time.first, cases[i].first);
		assert_int_equal(time.second, cases[i].second);
		assert_true(fabs(time.rare - cases[i].rare) < 1e-12);
	}
}

static void test_doubtful_service_times_are_refused(void **state)
{
	static const char *const bad[] = {
		"", "5", "5 us", "-5us", "us", "5us ", "exp", "exp:", "exp:5", "exp:5us/6us", "exp:exp:5us", "Exp:5us", "fixed:5us",
		"bimodal:", "bimodal:5us", "bimodal:5us/200us", "bimodal:5us/200us/1", "bimodal:5us/200us/1%/", "bimodal:5us/200us/1%x",
		"bimodal:/200us/1%", "bimodal:5us//1%", "bimodal:5us/200us/", "bimodal:5us/200us/101%", "bimodal:5us/200/1%",
		"bimodal: 5us/200us/1%", "bimodal:5us/200us/1%/1%", "bimodal:0000000000000000000000001us/2us/1%", "exp:bimodal:5us/6us/1%",
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct service_time time;
		char error[200] = "";

		if (cell_service_time_parse(bad[i], &time, error, sizeof(error)) != -EINVAL)
			fail_msg("'%s' is accepted", bad[i]);
		if (!error[0] || strchr(error, '\n'))
			fail_msg("'%s' is refused without one line of reason", bad[i]);
	}
}

static struct cell_spec with_a_plain_device(void)
{
	struct cell_spec spec = example();

	strcpy(spec.device, CELL_DEVICE);
	spec.transport = DEVICE_LEGACY;
	spec.queues = 1;
	spec.vectors = 0;
	spec.message_locks = false;
	spec.coalesce_count = 1;
	spec.coalesce_ns = 0;
	spec.channels = 0;
	return spec;
}

static const char *refusal_of(const char *backend, uint64_t cpus, enum irq_routing routing, bool oversubscribe, unsigned cores)
{
	struct cell_spec spec = with_a_plain_device();

	strcpy(spec.backend, backend);
	spec.cpus = cpus;
	spec.routing = routing;
	spec.oversubscribe = oversubscribe;
	return cell_refusal(&spec, cores);
}

static const char *refusal_under(const char *backend, enum sync_delivery delivery)
{
	struct cell_spec spec = with_a_plain_device();

	strcpy(spec.backend, backend);
	spec.delivery = delivery;
	return cell_refusal(&spec, 2);
}

static void check_refused(const char *reason, const char *because)
{
	assert_non_null(reason);
	if (!strstr(reason, because))
		fail_msg("refused because '%s', not because of '%s'", reason, because);
}

static void test_what_cannot_be_run_is_refused_with_its_reason(void **state)
{
	assert_null(refusal_of("spinlock", 1, IRQ_ROUTING_SAME, false, 1));
	assert_null(refusal_of("spinlock", 2, IRQ_ROUTING_OTHER, false, 2));
	assert_null(refusal_of("irqmask-local", 1, IRQ_ROUTING_SAME, false, 1));
	assert_null(refusal_of("spinlock", 64, IRQ_ROUTING_SPREAD, true, 2));
	check_refused(refusal_of("spinlocks", 1, IRQ_ROUTING_SAME, false, 1), "back end");
	check_refused(refusal_of("", 1, IRQ_ROUTING_SAME, false, 1), "back end");
	check_refused(refusal_of("irqmask-local", 2, IRQ_ROUTING_SAME, false, 2), "CPU");
	check_refused(refusal_of("spinlock", 1, IRQ_ROUTING_OTHER, false, 1), "point to the submitter");
	check_refused(refusal_of("spinlock", 1, IRQ_ROUTING_SPREAD, false, 1), "point to the submitter");
	check_refused(refusal_under("mutex-none", SYNC_SIGNAL), "delivery");
	assert_null(refusal_under("spinlock", SYNC_SIGNAL));
	check_refused(refusal_of("spinlock", 3, IRQ_ROUTING_SAME, false, 2), "cores");
	check_refused(refusal_of("ck-fas", 3, IRQ_ROUTING_SAME, false, 2), "--oversubscribe");
	check_refused(refusal_of("ck-fas", 3, IRQ_ROUTING_SAME, true, 2), "gives a shared core away");
	assert_null(refusal_of("ck-fas", 3, IRQ_ROUTING_SAME, true, 3));
	assert_null(refusal_of("pthread-mutex", 3, IRQ_ROUTING_SAME, true, 2));
	check_refused(refusal_of("spinlock", 65, IRQ_ROUTING_SAME, true, 128), "64");
}

/* Nothing is run that would not do what it says. */
static void test_devices_that_make_no_sense_are_refused(void **state)
{
	struct cell_spec spec = with_a_plain_device();

	assert_null(cell_refusal(&spec, 2));
	spec.queues = spec.vectors = 2;
	spec.message_locks = true;
	spec.coalesce_count = 4;
	spec.coalesce_ns = 5000;
	assert_null(cell_refusal(&spec, 2));
	spec.queues = 3;
	check_refused(cell_refusal(&spec, 2), "queues beyond the CPUs");
	spec.queues = 2;
	spec.channels = 1;
	check_refused(cell_refusal(&spec, 2), "queues beyond the channels");
	spec.channels = 0;
	spec.vectors = 4;
	check_refused(cell_refusal(&spec, 2), "further ones would never come");
	/* The built-in one has no use for them; another driver may. */
	snprintf(spec.miniport, sizeof(spec.miniport), "driver.so");
	assert_null(cell_refusal(&spec, 2));
	spec.miniport[0] = '\0';
	spec.vectors = 3;
	assert_null(cell_refusal(&spec, 2));
	spec.vectors = 0;
	check_refused(cell_refusal(&spec, 2), "needs messages");
	spec.vectors = 2;
	spec.routing = IRQ_ROUTING_SPREAD;
	check_refused(cell_refusal(&spec, 2), "one target CPU");
	spec.routing = IRQ_ROUTING_SAME;
	spec.coalesce_ns = 0;
	check_refused(cell_refusal(&spec, 2), "last lone completion");
	spec.coalesce_ns = 5000;
	spec.coalesce_count = 1;
	check_refused(cell_refusal(&spec, 2), "count of 1");
	spec.coalesce_count = 0;
	assert_null(cell_refusal(&spec, 2));
	/* An ISR that takes no lock keeps out no other message's. */
	snprintf(spec.backend, sizeof(spec.backend), "irqmask");
	assert_null(cell_refusal(&spec, 2));
	spec.message_locks = false;
	check_refused(cell_refusal(&spec, 2), "guards one vector");
	spec.vectors = 1;
	assert_null(cell_refusal(&spec, 2));
}

static void id_of(const struct cell_spec *spec, char id[CELL_ID_BYTES])
{
	memset(id, 0x55, CELL_ID_BYTES);
	cell_id(spec, id);
	assert_int_equal(strspn(id, "0123456789abcdef"), CELL_ID_BYTES - 1);
	assert_int_equal(id[CELL_ID_BYTES - 1], '\0');
}

static void test_equal_cells_have_equal_names(void **state)
{
	struct cell_spec spec = example();
	char id[CELL_ID_BYTES], other[CELL_ID_BYTES];

	id_of(&spec, id);
	spec.seed = 1;
	id_of(&spec, other);
	assert_string_equal(id, other);
}

/* Each member but the seed, and what only changes how a result is written. */
static void test_different_cells_have_different_names(void **state)
{
	struct cell_spec spec[40];
	char id[40][CELL_ID_BYTES];
	size_t n = 0;

#define WITH(change)                       \
	do {                               \
		struct cell_spec *s = &spec[n]; \
		*s = example();            \
		change;                    \
		id_of(s, id[n++]);         \
	} while (0)
	WITH(s->seed = 2);
	WITH(strcpy(s->backend, "ticket"));
	WITH(strcpy(s->device, CELL_DEVICE));
	WITH(s->transport = DEVICE_LEGACY);
	WITH(s->queues = 3);
	WITH(s->vectors = 1);
	WITH(s->message_locks = false);
	WITH(s->coalesce_count = 9);
	WITH(s->coalesce_ns++);
	WITH(s->dpc_redirection = true);
	WITH(s->cpus = 1);
	WITH(s->routing = IRQ_ROUTING_SAME);
	WITH(s->half_duplex = false);
	WITH(s->completion_dpc = true);
	WITH(s->channels = 1);
	WITH(s->queue_depth = 1);
	WITH(s->section_ns = 0);
	WITH(s->think_ns = 0);
	WITH(strcpy(s->service_time, "5us"));
	WITH(s->io_bytes = 512);
	WITH(s->data = LUN_DATA_STAMP);
	WITH(s->trace[0] = '\0');
	WITH(s->trace_speed = INFINITY);
	WITH(s->duration_ns++);
	WITH(s->warmup_ns++);
	WITH(s->oversubscribe = false);
	WITH(s->verify = true);
	WITH(s->delivery = SYNC_SIGNAL);
	WITH(s->bystander_hz = 2001);
	WITH(s->preempt_hz = 999);
	WITH(s->preempt_ns = 49999);
	WITH(s->warmup_max_ns++);
	WITH(s->inject = false);
	WITH(s->inject_ns++);
	WITH(strcpy(s->faults, "lost=0.002,storm=0.1/s:200us"));
	WITH(s->timeout_ms++);
	WITH(open_loop(s, ARRIVAL_POISSON, 25000));
	WITH(open_loop(s, ARRIVAL_POISSON, 25001));
	WITH(open_loop(s, ARRIVAL_PERIODIC, 25000));
	WITH(open_loop(s, ARRIVAL_CLOSED, 0); s->io_bytes = 512);
	assert_int_equal(n, sizeof(spec) / sizeof(spec[0]));
	for (size_t i = 0; i < n; i++) {
		for (size_t j = i + 1; j < n; j++) {
			if (strcmp(id[i], id[j]) == 0)
				fail_msg("changes %zu and %zu give one name", i, j);
		}
	}
}

static void test_a_benchmark_name_is_a_path_of_keys_and_values(void **state)
{
	struct cell_spec spec = example();
	char name[1200], cut[20];

	cell_benchmark_name(&spec, name, sizeof(name));
	assert_non_null(strstr(name, "backend:spinlock/"));
	assert_non_null(strstr(name, "/routing:other/"));
	assert_non_null(strstr(name, "/service:bimodal:5us/200us/1%/"));
	assert_non_null(strstr(name, "/bystander_hz:2000/preempt_hz:1000/preempt_ns:50000/inject_ns:20/timeout_ms:30/"
				  "faults:lost=0.001,storm=0.1_s:200us/oversubscribe"));
	assert_null(strstr(name, "/delivery:"));
	/* What is not there leaves the name, and so the identity, as it was before there was a choice. */
	spec.bystander_hz = spec.preempt_hz = 0;
	spec.inject = false;
	spec.faults[0] = '\0';
	cell_benchmark_name(&spec, name, sizeof(name));
	assert_null(strstr(name, "bystander"));
	assert_null(strstr(name, "preempt"));
	spec.delivery = SYNC_THREAD;
	cell_benchmark_name(&spec, name, sizeof(name));
	assert_non_null(strstr(name, "/delivery:thread/oversubscribe"));
	cell_benchmark_name(&spec, cut, sizeof(cut));
	assert_int_equal(strlen(cut), sizeof(cut) - 1);
	memset(spec.trace, 't', sizeof(spec.trace) - 1);
	cell_benchmark_name(&spec, name, sizeof(name));
	assert_non_null(strstr(name, "/oversubscribe"));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_spec_survives_the_journey),
		cmocka_unit_test(test_a_member_that_is_missing_or_of_another_type_is_refused),
		cmocka_unit_test(test_a_text_that_is_too_long_is_refused),
		cmocka_unit_test(test_routing_has_names),
		cmocka_unit_test(test_delivery_has_names),
		cmocka_unit_test(test_disturbances_are_read),
		cmocka_unit_test(test_arrivals_are_read),
		cmocka_unit_test(test_injected_delays_are_read),
		cmocka_unit_test(test_service_times_are_read),
		cmocka_unit_test(test_doubtful_service_times_are_refused),
		cmocka_unit_test(test_what_cannot_be_run_is_refused_with_its_reason),
		cmocka_unit_test(test_devices_that_make_no_sense_are_refused),
		cmocka_unit_test(test_equal_cells_have_equal_names),
		cmocka_unit_test(test_different_cells_have_different_names),
		cmocka_unit_test(test_a_benchmark_name_is_a_path_of_keys_and_values),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
