#ifndef CTESTSUPPORT_H
#define CTESTSUPPORT_H

// Linux system calls that Swift's Glibc module leaves out. Each returns 0, or what it is said to, or -1 and leaves its reason in errno.

/// Sets the machine's clock a nanosecond forwards, which is as much of a step to those who watch it as any other.
int ctestsupport_nudge_clock(void);

/// Takes the calling thread into a new network namespace.
int ctestsupport_unshare_network(void);

/// setfsuid(2): from now on the calling thread, and no other, does to files what that user may.
void ctestsupport_use_files_as(unsigned user);

/// sendmsg(2) of one packet that takes `count` descriptors along.
int ctestsupport_send(int socket, const void *bytes, unsigned long length, const int *descriptors, unsigned count);

/// socket(2), bind(2) and listen(2) for packets (SOCK_SEQPACKET) at `path`; the descriptor.
int ctestsupport_listen(const char *path, int backlog);

/// memfd_create(2) with MFD_ALLOW_SEALING, and these seals of fcntl(2); the descriptor.
int ctestsupport_memfd(const void *bytes, unsigned long length, int seals);

/// Whether a file, which is open for reading, has no writer: -1 and EAGAIN while anyone has it open for writing, for there is no read lease
/// on it (fcntl(2), "Leases").
int ctestsupport_is_closed(int file);

/// setxattr(2), whether the attribute is there already or not.
int ctestsupport_setxattr(const char *path, const char *name, const void *value, unsigned long size);

#endif
