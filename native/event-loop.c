/*
 * The life of a shim, and what is ready. libuv is used through the functions declared here, which
 * are stable in all libuv 1.x; its header is not part of node-api-headers, and the handle's size is
 * asked for at run time.
 */
#include <stdio.h>
#include <sys/prctl.h>
#include <time.h>

#include "shim.h"

typedef struct uv_handle_s uv_handle_t;
extern size_t uv_handle_size(int type);
extern int uv_poll_init(struct uv_loop_s *loop, uv_poll_t *handle, int fd);
extern int uv_poll_start(uv_poll_t *handle, int events, void (*callback)(uv_poll_t *, int, int));
extern void uv_close(uv_handle_t *handle, void (*callback)(uv_handle_t *));
#define UV_POLL_TYPE 8 /* UV_POLL in enum uv_handle_type, unchanged since libuv 1.0 */
#define UV_READABLE_EVENT 1

static int64_t now_ns(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* Between two turns that follow each other closely; the next alarm is not missed for it. */
static void rest(shim *s) {
  int64_t from_ns = now_ns();
  if (from_ns - s->turn_end_ns > s->gap_ns) return;
  int64_t rest_ns = s->rest_ns;
  for (int i = 0; i < ALARMS_MINDED; i++) {
    int64_t left_ns = s->alarm_ns[i] - from_ns;
    /* One that is over by far has rung. */
    if (left_ns > -s->rest_ns && left_ns < rest_ns) rest_ns = left_ns;
  }
  if (rest_ns <= 0) return;
  struct timespec time = {.tv_nsec = (long)rest_ns};
  nanosleep(&time, NULL);
}

static void on_poll(uv_poll_t *handle, int status, int events) {
  (void)status;
  (void)events;
  shim *s = *(shim **)handle;
  if (s->closing) return;
  if (s->rest_ns > 0) rest(s);
  napi_handle_scope scope;
  napi_open_handle_scope(s->env, &scope);
  napi_value callback, global, result;
  napi_get_reference_value(s->env, s->on_ready, &callback);
  napi_get_global(s->env, &global);
  napi_status outcome = napi_make_callback(s->env, s->context, global, callback, 0, NULL, &result);
  if (outcome == napi_pending_exception) {
    napi_value error;
    napi_get_and_clear_last_exception(s->env, &error);
    napi_fatal_exception(s->env, error);
  }
  napi_close_handle_scope(s->env, scope);
  if (s->rest_ns > 0) s->turn_end_ns = now_ns();
}

static void on_poll_closed(uv_handle_t *handle) {
  shim *s = *(shim **)handle;
  if (s->cleanup) napi_remove_async_cleanup_hook(s->cleanup);
  free(handle);
  free(s);
}

static void end_shim(shim *s) {
  if (s->closing) return;
  s->closing = 1;
  uv_close((uv_handle_t *)s->poll, on_poll_closed);
  close(s->epoll_fd);
}

/*
 * Closes all descriptors of the epoll set. The kernel lists them in fdinfo as lines
 * "tfd:  19 events: ..."; all are read before the first is closed, as the list changes with each.
 */
static void close_set(int epoll_fd) {
  char line[256];
  snprintf(line, sizeof line, "/proc/self/fdinfo/%d", epoll_fd);
  FILE *list = fopen(line, "re");
  if (!list) return;
  size_t count = 0, room = 0;
  int *fds = NULL, fd;
  while (fgets(line, sizeof line, list)) {
    if (sscanf(line, "tfd: %d", &fd) != 1) continue;
    if (count == room) {
      int *more = realloc(fds, (room = room ? 2 * room : 1024) * sizeof *fds);
      if (!more) break;
      fds = more;
    }
    fds[count++] = fd;
  }
  fclose(list);
  for (size_t i = 0; i < count; i++) close(fds[i]);
  free(fds);
}

/*
 * The thread ends while the engine is open: worker.terminate(), an uncaught error, process.exit().
 * The process may live on, and a listener that nobody serves would go on to take its share of
 * the connections.
 */
static void on_cleanup(napi_async_cleanup_hook_handle hook, void *argument) {
  (void)hook;
  shim *s = argument;
  if (!s->closing) close_set(s->epoll_fd);
  end_shim(s);
}

/* open(fdOf: Int32Array, sendStateOf: Uint8Array, onReady: () => void) -> external, or -errno */
napi_value shim_open(napi_env env, napi_callback_info cb) {
  ARGUMENTS(3);
  int epoll_fd = epoll_create1(EPOLL_CLOEXEC);
  if (epoll_fd < 0) return number(env, -errno);
  shim *s = calloc(1, sizeof *s);
  uv_poll_t *poll = calloc(1, uv_handle_size(UV_POLL_TYPE));
  struct uv_loop_s *loop;
  if (!s || !poll || napi_get_uv_event_loop(env, &loop) != napi_ok ||
      uv_poll_init(loop, poll, epoll_fd) != 0) {
    free(s);
    free(poll);
    close(epoll_fd);
    return number(env, -ENOMEM);
  }
  s->env = env;
  s->epoll_fd = epoll_fd;
  s->poll = poll;
  *(shim **)poll = s;
  s->fd_of = array_of(env, argv[0]);
  s->send_state_of = array_of(env, argv[1]);
  napi_create_reference(env, argv[0], 1, &s->columns[0]);
  napi_create_reference(env, argv[1], 1, &s->columns[1]);
  napi_create_reference(env, argv[2], 1, &s->on_ready);
  napi_value name, resource;
  napi_create_string_utf8(env, "pushctl.epoll", NAPI_AUTO_LENGTH, &name);
  napi_create_object(env, &resource);
  napi_async_init(env, resource, name, &s->context);
  napi_add_async_cleanup_hook(env, on_cleanup, s, &s->cleanup);
  uv_poll_start(poll, UV_READABLE_EVENT, on_poll);
  napi_value external;
  napi_create_external(env, s, NULL, NULL, &external);
  return external;
}

/* end(shim): the sockets must have been closed before */
napi_value shim_end(napi_env env, napi_callback_info cb) {
  ARGUMENTS(1);
  shim *s = shim_of(env, argv[0]);
  napi_delete_reference(env, s->on_ready);
  napi_delete_reference(env, s->columns[0]);
  napi_delete_reference(env, s->columns[1]);
  napi_async_destroy(env, s->context);
  end_shim(s);
  return NULL;
}

/*
 * rest(shim, gapUs, restUs): from here on, a turn that is asked for less than `gapUs` after the
 * last one begins `restUs` later, with all that has come until then. At most one millisecond.
 */
napi_value shim_rest(napi_env env, napi_callback_info cb) {
  ARGUMENTS(3);
  shim *s = shim_of(env, argv[0]);
  s->gap_ns = int_of(env, argv[1]) * INT64_C(1000);
  s->rest_ns = int_of(env, argv[2]) * INT64_C(1000);
  /* The kernel would make each sleep of this thread up to 50 us longer. */
  prctl(PR_SET_TIMERSLACK, 1);
  return NULL;
}

/*
 * wait(shim, slots: Int32Array, ready: Uint8Array) -> count
 * Listeners come as ~listenerId, alarms as ALARM_KEYS + alarmId, both below zero.
 */
napi_value shim_wait(napi_env env, napi_callback_info cb) {
  ARGUMENTS(3);
  shim *s = shim_of(env, argv[0]);
  int32_t *slots = array_of(env, argv[1]);
  uint8_t *ready = array_of(env, argv[2]);
  int count = epoll_wait(s->epoll_fd, s->events, BATCH_MAX, 0);
  for (int i = 0; i < count; i++) {
    uint32_t events = s->events[i].events;
    uint8_t flags = 0;
    if (events & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) flags |= READY_READABLE;
    if (events & EPOLLOUT) flags |= READY_WRITABLE;
    if (events & (EPOLLRDHUP | EPOLLHUP)) flags |= READY_ENDED;
    if (events & (EPOLLERR | EPOLLHUP)) flags |= READY_FAILED;
    slots[i] = s->events[i].data.fd;
    ready[i] = flags;
  }
  return number(env, count < 0 ? 0 : count);
}
