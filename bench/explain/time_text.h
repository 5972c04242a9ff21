/* SPDX-License-Identifier: MIT */
/* Times as people say them. */
#ifndef STORSYNC_BENCH_EXPLAIN_TIME_TEXT_H
#define STORSYNC_BENCH_EXPLAIN_TIME_TEXT_H

#define TIME_TEXT_BYTES 32

/* The size of a time in ns, its sign left out: "412 ns", "20.9 us", "1.25 ms".  Returns `text`. */
const char *time_text(char text[TIME_TEXT_BYTES], double ns);

#endif
