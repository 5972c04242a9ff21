/* SPDX-License-Identifier: MIT */
/*
 * rcu-mb: the gate over liburcu's memory-barrier flavour.
 *
 * Fences on both sides: the ISR pays one at its entry and one at its exit, and
 * the grace period needs no system call when nobody is inside.
 */
#define _LGPL_SOURCE /* inline read side: liburcu allows it to code under this licence */
#include <urcu/urcu-mb.h>

#define gate_read_lock() urcu_mb_read_lock()
#define gate_read_unlock() urcu_mb_read_unlock()
#define gate_wait_for_readers() urcu_mb_synchronize_rcu()
#define gate_online() urcu_mb_register_thread()
#define gate_offline() urcu_mb_unregister_thread()
#define GATE_FLAVOUR mb
#define GATE_NAME "rcu-mb"
#define GATE_SUMMARY "RCU gate, memory-barrier flavour: a fence in the ISR, the cheapest grace period"
#define GATE_CAPABILITIES 0
#include "impls/rcu_gate.h"
