/* SPDX-License-Identifier: MIT */
/*
 * The file in which runs are kept: an SQLite database of our own, https://www.sqlite.org/fileformat2.html.
 *
 * Nothing is ever done to a file that is not one: its header is read first, by plain reads, and only what has our application id and a
 * version that is known is given to SQLite at all.  The database keeps a rollback journal, so that after a write there is one
 * file and no other.
 */
#ifndef STORSYNC_BENCH_HISTORY_STORE_H
#define STORSYNC_BENCH_HISTORY_STORE_H

#include <stddef.h>
#include <stdint.h>

struct sqlite3;
struct sqlite3_stmt;

#define HISTORY_APPLICATION_ID 0x73745348 /* "stSH" */
#define HISTORY_VERSION 1
#define HISTORY_ERROR_BYTES 1024

enum history_use { HISTORY_READ, HISTORY_ADD };

struct history {
	struct sqlite3 *db;
	char *path;
	uint64_t wait_ns; /* how long to wait for another process that writes */
};

/*
 * Opens what is at `path` and looks whether it is a sound history.  HISTORY_READ writes nothing, except that it takes back what a
 * process that was killed had begun to write; all that is read until history_close() is of one state.  HISTORY_ADD creates the file if need be.
 *
 * 0; -ENOENT: there is none, or nothing in it; -EINVAL: damaged, another program's, or of a newer version, and left as it is; -EBUSY:
 * another process writes; or another -errno.  `error`, of HISTORY_ERROR_BYTES, then has one line that names the file; nothing is to be closed.
 */
int history_open(struct history *history, const char *path, enum history_use use, uint64_t wait_ns, char *error);
void history_close(struct history *history);

/* Begins to write: waits for others, and lays the tables out in an empty file.  0 or as history_open(). */
int history_begin(struct history *history, char *error);

/* Keeps all that was written since, or nothing.  0 or as history_open(). */
int history_commit(struct history *history, char *error);
void history_rollback(struct history *history);

/* A statement, to be given to sqlite3_finalize(); NULL with a line in `error`. */
struct sqlite3_stmt *history_prepare(struct history *history, const char *sql, char *error);

/* The -errno for what SQLite says last, with a line in `error`. */
int history_failed(struct history *history, char *error);

#endif
