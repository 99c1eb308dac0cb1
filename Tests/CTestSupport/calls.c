#define _GNU_SOURCE
#include "CTestSupport.h"

#include <fcntl.h>
#include <sched.h>
#include <string.h>
#include <sys/fsuid.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <sys/un.h>
#include <sys/xattr.h>
#include <unistd.h>

int ctestsupport_nudge_clock(void) {
  struct timex request = {.modes = ADJ_SETOFFSET | ADJ_NANO, .time = {.tv_usec = 1}};
  return adjtimex(&request) < 0 ? -1 : 0;
}

int ctestsupport_unshare_network(void) { return unshare(CLONE_NEWNET); }

void ctestsupport_use_files_as(unsigned user) { setfsuid(user); }

int ctestsupport_is_closed(int file) {
  return fcntl(file, F_SETLEASE, F_RDLCK) == 0 ? fcntl(file, F_SETLEASE, F_UNLCK) : -1;
}

int ctestsupport_setxattr(const char *path, const char *name, const void *value, unsigned long size) {
  return setxattr(path, name, value, size, 0);
}

int ctestsupport_send(int socket, const void *bytes, unsigned long length, const int *descriptors, unsigned count) {
  struct iovec part = {.iov_base = (void *)bytes, .iov_len = length};
  union {
    struct cmsghdr header;
    char bytes[CMSG_SPACE(253 * sizeof(int))];
  } control = {0};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (count > 0) {
    control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(count * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), descriptors, count * sizeof(int));
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(count * sizeof(int));
  }
  return sendmsg(socket, &message, MSG_NOSIGNAL) < 0 ? -1 : 0;
}

int ctestsupport_listen(const char *path, int backlog) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  strncpy(address.sun_path, path, sizeof address.sun_path - 1);
  int descriptor = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
  if (bind(descriptor, (struct sockaddr *)&address, sizeof address) == 0 && listen(descriptor, backlog) == 0) return descriptor;
  close(descriptor);
  return -1;
}

int ctestsupport_memfd(const void *bytes, unsigned long length, int seals) {
  int descriptor = memfd_create("test", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (write(descriptor, bytes, length) == (long)length && fcntl(descriptor, F_ADD_SEALS, seals) == 0) return descriptor;
  close(descriptor);
  return -1;
}
