/* SPDX-License-Identifier: MIT */
/*
 * rcu-qsbr: the gate over liburcu's quiescent-state flavour.
 *
 * A CPU counts as a reader only between going online and going offline again,
 * and here that is the ISR itself: a CPU outside an ISR then never delays a
 * grace period, however long it computes, and none has to promise to announce
 * quiescent states while it spins.  The price is a fence at either end of the ISR.
 */
#define _LGPL_SOURCE /* inline read side: liburcu allows it to code under this licence */
#include <urcu/urcu-qsbr.h>

#define gate_read_lock() urcu_qsbr_thread_online()
#define gate_read_unlock() urcu_qsbr_thread_offline()
#define gate_wait_for_readers() urcu_qsbr_synchronize_rcu()
#define gate_online() (urcu_qsbr_register_thread(), urcu_qsbr_thread_offline())
#define gate_offline() urcu_qsbr_unregister_thread()
#define GATE_FLAVOUR qsbr
#define GATE_NAME "rcu-qsbr"
#define GATE_SUMMARY "RCU gate, quiescent-state flavour: a CPU is a reader while it is in its ISR"
#define GATE_CAPABILITIES 0
#include "impls/rcu_gate.h"
