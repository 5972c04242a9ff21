/* SPDX-License-Identifier: MIT */
/* Where a history is when nobody says so. */
#ifndef STORSYNC_BENCH_HISTORY_LOCATION_H
#define STORSYNC_BENCH_HISTORY_LOCATION_H

/*
 * `named`, else $STORSYNC_HISTORY, else storsync/history.sqlite in $XDG_DATA_HOME, which must be absolute, else in ~/.local/share
 * (freedesktop.org, "XDG Base Directory Specification" 0.8).  To be freed; NULL when there is no HOME either, or no memory.
 */
char *history_location(const char *named);

/* Makes the folders above the default; nothing when a name was given.  0 or -errno. */
int history_location_prepare(const char *named, const char *path);

#endif
