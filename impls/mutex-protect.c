/* SPDX-License-Identifier: MIT */
/* mutex-protect: a holder has the ceiling, the highest priority of all users, from the begin; see pthread_mutex.h. */
#define _GNU_SOURCE
#include <pthread.h>

#define MUTEX_NAME "mutex-protect"
#define MUTEX_SYMBOL sync_backend_mutex_protect
#define MUTEX_SUMMARY "POSIX mutex with a priority ceiling"
#define MUTEX_PROTOCOL PTHREAD_PRIO_PROTECT
#define MUTEX_CAPABILITIES (SYNC_SLEEPS | SYNC_CALLS_OS | SYNC_CEILING)
#include "impls/pthread_mutex.h"
