#ifndef CSYSTEMEVENTS_H
#define CSYSTEMEVENTS_H

// The kernel's headers of rtnetlink(7), and two calls whose constants and structures are not in Swift's Glibc module.
// Each returns a descriptor that is closed on exec and never blocks, or -1 and leaves its reason in errno.

#include <linux/rtnetlink.h>

/// A netlink socket in the groups of links, IPv4 and IPv6 addresses, and IPv4 and IPv6 routes.
int csystemevents_network_socket(void);

/// A timer that never goes off; reading it fails with ECANCELED once after CLOCK_REALTIME was set.
int csystemevents_clock_timer(void);

/// Whether the kernel says that the clock is kept right by a time service: 1 or 0, -1 when it does not say (adjtimex(2)).
int csystemevents_clock_is_synchronized(void);

#endif
