/* SPDX-License-Identifier: MIT */
/* mutex-none: a holder keeps its priority, and what lies between it and the ISR's prolongs the wait; see pthread_mutex.h. */
#define _GNU_SOURCE
#include <pthread.h>

#define MUTEX_NAME "mutex-none"
#define MUTEX_SYMBOL sync_backend_mutex_none
#define MUTEX_SUMMARY "POSIX mutex, no priority protocol: open to priority inversion"
#define MUTEX_PROTOCOL PTHREAD_PRIO_NONE
#define MUTEX_CAPABILITIES (SYNC_SLEEPS | SYNC_CALLS_OS)
#include "impls/pthread_mutex.h"
