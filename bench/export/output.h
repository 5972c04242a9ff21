/* SPDX-License-Identifier: MIT */
/*
 * Where an export goes: standard output, one file, or a folder of files.  Files and folders are made aside and renamed, so that
 * they are there whole or not at all; nothing that is there is ever overwritten.
 */
#ifndef STORSYNC_BENCH_EXPORT_OUTPUT_H
#define STORSYNC_BENCH_EXPORT_OUTPUT_H

#include <stdbool.h>
#include <stdio.h>

#define EXPORT_ERROR_BYTES 640

struct export_output {
	char *target; /* NULL: standard output */
	char *aside;  /* what is renamed to it; NULL: nothing there */
	bool is_folder;
	unsigned files; /* written */
	FILE *file;   /* open now */
	char *error;  /* of EXPORT_ERROR_BYTES, the caller's: one line when something fails */
};

/* Whether a path is meant as a folder's: it is one, or ends in a slash. */
bool export_output_is_folder(const char *path);

/* 0 or -errno: -EEXIST when something is there, of which an empty folder is nothing. */
int export_output_open(struct export_output *o, const char *path, bool is_folder, char *error);

/* The file of that name in the folder, or the only one; NULL on failure.  To be closed by export_output_close(). */
FILE *export_output_file(struct export_output *o, const char *name);

/* 0 or -errno: only 0 means that everything was written. */
int export_output_close(struct export_output *o);

/* Stores it and puts it in its place.  0 or -errno.  Whatever it returns, and whenever it is not called, the output is to be finished. */
int export_output_commit(struct export_output *o);

/* Removes what is not in its place. */
void export_output_fini(struct export_output *o);

/* From the first call on, SIGINT, SIGTERM and SIGHUP are noted, not obeyed: what is half done has to go. 0 or the signal. */
void export_note_signals(void);
int export_interrupted(void);

#endif
