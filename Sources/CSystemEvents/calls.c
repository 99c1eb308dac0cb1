#include "CSystemEvents.h"

#include <errno.h>
#include <limits.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <unistd.h>
#include <sys/timex.h>

// The descriptor, or -1 with the reason of what failed after it was opened.
static int finish(int descriptor, int result) {
  if (result == 0) return descriptor;
  int reason = errno;
  close(descriptor);
  errno = reason;
  return -1;
}

int csystemevents_network_socket(void) {
  int descriptor = socket(AF_NETLINK, SOCK_RAW | SOCK_NONBLOCK | SOCK_CLOEXEC, NETLINK_ROUTE);
  if (descriptor < 0) return -1;
  struct sockaddr_nl address = {
      .nl_family = AF_NETLINK,
      // The same set as the ListenNetlink= of progress-syncd-network.socket.
      .nl_groups = RTMGRP_LINK | RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE,
  };
  return finish(descriptor, bind(descriptor, (struct sockaddr *)&address, sizeof address));
}

int csystemevents_clock_timer(void) {
  int descriptor = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  if (descriptor < 0) return -1;
  struct itimerspec never = {.it_value = {.tv_sec = LONG_MAX}};
  return finish(descriptor, timerfd_settime(descriptor, TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET, &never, NULL));
}

int csystemevents_clock_is_synchronized(void) {
  struct timex state = {0};
  if (adjtimex(&state) < 0) return -1;
  return (state.status & STA_UNSYNC) == 0;
}
