/* SPDX-License-Identifier: MIT */
/*
 * The one list of what is measured as a distribution of nanoseconds. The
 * recorder indexes its histograms by these, the CSV schemas derive their
 * columns from them. What each interval means: docs on measuring, "Stages".
 */
#ifndef STORSYNC_BENCH_INSTRUMENTS_METRIC_H
#define STORSYNC_BENCH_INSTRUMENTS_METRIC_H

/* X(enumerator suffix, name in CSV files, description) */

/* Those with columns of their own in summary.csv, in its order. */
#define METRICS_OF_SUMMARY(X) \
	X(ISR_LATENCY, isr_latency, "interrupt asserted to ISR entered") \
	X(ISR_MASKED, isr_masked, "part of isr_latency refused by IRQL or a gate") \
	X(ISR_DELIVERY, isr_delivery, "rest of isr_latency up to taken") \
	X(ISR_ACQUIRE, isr_acquire, "interrupt taken to exclusive access held") \
	X(ISR_SERVICE, isr_service, "ISR entered to access released") \
	X(DEVICE_MODEL, device_model, "the model's own cost of publishing a completion") \
	X(SYNC_WAIT, sync_wait, "synchronized call made to routine entered") \
	X(SYNC_HOLD, sync_hold, "routine entered to routine returned") \
	X(RESPONSE, response, "intended start of an I/O to its completion") \
	X(SERVICE, service, "actual start of an I/O to its completion") \
	X(BYSTANDER_HIGH, bystander_high, "latency of an unrelated interrupt at a higher DIRQL") \
	X(BYSTANDER_LOW, bystander_low, "latency of an unrelated interrupt at a lower DIRQL")

/* Those whose columns came later: at the end of summary.csv. */
#define METRICS_APPENDED(X) \
	X(SYNC_RELEASE, sync_release, "routine returned to back in the caller")

/* Those in latency.csv and histogram.csv only. */
#define METRICS_DISTRIBUTION_ONLY(X) \
	X(SECTION, section, "work actually done in a critical section")

#define METRICS(X) \
	METRICS_OF_SUMMARY(X) \
	METRICS_APPENDED(X) \
	METRICS_DISTRIBUTION_ONLY(X)

enum metric {
#define METRIC_ENUMERATOR(id, name, description) METRIC_##id,
	METRICS(METRIC_ENUMERATOR)
#undef METRIC_ENUMERATOR
	METRIC_COUNT
};

/* The name as it stands in CSV files, or NULL if there is no such metric. */
static inline const char *metric_name(enum metric metric)
{
	static const char *const names[] = {
#define METRIC_NAME(id, name, description) #name,
		METRICS(METRIC_NAME)
#undef METRIC_NAME
	};

	return (unsigned int)metric < METRIC_COUNT ? names[metric] : (const char *)0;
}

#endif
