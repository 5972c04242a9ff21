/* SPDX-License-Identifier: MIT */
/* The database; see store.h. */
#define _GNU_SOURCE
#include "bench/history/store.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/*
 * `keys` is a JSON object of those key columns of summary.csv that are not empty, in their order.  `packed` has a double for each invocation,
 * IEEE 754, little endian, NaN where there is no value: a series reads one figure of thousands of samples, and so each has a row
 * of its own, beside the same figure of the others.
 * `invocations` is a JSON array of [block, invocation, status, gate codes], in the order of `packed`.
 */
static const char *const tables[] = {
	"CREATE TABLE runs(id INTEGER PRIMARY KEY, run_id TEXT NOT NULL UNIQUE, created_utc TEXT NOT NULL, host TEXT NOT NULL, "
	"build TEXT NOT NULL, matrix TEXT NOT NULL, checksum TEXT NOT NULL, cells INTEGER NOT NULL, invocations INTEGER NOT NULL, "
	"not_ok INTEGER NOT NULL, gated INTEGER NOT NULL, skipped INTEGER NOT NULL) STRICT",
	"CREATE TABLE parts(run_id TEXT NOT NULL, run INTEGER NOT NULL REFERENCES runs, PRIMARY KEY(run_id, run)) STRICT, WITHOUT ROWID",
	"CREATE TABLE cells(id INTEGER PRIMARY KEY, keys TEXT NOT NULL UNIQUE) STRICT",
	"CREATE TABLE samples(id INTEGER PRIMARY KEY, cell INTEGER NOT NULL REFERENCES cells, host TEXT NOT NULL, "
	"run INTEGER NOT NULL REFERENCES runs, count INTEGER NOT NULL, not_ok INTEGER NOT NULL, gated INTEGER NOT NULL, "
	"invocations TEXT NOT NULL, UNIQUE(cell, host, run)) STRICT",
	"CREATE TABLE figures(figure TEXT NOT NULL, sample INTEGER NOT NULL REFERENCES samples, packed BLOB NOT NULL, "
	"PRIMARY KEY(figure, sample)) STRICT, WITHOUT ROWID",
	"CREATE INDEX runs_by_time ON runs(created_utc, run_id)",
};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

/* Of the file's header, by the format's description. */
#define HEADER_BYTES 100
#define WRITE_VERSION_AT 18
#define USER_VERSION_AT 60
#define APPLICATION_ID_AT 68

static int refuse(const char *path, int error, char *line, const char *what)
{
	snprintf(line, HISTORY_ERROR_BYTES, "%s: %s", path, what);
	return error;
}

int history_failed(struct history *history, char *error)
{
	int code = sqlite3_errcode(history->db) & 0xff;
	const char *said = sqlite3_errmsg(history->db);
	int status = -EIO;

	if (code == SQLITE_BUSY || code == SQLITE_LOCKED) {
		snprintf(error, HISTORY_ERROR_BYTES, "%s: another process is writing to it, and still is after %.3g s; nothing was changed",
			 history->path, (double)history->wait_ns / 1e9);
		return -EBUSY;
	}
	if (code == SQLITE_CORRUPT || code == SQLITE_NOTADB || code == SQLITE_ERROR)
		status = -EINVAL;
	else if (code == SQLITE_NOMEM)
		status = -ENOMEM;
	else if (code == SQLITE_FULL)
		status = -ENOSPC;
	else if (code == SQLITE_READONLY || code == SQLITE_PERM)
		status = -EACCES;
	snprintf(error, HISTORY_ERROR_BYTES, "%s: %s%s", history->path, status == -EINVAL ? "a damaged history: " : "", said);
	return status;
}

sqlite3_stmt *history_prepare(struct history *history, const char *sql, char *error)
{
	sqlite3_stmt *statement = NULL;

	if (sqlite3_prepare_v2(history->db, sql, -1, &statement, NULL) != SQLITE_OK)
		history_failed(history, error);
	return statement;
}

/* A statement that gives nothing out. */
static int execute(struct history *history, const char *sql, char *error)
{
	return sqlite3_exec(history->db, sql, NULL, NULL, NULL) == SQLITE_OK ? 0 : history_failed(history, error);
}

/* --- the file, before SQLite sees it --- */

