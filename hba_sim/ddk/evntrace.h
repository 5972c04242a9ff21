/* SPDX-License-Identifier: MIT */
/* Event tracing, which is not simulated: the levels alone. Source: Microsoft's public reference of event tracing. */
#ifndef STORSYNC_HBA_SIM_DDK_EVNTRACE_H
#define STORSYNC_HBA_SIM_DDK_EVNTRACE_H

#define TRACE_LEVEL_NONE 0
#define TRACE_LEVEL_CRITICAL 1
#define TRACE_LEVEL_FATAL 1
#define TRACE_LEVEL_ERROR 2
#define TRACE_LEVEL_WARNING 3
#define TRACE_LEVEL_INFORMATION 4
#define TRACE_LEVEL_VERBOSE 5

#endif /* STORSYNC_HBA_SIM_DDK_EVNTRACE_H */
