/* SPDX-License-Identifier: MIT */
/*
 * A scatter list, as a device model sees the memory a driver gave it, and a
 * cursor that walks it without ever leaving it. Segments may have any length
 * and alignment, zero included: a driver may cut a block anywhere.
 */
#ifndef STORSYNC_HBA_SIM_DEVICES_SIM_IOV_H
#define STORSYNC_HBA_SIM_DEVICES_SIM_IOV_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct sim_iov {
	void *base;
	size_t bytes;
};

struct sim_iov_cursor {
	const struct sim_iov *segment;
	size_t segments;	/* left, the current one included */
	size_t offset_bytes;	/* into the current one */
};

static inline struct sim_iov_cursor sim_iov_begin(const struct sim_iov *iov,
						  size_t n)
{
	return (struct sim_iov_cursor){ .segment = iov, .segments = n };
}

/* Bytes in the whole list; saturates instead of wrapping. */
static inline size_t sim_iov_total(const struct sim_iov *iov, size_t n)
{
	size_t total = 0;

	for (size_t i = 0; i < n; i++)
		if (__builtin_add_overflow(total, iov[i].bytes, &total))
			return SIZE_MAX;
	return total;
}

/*
 * The address of the next contiguous run of whole units (at most max_units, at
 * least one), and moves behind it. NULL, without moving, when the next unit
 * straddles a border or the list is at its end: sim_iov_gather() and
 * sim_iov_scatter() cope with either.
 */
static inline void *sim_iov_take(struct sim_iov_cursor *cursor,
				 size_t unit_bytes, size_t max_units,
				 size_t *units)
{
	while (cursor->segments) {
		const struct sim_iov *segment = cursor->segment;
		size_t left = segment->bytes - cursor->offset_bytes;
		size_t n = left / unit_bytes;

		if (left) {
			void *run = (char *)segment->base + cursor->offset_bytes;

			if (n > max_units)
				n = max_units;
			if (!n)
				return NULL;
			cursor->offset_bytes += n * unit_bytes;
			*units = n;
			return run;
		}
		cursor->segment++;
		cursor->segments--;
		cursor->offset_bytes = 0;
	}
	return NULL;
}

/* Copies out of the list; returns the bytes copied, fewer only at its end. */
static inline size_t sim_iov_gather(struct sim_iov_cursor *cursor, void *to,
				    size_t bytes)
{
	size_t done = 0, n = 0;
	const void *from;

	while (done < bytes &&
	       (from = sim_iov_take(cursor, 1, bytes - done, &n))) {
		memcpy((char *)to + done, from, n);
		done += n;
	}
	return done;
}

/* Copies into the list; returns the bytes copied, fewer only at its end. */
static inline size_t sim_iov_scatter(struct sim_iov_cursor *cursor,
				     const void *from, size_t bytes)
{
	size_t done = 0, n = 0;
	void *to;

	while (done < bytes &&
	       (to = sim_iov_take(cursor, 1, bytes - done, &n))) {
		memcpy(to, (const char *)from + done, n);
		done += n;
	}
	return done;
}

/* Moves on without touching memory; returns the bytes skipped. */
static inline size_t sim_iov_skip(struct sim_iov_cursor *cursor, size_t bytes)
{
	size_t done = 0, n = 0;

	while (done < bytes && sim_iov_take(cursor, 1, bytes - done, &n))
		done += n;
	return done;
}

#endif
