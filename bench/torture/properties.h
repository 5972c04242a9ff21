/* SPDX-License-Identifier: MIT */
/* The properties' entry points, for the table in properties.c. */
#ifndef STORSYNC_BENCH_TORTURE_PROPERTIES_H
#define STORSYNC_BENCH_TORTURE_PROPERTIES_H

#include "bench/torture/torture.h"

void torture_exclusion(struct torture_run *run);
void torture_return_value(struct torture_run *run);
void torture_no_lost(struct torture_run *run);
void torture_no_duplicate(struct torture_run *run);
void torture_prompt(struct torture_run *run);
void torture_irql(struct torture_run *run);
void torture_fifo(struct torture_run *run);
const char *torture_fifo_refusal(const struct torture_check *check);

void torture_integrity(struct torture_run *run);
const char *torture_integrity_refusal(const struct torture_check *check);

void torture_anywhere(struct torture_run *run);
const char *torture_anywhere_refusal(const struct torture_check *check);

void torture_progress(struct torture_run *run);
const char *torture_progress_refusal(const struct torture_check *check);

#endif
