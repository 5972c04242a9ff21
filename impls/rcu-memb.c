/* SPDX-License-Identifier: MIT */
/*
 * rcu-memb: the gate over liburcu's membarrier flavour.
 *
 * The ISR's side has no fence at all; the caller's grace period makes up for it
 * with membarrier(2), a system call that interrupts every running thread.
 */
#define _LGPL_SOURCE /* inline read side: liburcu allows it to code under this licence */
#include <urcu/urcu-memb.h>

#define gate_read_lock() urcu_memb_read_lock()
#define gate_read_unlock() urcu_memb_read_unlock()
#define gate_wait_for_readers() urcu_memb_synchronize_rcu()
#define gate_online() urcu_memb_register_thread()
#define gate_offline() urcu_memb_unregister_thread()
#define GATE_FLAVOUR memb
#define GATE_NAME "rcu-memb"
#define GATE_SUMMARY "RCU gate, membarrier(2) flavour: no fence in the ISR, a system call a section"
#define GATE_CAPABILITIES SYNC_CALLS_OS
#include "impls/rcu_gate.h"
