#define _GNU_SOURCE
#include "CSpool.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

const int cspool_o_path = O_PATH;

int cspool_rename_noreplace(int from_directory, const char *from, int to_directory, const char *to) {
  return renameat2(from_directory, from, to_directory, to, RENAME_NOREPLACE);
}

int cspool_open_beneath(int directory, const char *name, int flags) {
  struct open_how how = {
      .flags = (unsigned long long)flags,
      .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS | RESOLVE_NO_XDEV,
  };
  int descriptor = (int)syscall(SYS_openat2, directory, name, &how, sizeof how);
  if (descriptor >= 0 || (errno != ENOSYS && errno != EPERM)) return descriptor;
  return openat(directory, name, flags);
}

int cspool_syncfs(int descriptor) { return syncfs(descriptor); }

long cspool_getxattr(const char *path, const char *name, void *value, unsigned long size) { return getxattr(path, name, value, size); }
