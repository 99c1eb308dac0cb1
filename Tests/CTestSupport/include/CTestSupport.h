#ifndef CTESTSUPPORT_H
#define CTESTSUPPORT_H

// Linux system calls that Swift's Glibc module leaves out. Each returns 0, or -1 and leaves its reason in errno.

/// Sets the machine's clock a nanosecond forwards, which is as much of a step to those who watch it as any other.
int ctestsupport_nudge_clock(void);

/// Takes the calling thread into a new network namespace.
int ctestsupport_unshare_network(void);

/// setxattr(2), whether the attribute is there already or not.
int ctestsupport_setxattr(const char *path, const char *name, const void *value, unsigned long size);

#endif
