/* SPDX-License-Identifier: MIT */
/* `storsync verifier`: the rules that `storsync run --verify` holds a miniport to. */
#ifndef STORSYNC_BENCH_CLI_VERIFIER_RULES_H
#define STORSYNC_BENCH_CLI_VERIFIER_RULES_H

int verifier_main(int argc, char **argv);

#endif
