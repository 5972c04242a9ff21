/* SPDX-License-Identifier: MIT */
/* mutex-inherit: a holder has the priority of the highest that waits for it; see pthread_mutex.h. */
#define _GNU_SOURCE
#include <pthread.h>

#define MUTEX_NAME "mutex-inherit"
#define MUTEX_SYMBOL sync_backend_mutex_inherit
#define MUTEX_SUMMARY "POSIX mutex with priority inheritance, as PREEMPT_RT's"
#define MUTEX_PROTOCOL PTHREAD_PRIO_INHERIT
#define MUTEX_CAPABILITIES (SYNC_SLEEPS | SYNC_CALLS_OS)
#include "impls/pthread_mutex.h"
