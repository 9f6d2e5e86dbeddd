/* files.h -- files and directories of the host, written so that a reader never sees half of one. */
#ifndef COVM_FILES_H
#define COVM_FILES_H

#include "hwsim/base/base.h"
#include "lab/text.h"

/* Each tells what went wrong on standard error, and returns false. */

/* Renaming would put a file in the place of a device: false where there is anything but a regular file. */
bool files_may_replace(const char *path);
/* `made`, or a name that it is written under first, must not be what it is made from: false
 * then. `from` NULL: nothing. */
bool files_may_make(const char *made, const char *from);
/* Can a file be made there, under another name first, and take its own? Tried; nothing is left of that. */
bool files_can_make(const char *path);
/* Writes the file under another name, and renames it. What is there and is no regular file (/dev/stdout) is written to. */
bool files_write(const char *path, const struct text *text);
/* With all directories above it; one that is there is fine. */
bool files_make_directory(const char *path);
/* Removes the file or directory and all that is in it; nothing there is fine. */
bool files_remove_tree(const char *path);

/* The directory that the path's last name is in, to be freed. */
char *files_parent(const char *path);
/* Do both paths lead to one file or directory, which is there? */
bool files_are_same(const char *a, const char *b);
/* No entries; false, silently, where it cannot be read. */
bool files_is_empty(const char *path);
/* The space on disk of the directory and the files in it, but not of what is below folders in it; 0 where it cannot be
 * read. */
uint64_t files_bytes(const char *path);

#endif
