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

/// eventfd(2), neither inherited nor waiting.
int cspool_eventfd(void);

/// accept4(2), neither inherited nor waiting.
int cspool_accept(int listener);

/// connect(2) of a new SOCK_SEQPACKET socket to the one at `path`, neither waiting; the connected descriptor.
int cspool_connect(const char *path);

/// The user at the other end of a connected socket (SO_PEERCRED, unix(7)).
int cspool_peer(int socket, unsigned *user);

/// sendmsg(2) of one packet that takes `descriptor` along, unless that is -1; it neither waits nor raises SIGPIPE.
long cspool_send(int socket, const void *bytes, unsigned long count, int descriptor);

/// What came with one packet besides its bytes.
struct cspool_arrival {
  /// How many descriptors came along; the first two are in `descriptors`, the kernel has kept the rest.
  int count;
  int descriptors[2];
  /// MSG_TRUNC, MSG_CTRUNC and the like.
  int flags;
};

extern const int cspool_msg_trunc;
extern const int cspool_msg_ctrunc;

/// recvmsg(2) of one packet, without waiting; the length that fits `size`, or 0 when the other end has gone.
long cspool_receive(int socket, void *bytes, unsigned long size, struct cspool_arrival *arrival);

/// A new memfd (memfd_create(2)) that holds `bytes`, and can be neither written, grown nor shrunk any more.
int cspool_sealed_memory(const void *bytes, unsigned long count);

/// 1 for a memfd with these seals, 0 for one that lacks some, -1 for anything else. Asks nobody but the kernel, whatever it is.
int cspool_is_sealed(int descriptor);

/// getxattr(2).
long cspool_getxattr(const char *path, const char *name, void *value, unsigned long size);

#endif
