/* SPDX-License-Identifier: MIT */
/*
 * A cell: one combination of back end, machine, workload and options, as it is measured in one process.
 *
 * It travels to that process as JSON.
 */
#ifndef STORSYNC_BENCH_CELL_SPEC_H
#define STORSYNC_BENCH_CELL_SPEC_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/cell/fault_list.h"
#include "hba_sim/devices/block_stamp.h"
#include "hba_sim/devices/devices.h"
#include "hba_sim/machine/sync_ops.h"

#define CELL_ID_BYTES 17
#define CELL_CPUS_MAX DEVICE_CPUS_MAX
/* When nobody says. */
#define CELL_DEVICE "virtio-scsi"
#define CELL_COALESCE_COUNT_MAX 1024
#define CELL_COALESCE_NS_MAX 1000000000
/* Beyond this a bystander would be most of the load. */
#define CELL_BYSTANDER_HZ_MAX 1000000
#define CELL_ARRIVAL_HZ_MAX 100000000
#define CELL_INJECT_NS_MAX 1000000
#define CELL_TIMEOUT_MS_MAX 60000

/* When I/Os are submitted; a trace has its own way, by trace_speed. */
enum cell_arrival {
	ARRIVAL_CLOSED,   /* when one is back: as many in flight as the queue depth */
	ARRIVAL_PERIODIC, /* at even intervals, whether or not the one before is back */
	ARRIVAL_POISSON,  /* likewise, at exponentially distributed intervals */
};

struct cell_spec {
	char backend[32];
	char device[32];       /* a device model's name */
	enum device_transport transport;
	uint64_t queues;       /* of requests; a CPU uses that of its number */
	uint64_t vectors;      /* messages; 0: interrupts by the line */
	bool message_locks;    /* a lock for each message, else one for all */
	uint64_t coalesce_count; /* an interrupt when so many completions wait; 0: however many */
	uint64_t coalesce_ns;  /* or when the first has waited so long; 0: no waiting */
	enum sync_delivery delivery;
	uint64_t cpus;
	enum irq_routing routing;
	bool half_duplex;
	bool completion_dpc;
	bool dpc_redirection;  /* the miniport asks that a completion goes to the CPU that submitted it */
	uint64_t channels;     /* ConcurrentChannels; 0: as many as CPUs */
	uint64_t queue_depth;  /* I/Os in flight a CPU */
	uint64_t section_ns;   /* work added to the synchronized routine */
	uint64_t think_ns;     /* work between two submissions; in an open loop the next may be due meanwhile, and is late */
	char service_time[48]; /* as service_time_parse has it */
	uint64_t io_bytes;
	enum lun_data data;
	char trace[512];       /* path, "" for the closed-loop workload */
	double trace_speed;    /* INFINITY: as fast as it goes */
	enum cell_arrival arrival;
	uint64_t arrival_hz;   /* I/Os a second and CPU; 0 in the closed loop */
	bool inject;           /* add a calibrated delay to every synchronized routine, */
	uint64_t inject_ns;    /* of so much, 0 included: a known effect, for checking comparisons */
	uint64_t duration_ns;
	uint64_t warmup_ns;     /* at least so long before the window, */
	uint64_t warmup_max_ns; /* and at most so long when the load is not steady before */
	bool oversubscribe;
	bool verify;           /* the verifier is on: what is measured is its time as well */
	uint64_t bystander_hz; /* unrelated interrupts of each kind, a second and CPU; 0: none */
	uint64_t preempt_hz;   /* times a second that each CPU is taken away inside a section; 0: never */
	uint64_t preempt_ns;   /* for so long */
	char miniport[512];          /* absolute path, "" for the built-in one */
	char miniport_argument[128]; /* its argument string; "": as the built-in one's */
	uint64_t histogram_digits; /* significant digits of histogram.csv's buckets: 2 or 3 */
	char faults[FAULT_LIST_BYTES]; /* as fault_list_parse has it; "": none */
	uint64_t timeout_ms;   /* with faults: a request that is out longer has the bus reset; 0: none is ever overdue */
	uint64_t seed;
};

/* Names in CSV and on the command line. */
const char *cell_routing_name(enum irq_routing routing);
int cell_routing_parse(const char *name, enum irq_routing *routing);

/* "closed", "periodic:50k" or "poisson:50k", I/Os a second and CPU; 0 or -EINVAL with a line in `error`. */
const char *cell_arrival_name(enum cell_arrival arrival);
int cell_arrival_parse(const char *text, struct cell_spec *spec, char *error, size_t error_bytes);

/* "off", or the delay: "0", "20ns"; 0 or -EINVAL with a line in `error`. */
int cell_inject_parse(const char *text, struct cell_spec *spec, char *error, size_t error_bytes);

/* "2k", interrupts a second, or "0"; 0 or -EINVAL with a line in `error`. */
int cell_bystander_parse(const char *text, uint64_t *hz, char *error, size_t error_bytes);

/*
 * "1k/50us", times a second and for how long, or "0"; 0 or -EINVAL with a line
 * in `error`.  What would leave a CPU no time at all is refused.
 */
int cell_preempt_parse(const char *text, uint64_t *hz, uint64_t *ns, char *error, size_t error_bytes);

/* "5us", "exp:20us", "bimodal:5us/200us/1%", as ns in `time`; 0 or -EINVAL with a line in `error`. */
int cell_service_time_parse(const char *text, struct service_time *time, char *error, size_t error_bytes);

/* A name for everything but the seed: equal for equal cells in any run. */
void cell_id(const struct cell_spec *spec, char id[CELL_ID_BYTES]);

/* The same as a path of key:value parts, for Google Benchmark's JSON. */
void cell_benchmark_name(const struct cell_spec *spec, char *name, size_t name_bytes);

/* What the cell wants of its device, but for its LUNs, its service time and its seed; times in ns where the device wants ticks. */
struct device_params cell_device_params(const struct cell_spec *spec);

/*
 * Why the combination cannot be run; NULL when it can.  `usable_cores` are
 * those that placement found.  The text completes "skipped: ...".
 */
const char *cell_refusal(const struct cell_spec *spec, unsigned usable_cores);

/* To JSON and back; NULL or -EINVAL when memory or form fail. */
json_t *cell_spec_to_json(const struct cell_spec *spec);
int cell_spec_from_json(const json_t *json, struct cell_spec *spec);

#endif
