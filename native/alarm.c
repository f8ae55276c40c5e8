/*
 * Alarms: clocks of the kernel in the epoll set of a shim, so that they wake the same loop as its
 * sockets do. The event loop's own timers count milliseconds; these are exact to some 10 µs.
 */
#include "shim.h"
#include <sys/timerfd.h>

/* openAlarm(shim, alarmId) -> fd, or -errno; wait() names it ALARM_KEYS + alarmId */
napi_value shim_open_alarm(napi_env env, napi_callback_info cb) {
  ARGUMENTS(2);
  shim *s = shim_of(env, argv[0]);
  int fd = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK | TFD_CLOEXEC);
  if (fd < 0) return number(env, -errno);
  /* Edge-triggered, so an alarm that rang need not be read: setting it anew forgets that it did. */
  struct epoll_event event = {
      .events = EPOLLIN | EPOLLET,
      .data = {.fd = ALARM_KEYS + int_of(env, argv[1])},
  };
  if (epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &event) < 0) {
    int error = errno;
    close(fd);
    return number(env, -error);
  }
  return number(env, fd);
}

/*
 * setAlarm(shim, alarmId, fd, atUs: number): on CLOCK_MONOTONIC; 0: never. One that has passed
 * rings at once.
 */
napi_value shim_set_alarm(napi_env env, napi_callback_info cb) {
  ARGUMENTS(4);
  shim *s = shim_of(env, argv[0]);
  int32_t id = int_of(env, argv[1]);
  double at_us = 0;
  napi_get_value_double(env, argv[3], &at_us);
  int64_t at_ns = (int64_t)(at_us * 1e3);
  if (id < ALARMS_MINDED) s->alarm_ns[id] = at_ns;
  struct itimerspec at = {
      .it_value = {.tv_sec = at_ns / 1000000000, .tv_nsec = at_ns % 1000000000},
  };
  timerfd_settime(int_of(env, argv[2]), TFD_TIMER_ABSTIME, &at, NULL);
  return NULL;
}
