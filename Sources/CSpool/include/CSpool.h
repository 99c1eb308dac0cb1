#ifndef CSPOOL_H
#define CSPOOL_H

// The Linux system calls of the spool that Swift's Glibc module leaves out: variadic ones and those behind _GNU_SOURCE.
// Each returns what the call returns, and leaves its reason in errno.

/// O_PATH: a directory that may be entered and written but not listed can still be opened with it.
extern const int cspool_o_path;

/// renameat2(2) with RENAME_NOREPLACE.
int cspool_rename_noreplace(int from_directory, const char *from, int to_directory, const char *to);

/// openat2(2) with every RESOLVE_ restriction, so that nothing but an entry of the directory itself can be opened;
/// openat(2) with the same flags where the kernel or a sandbox has no openat2.
int cspool_open_beneath(int directory, const char *name, int flags);

/// syncfs(2).
int cspool_syncfs(int descriptor);

/// getxattr(2).
long cspool_getxattr(const char *path, const char *name, void *value, unsigned long size);

#endif