static uint32_t big_endian(const unsigned char *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

static int judge_version(const char *path, uint32_t version, char *error)
{
	char what[160];

	if (version == HISTORY_VERSION)
		return 0;
	snprintf(what, sizeof(what), "a history of version %" PRIu32 ", and this storsync knows version %d; use the storsync that wrote it",
		 version, HISTORY_VERSION);
	return refuse(path, -EINVAL, error, what);
}

static int judge_header(const char *path, const unsigned char header[HEADER_BYTES], char *error)
{
	uint32_t application = big_endian(&header[APPLICATION_ID_AT]);
	char what[160];

	if (memcmp(header, "SQLite format 3", sizeof("SQLite format 3")) != 0)
		return refuse(path, -EINVAL, error, "not a history: no SQLite database at all; choose another name");
	if (application != HISTORY_APPLICATION_ID) {
		snprintf(what, sizeof(what), "not a history, but another program's database (application id %" PRIu32 "); choose another name",
			 application);
		return refuse(path, -EINVAL, error, what);
	}
	if (header[WRITE_VERSION_AT] != 1 || header[WRITE_VERSION_AT + 1] != 1)
		return refuse(path, -EINVAL, error,
			      "a history that was changed to keep a write-ahead log; PRAGMA journal_mode = DELETE, in sqlite3, undoes that");
	return judge_version(path, big_endian(&header[USER_VERSION_AT]), error);
}

/* 0, and then *empty says whether there is nothing in it; -ENOENT; or as history_open(). */
static int look(const char *path, bool *empty, char *error)
{
	unsigned char header[HEADER_BYTES] = { 0 };
	/* A FIFO would be waited for. */
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	struct stat stat;
	ssize_t got;
	int status;

	*empty = false;
	if (fd < 0)
		return refuse(path, -errno, error, strerror(errno));
	got = fstat(fd, &stat) || !S_ISREG(stat.st_mode) ? -1 : pread(fd, header, sizeof(header), 0);
	*empty = got == 0;
	if (got < 0)
		status = refuse(path, -EINVAL, error, "not a history: not a file that can be read");
	else
		status = got ? judge_header(path, header, error) : 0;
	close(fd);
	return status;
}

/* --- what SQLite says of it --- */

static int number_of(struct history *history, const char *pragma, int64_t *number, char *error)
{
	sqlite3_stmt *statement = history_prepare(history, pragma, error);
	int status = 0;

	if (!statement)
		return -EINVAL;
	if (sqlite3_step(statement) == SQLITE_ROW)
		*number = sqlite3_column_int64(statement, 0);
	else
		status = history_failed(history, error);
	sqlite3_finalize(statement);
	return status;
}

static int create_tables(struct history *history, char *error)
{
	char pragma[64];
	int status;

	snprintf(pragma, sizeof(pragma), "PRAGMA application_id = %d", HISTORY_APPLICATION_ID);
	status = execute(history, pragma, error);
	snprintf(pragma, sizeof(pragma), "PRAGMA user_version = %d", HISTORY_VERSION);
	if (!status)
		status = execute(history, pragma, error);
	for (size_t i = 0; i < TABLES && !status; i++)
		status = execute(history, tables[i], error);
	return status;
}

/* Tables, indices, views and triggers are ours and no others. */
static int check_tables(struct history *history, char *error)
{
	sqlite3_stmt *statement = history_prepare(history, "SELECT sql FROM sqlite_schema WHERE sql NOT NULL ORDER BY rowid", error);
	size_t count = 0;
	int status = 0;
	int step;

	if (!statement)
		return -EINVAL;
	while ((step = sqlite3_step(statement)) == SQLITE_ROW) {
		const char *sql = (const char *)sqlite3_column_text(statement, 0);

		if (!sql || count == TABLES || strcmp(sql, tables[count]) != 0)
			break;
		count++;
	}
	if (step != SQLITE_DONE && step != SQLITE_ROW)
		status = history_failed(history, error);
	else if (step == SQLITE_ROW || count != TABLES)
		status = refuse(history->path, -EINVAL, error, "a damaged history: its tables are not those of one");
	sqlite3_finalize(statement);
	return status;
}

static int check_pages(struct history *history, char *error)
{
	sqlite3_stmt *statement = history_prepare(history, "PRAGMA quick_check(1)", error);
	const char *said;
	int status = 0;

	if (!statement)
		return -EINVAL;
	if (sqlite3_step(statement) != SQLITE_ROW) {
		status = history_failed(history, error);
	} else {
		said = (const char *)sqlite3_column_text(statement, 0);
		if (!said || strcmp(said, "ok") != 0) {
			/* It may take several lines. */
			snprintf(error, HISTORY_ERROR_BYTES, "%s: a damaged history: %.*s", history->path,
				 (int)strcspn(said ? said : "", "\n"), said ? said : "");
			status = -EINVAL;
		}
	}
	sqlite3_finalize(statement);
	return status;
}

/* Once more inside a transaction: what look() saw may have been half of what a killed process wrote. */
static int check(struct history *history, bool *empty, char *error)
{
	int64_t pages = 0, application = 0, version = 0;
	int status = number_of(history, "PRAGMA page_count", &pages, error);

	*empty = !status && !pages;
	if (status || !pages)
		return status;
	status = number_of(history, "PRAGMA application_id", &application, error);
	if (!status)
		status = number_of(history, "PRAGMA user_version", &version, error);
	if (!status && application != HISTORY_APPLICATION_ID)
		status = refuse(history->path, -EINVAL, error, "not a history, but another program's database; choose another name");
	if (!status)
		status = judge_version(history->path, (uint32_t)version, error);
	if (!status)
		status = check_tables(history, error);
	return status ? status : check_pages(history, error);
}

/* --- opening --- */

static int open_database(struct history *history, int flags, char *error)
{
	/* SQLite takes some names, such as ":memory:", for something else than a file's. */
	char *name = NULL;
	int opened;

	if (asprintf(&name, "%s%s", history->path[0] == '/' ? "" : "./", history->path) < 0)
		return refuse(history->path, -ENOMEM, error, "out of memory");
	opened = sqlite3_open_v2(name, &history->db, flags | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE, NULL);
	free(name);
	if (!history->db)
		return refuse(history->path, -ENOMEM, error, "out of memory");
	if (opened != SQLITE_OK)
		return history_failed(history, error);
	sqlite3_busy_timeout(history->db, (int)(history->wait_ns / 1000000));
	sqlite3_db_config(history->db, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(history->db, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	/* Pages go to the file on commit only, the first one first: whoever looks at the header sees none or all of it. */
	return execute(history, "PRAGMA foreign_keys = ON; PRAGMA cache_spill = OFF", error);
}

/* Whether it failed for what only a writer may mend: the journal of a process that was killed. */
static bool needs_a_writer(struct history *history)
{
	int code = history->db ? sqlite3_extended_errcode(history->db) : SQLITE_OK;

	return code == SQLITE_READONLY_ROLLBACK || code == SQLITE_READONLY_RECOVERY || (code & 0xff) == SQLITE_CANTOPEN;
}

static int open_for(struct history *history, int flags, bool *empty, char *error)
{
	int status = open_database(history, flags, error);

	if (!status)
		status = execute(history, "BEGIN", error);
	if (!status)
		status = check(history, empty, error);
	return status;
}

static int open_checked(struct history *history, enum history_use use, bool *empty, char *error)
{
	int status;

	if (use == HISTORY_ADD) {
		status = open_for(history, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, empty, error);
		return status ? status : execute(history, "COMMIT", error);
	}
	status = open_for(history, SQLITE_OPEN_READONLY, empty, error);
	if (status && needs_a_writer(history)) {
		sqlite3_close(history->db);
		history->db = NULL;
		status = open_for(history, SQLITE_OPEN_READWRITE, empty, error);
	}
	return status;
}

int history_open(struct history *history, const char *path, enum history_use use, uint64_t wait_ns, char *error)
{
	bool empty;
	int status = look(path, &empty, error);

	if (status && !(use == HISTORY_ADD && status == -ENOENT))
		return status == -ENOENT ? refuse(path, status, error, "there is no history; `storsync history add` begins one") : status;
	*history = (struct history){ .path = strdup(path), .wait_ns = wait_ns };
	if (!history->path)
		return refuse(path, -ENOMEM, error, "out of memory");
	if (!(empty && use == HISTORY_READ))
		status = open_checked(history, use, &empty, error);
	if (!status && empty && use == HISTORY_READ)
		status = refuse(path, -ENOENT, error, "an empty file, no history yet; `storsync history add` begins one");
	if (status)
		history_close(history);
	return status;
}

void history_close(struct history *history)
{
	sqlite3_close(history->db);
	free(history->path);
	*history = (struct history){ 0 };
}

/* --- writing --- */

int history_begin(struct history *history, char *error)
{
	int64_t laid_out = 0;
	int status = execute(history, "BEGIN IMMEDIATE", error);

	if (status)
		return status;
	status = number_of(history, "SELECT count(*) FROM sqlite_schema", &laid_out, error);
	if (!status && !laid_out)
		status = create_tables(history, error);
	if (status)
		history_rollback(history);
	return status;
}

int history_commit(struct history *history, char *error)
{
	int status = execute(history, "COMMIT", error);

	if (status)
		history_rollback(history);
	return status;
}

void history_rollback(struct history *history)
{
	if (!sqlite3_get_autocommit(history->db))
		sqlite3_exec(history->db, "ROLLBACK", NULL, NULL, NULL);
}
