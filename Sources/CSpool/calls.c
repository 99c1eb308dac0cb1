#define _GNU_SOURCE
#include "CSpool.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/un.h>
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

int cspool_eventfd(void) { return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK); }

int cspool_accept(int listener) { return accept4(listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK); }

int cspool_connect(const char *path) {
  struct sockaddr_un address = {.sun_family = AF_UNIX};
  if (strlen(path) >= sizeof address.sun_path) {
    errno = ENAMETOOLONG;
    return -1;
  }
  strcpy(address.sun_path, path);
  int descriptor = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0 || connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0) return descriptor;
  int reason = errno;
  close(descriptor);
  errno = reason;
  return -1;
}

int cspool_peer(int socket, unsigned *user) {
  struct ucred peer;
  socklen_t length = sizeof peer;
  int result = getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &length);
  *user = peer.uid;
  return result;
}

// Room for the control message of two descriptors, aligned as one has to be.
union control {
  struct cmsghdr header;
  char bytes[CMSG_SPACE(2 * sizeof(int))];
};

long cspool_send(int socket, const void *bytes, unsigned long count, int descriptor) {
  struct iovec part = {.iov_base = (void *)bytes, .iov_len = count};
  union control control = {0};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
  if (descriptor >= 0) {
    control.header = (struct cmsghdr){.cmsg_len = CMSG_LEN(sizeof descriptor), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS};
    memcpy(CMSG_DATA(&control.header), &descriptor, sizeof descriptor);
    message.msg_control = &control;
    message.msg_controllen = CMSG_SPACE(sizeof descriptor);
  }
  return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

const int cspool_msg_trunc = MSG_TRUNC;
const int cspool_msg_ctrunc = MSG_CTRUNC;

long cspool_receive(int socket, void *bytes, unsigned long size, struct cspool_arrival *arrival) {
  struct iovec part = {.iov_base = bytes, .iov_len = size};
  union control control = {0};
  struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1, .msg_control = &control, .msg_controllen = sizeof control};
  long length = recvmsg(socket, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  *arrival = (struct cspool_arrival){.flags = message.msg_flags};
  if (length < 0) return length;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header; header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    unsigned long came = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (unsigned long index = 0; index < came && arrival->count < 2; index++) {
      memcpy(&arrival->descriptors[arrival->count++], CMSG_DATA(header) + index * sizeof(int), sizeof(int));
    }
  }
  return length;
}

static const int seals = F_SEAL_WRITE | F_SEAL_GROW | F_SEAL_SHRINK;

int cspool_sealed_memory(const void *bytes, unsigned long count) {
  int descriptor = memfd_create("action", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  if (descriptor < 0) return -1;
  for (unsigned long written = 0; written < count;) {
    long step = write(descriptor, (const char *)bytes + written, count - written);
    if (step < 0 && errno == EINTR) continue;
    if (step <= 0) goto failed;
    written += (unsigned long)step;
  }
  if (fcntl(descriptor, F_ADD_SEALS, seals) == 0) return descriptor;
failed:;
  int reason = errno;
  close(descriptor);
  errno = reason;
  return -1;
}

int cspool_is_sealed(int descriptor) {
  int found = fcntl(descriptor, F_GET_SEALS);
  return found < 0 ? -1 : (found & seals) == seals;
}
