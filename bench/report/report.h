/* SPDX-License-Identifier: MIT */
/* `storsync report`: one self-contained HTML file from a finished run. */
#ifndef STORSYNC_BENCH_REPORT_REPORT_H
#define STORSYNC_BENCH_REPORT_REPORT_H

int report_main(int argc, char **argv);

#endif
