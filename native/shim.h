/*
 * What the files of the shim share: its state, how arguments are read, and its functions, each
 * described where it is written. One shim is one epoll set, driven by the event loop of one thread.
 */
#ifndef PUSHCTL_SHIM_H
#define PUSHCTL_SHIM_H
#define _GNU_SOURCE
#define NAPI_VERSION 9
#include <errno.h>
#include <node_api.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

/* Must match SHIM_BATCH in src/engine/native-shim.ts: the longest batch of wait(). */
#define BATCH_MAX 1024

/* Must match READY in src/engine/native-shim.ts. */
#define READY_READABLE 1
#define READY_WRITABLE 2
#define READY_ENDED 4
#define READY_FAILED 8

/*
 * Keys of wait(): slots from 0, listeners as ~listenerId, alarms from here on. Must match
 * ALARM_KEYS in src/engine/native-shim.ts.
 */
#define ALARM_KEYS INT32_MIN
/* A rest ends before the first so many alarms of a shim. */
#define ALARMS_MINDED 8

typedef struct uv_poll_s uv_poll_t;

typedef struct {
  uv_poll_t *poll; /* its first member is `void *data`, which points back here */
  int epoll_fd;
  int closing;
  napi_env env;
  napi_ref on_ready;
  napi_async_context context;
  napi_async_cleanup_hook_handle cleanup;
  napi_ref columns[2];
  int32_t *fd_of;
  uint8_t *send_state_of; /* not 0: bytes of the slot are waiting, so nothing may overtake them */
  int64_t gap_ns, rest_ns; /* see rest() */
  int64_t turn_end_ns;
  int64_t alarm_ns[ALARMS_MINDED];
  int counts_bytes;
  double closed_bytes_acked, closed_bytes_received; /* of sockets that are closed */
  struct epoll_event events[BATCH_MAX];
} shim;

#define ARGUMENTS(n)                                                   \
  size_t argc = n;                                                     \
  napi_value argv[n];                                                  \
  napi_get_cb_info(env, cb, &argc, argv, NULL, NULL)

static inline shim *shim_of(napi_env env, napi_value value) {
  void *pointer = NULL;
  napi_get_value_external(env, value, &pointer);
  return pointer;
}

static inline void *array_of(napi_env env, napi_value value) {
  void *bytes = NULL;
  napi_get_typedarray_info(env, value, NULL, NULL, &bytes, NULL, NULL);
  return bytes;
}

static inline int32_t int_of(napi_env env, napi_value value) {
  int32_t number = 0;
  napi_get_value_int32(env, value, &number);
  return number;
}

static inline napi_value number(napi_env env, int32_t value) {
  napi_value result;
  napi_create_int32(env, value, &result);
  return result;
}

napi_value shim_open(napi_env env, napi_callback_info cb);
napi_value shim_end(napi_env env, napi_callback_info cb);
napi_value shim_rest(napi_env env, napi_callback_info cb);
napi_value shim_wait(napi_env env, napi_callback_info cb);
napi_value shim_listen(napi_env env, napi_callback_info cb);
napi_value shim_watch_listener(napi_env env, napi_callback_info cb);
napi_value shim_accept(napi_env env, napi_callback_info cb);
napi_value shim_connect(napi_env env, napi_callback_info cb);
napi_value shim_socket_error(napi_env env, napi_callback_info cb);
napi_value shim_close(napi_env env, napi_callback_info cb);
napi_value shim_close_descriptor(napi_env env, napi_callback_info cb);
napi_value shim_receive(napi_env env, napi_callback_info cb);
napi_value shim_send(napi_env env, napi_callback_info cb);
napi_value shim_send_waiting(napi_env env, napi_callback_info cb);
napi_value shim_send_same(napi_env env, napi_callback_info cb);
napi_value shim_open_alarm(napi_env env, napi_callback_info cb);
napi_value shim_set_alarm(napi_env env, napi_callback_info cb);
napi_value shim_count_bytes(napi_env env, napi_callback_info cb);
napi_value shim_byte_count(napi_env env, napi_callback_info cb);
void add_bytes(int fd, double *acked, double *received);
napi_value shim_encode_address(napi_env env, napi_callback_info cb);
napi_value shim_address_of(napi_env env, napi_callback_info cb);

#endif
