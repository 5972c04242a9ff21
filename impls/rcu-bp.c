/* SPDX-License-Identifier: MIT */
/*
 * rcu-bp: the gate over liburcu's bullet-proof flavour.
 *
 * As rcu-memb, but a thread registers itself the first time it reads, which the
 * read side has to check for; it exists for code that does not own its threads.
 */
#define _LGPL_SOURCE /* inline read side: liburcu allows it to code under this licence */
#include <urcu/urcu-bp.h>

#define gate_read_lock() urcu_bp_read_lock()
#define gate_read_unlock() urcu_bp_read_unlock()
#define gate_wait_for_readers() urcu_bp_synchronize_rcu()
#define gate_online() urcu_bp_register_thread()
#define gate_offline() urcu_bp_unregister_thread()
#define GATE_FLAVOUR bp
#define GATE_NAME "rcu-bp"
#define GATE_SUMMARY "RCU gate, bullet-proof flavour: threads need no registration"
#define GATE_CAPABILITIES SYNC_CALLS_OS
#include "impls/rcu_gate.h"
