#define _GNU_SOURCE
#include "CTestSupport.h"

#include <sched.h>
#include <sys/timex.h>
#include <sys/xattr.h>

int ctestsupport_nudge_clock(void) {
  struct timex request = {.modes = ADJ_SETOFFSET | ADJ_NANO, .time = {.tv_usec = 1}};
  return adjtimex(&request) < 0 ? -1 : 0;
}

int ctestsupport_unshare_network(void) { return unshare(CLONE_NEWNET); }

int ctestsupport_setxattr(const char *path, const char *name, const void *value, unsigned long size) {
  return setxattr(path, name, value, size, 0);
}
