/* SPDX-License-Identifier: MIT */
/* Folders for tests to write into: under $TMPDIR, else /tmp, and gone with all in them when the program ends at the latest. */
#ifndef STORSYNC_TESTS_UNIT_TEMP_FOLDER_H
#define STORSYNC_TESTS_UNIT_TEMP_FOLDER_H

/* A $TMPDIR that leaves no room for a name counts as none. */
#define TEMP_FOLDER_BYTES 64

/* Makes an empty one, whose path goes into `folder`; 0, or -1 with errno set. */
int temp_folder_make(char folder[TEMP_FOLDER_BYTES]);

/* Removes it, or any other folder, with all in it; 0, or -1 with errno set. */
int temp_folder_remove(const char *folder);

#endif
