/*
 * Batched system calls for the epoll engine. No policy and no protocol: every decision is taken in
 * src/engine/epoll-engine.ts. One call handles many sockets, because crossing from JavaScript costs
 * 25 ns a call and as much again for each argument; the kernel's own 140 ns and more a call are
 * what remains.
 *
 * A socket is named by its slot; fd_of[slot] is a column of the engine's connection table, shared
 * with it. Sockets are watched edge-triggered once and for all, so no epoll_ctl call follows a
 * refused write or a pause: whoever is told "readable" must read until the kernel has less than was
 * asked for.
 *
 * libuv is used through the five functions declared here, which are stable in all libuv 1.x; its
 * header is not part of node-api-headers, and the handle's size is asked for at run time.
 */
#define _GNU_SOURCE
#define NAPI_VERSION 9
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <node_api.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

typedef struct uv_poll_s uv_poll_t;
typedef struct uv_handle_s uv_handle_t;
extern size_t uv_handle_size(int type);
extern int uv_poll_init(struct uv_loop_s *loop, uv_poll_t *handle, int fd);
extern int uv_poll_start(uv_poll_t *handle, int events, void (*callback)(uv_poll_t *, int, int));
extern void uv_close(uv_handle_t *handle, void (*callback)(uv_handle_t *));
#define UV_POLL_TYPE 8 /* UV_POLL in enum uv_handle_type, unchanged since libuv 1.0 */
#define UV_READABLE_EVENT 1

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

/* Must match READY in src/engine/native-shim.ts. */
#define READY_READABLE 1
#define READY_WRITABLE 2
#define READY_ENDED 4
#define READY_FAILED 8

/* Must match SEND_STATE.QUEUED in src/engine/connection-table.ts. */
#define SEND_STATE_QUEUED 1

/* Must match SHIM_BATCH in src/engine/native-shim.ts: the longest batch of wait(). */
#define BATCH_MAX 1024
/* Bytes read from one socket in one turn, so that one busy peer cannot keep the others waiting. */
#define RECEIVE_MAX 65536
#define IOV_MAX_RUN 64

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
  struct epoll_event events[BATCH_MAX];
} shim;

#define ARGUMENTS(n)                                                   \
  size_t argc = n;                                                     \
  napi_value argv[n];                                                  \
  napi_get_cb_info(env, cb, &argc, argv, NULL, NULL)

static shim *shim_of(napi_env env, napi_value value) {
  void *pointer = NULL;
  napi_get_value_external(env, value, &pointer);
  return pointer;
}

static void *array_of(napi_env env, napi_value value) {
  void *bytes = NULL;
  napi_get_typedarray_info(env, value, NULL, NULL, &bytes, NULL, NULL);
  return bytes;
}

static int32_t int_of(napi_env env, napi_value value) {
  int32_t number = 0;
  napi_get_value_int32(env, value, &number);
  return number;
}

static napi_value number(napi_env env, int32_t value) {
  napi_value result;
  napi_create_int32(env, value, &result);
  return result;
}

static void on_poll(uv_poll_t *handle, int status, int events) {
  (void)status;
  (void)events;
  shim *s = *(shim **)handle;
  if (s->closing) return;
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

/* The thread ends while the engine is open: worker.terminate(), process.exit(). */
static void on_cleanup(napi_async_cleanup_hook_handle hook, void *argument) {
  (void)hook;
  end_shim(argument);
}

/* open(fdOf: Int32Array, sendStateOf: Uint8Array, onReady: () => void) -> external, or -errno */
static napi_value shim_open(napi_env env, napi_callback_info cb) {
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
static napi_value shim_end(napi_env env, napi_callback_info cb) {
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
 * wait(shim, slots: Int32Array, ready: Uint8Array) -> count
 * Listeners come as ~listenerId, below zero.
 */
static napi_value shim_wait(napi_env env, napi_callback_info cb) {
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

static int watch(shim *s, int fd, int32_t key, uint32_t events) {
  struct epoll_event event = {.events = events, .data = {.fd = key}};
  return epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}
#define SOCKET_EVENTS (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

/* listen(shim, address, addressBytes, backlog, reusePort, listenerId) -> fd, or -errno */
static napi_value shim_listen(napi_env env, napi_callback_info cb) {
  ARGUMENTS(6);
  shim *s = shim_of(env, argv[0]);
  struct sockaddr *address = array_of(env, argv[1]);
  int one = 1;
  int fd = socket(address->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return number(env, -errno);
  setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (int_of(env, argv[4])) setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &one, sizeof one);
  if (address->sa_family == AF_INET6) setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &one, sizeof one);
  /* Accepted sockets inherit it, which saves a call for each. */
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (bind(fd, address, (socklen_t)int_of(env, argv[2])) < 0 ||
      listen(fd, int_of(env, argv[3])) < 0 || watch(s, fd, ~int_of(env, argv[5]), EPOLLIN) < 0) {
    int error = errno;
    close(fd);
    return number(env, -error);
  }
  return number(env, fd);
}

/*
 * watchListener(shim, fd, listenerId, on)
 * A listener that may not accept now is taken out, or it would spin.
 */
static napi_value shim_watch_listener(napi_env env, napi_callback_info cb) {
  ARGUMENTS(4);
  shim *s = shim_of(env, argv[0]);
  int fd = int_of(env, argv[1]);
  if (int_of(env, argv[3])) watch(s, fd, ~int_of(env, argv[2]), EPOLLIN);
  else epoll_ctl(s->epoll_fd, EPOLL_CTL_DEL, fd, NULL);
  return NULL;
}

/*
 * accept(shim, listenerFd, freeSlots: Int32Array, max, errors: Int32Array) -> count
 * errors[0] is why it stopped.
 */
static napi_value shim_accept(napi_env env, napi_callback_info cb) {
  ARGUMENTS(5);
  shim *s = shim_of(env, argv[0]);
  int listener = int_of(env, argv[1]);
  int32_t *slots = array_of(env, argv[2]);
  int32_t max = int_of(env, argv[3]);
  int32_t *errors = array_of(env, argv[4]);
  int32_t count = 0;
  errors[0] = 0;
  while (count < max) {
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) {
      /* The peer left the accept queue by itself: take the next one. */
      if (errno == ECONNABORTED || errno == EINTR || errno == EPROTO) continue;
      errors[0] = errno;
      break;
    }
    s->fd_of[slots[count]] = fd;
    if (watch(s, fd, slots[count], SOCKET_EVENTS) < 0) {
      errors[0] = errno;
      close(fd);
      break;
    }
    count++;
  }
  return number(env, count);
}

static int open_connection(shim *s, int32_t slot, struct sockaddr *to, socklen_t to_bytes,
                           struct sockaddr *from) {
  int one = 1;
  int fd = socket(to->sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return errno;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
  if (from) {
    /* sin_port and sin6_port lie at the same place. */
    int any_port = ((struct sockaddr_in *)from)->sin_port == 0;
    /* Without IP_BIND_ADDRESS_NO_PORT, bind() would take the port for all destinations. */
    if (any_port) setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    else setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (bind(fd, from, to_bytes) < 0) goto failed;
  }
  if (connect(fd, to, to_bytes) < 0 && errno != EINPROGRESS) goto failed;
  if (watch(s, fd, slot, SOCKET_EVENTS) < 0) goto failed;
  s->fd_of[slot] = fd;
  return 0;
failed:;
  int error = errno;
  close(fd);
  return error;
}

/*
 * connect(shim, to: Uint8Array, from: Uint8Array, hasFrom, addressBytes, slots: Int32Array, count,
 *         errors: Int32Array)
 */
static napi_value shim_connect(napi_env env, napi_callback_info cb) {
  ARGUMENTS(8);
  shim *s = shim_of(env, argv[0]);
  struct sockaddr *to = array_of(env, argv[1]);
  struct sockaddr *from = int_of(env, argv[3]) ? array_of(env, argv[2]) : NULL;
  socklen_t address_bytes = (socklen_t)int_of(env, argv[4]);
  int32_t *slots = array_of(env, argv[5]);
  int32_t count = int_of(env, argv[6]);
  int32_t *errors = array_of(env, argv[7]);
  for (int32_t i = 0; i < count; i++)
    errors[i] = open_connection(s, slots[i], to, address_bytes, from);
  return NULL;
}

/* socketError(shim, slot) -> errno of a connect that ended, 0 when it is established */
static napi_value shim_socket_error(napi_env env, napi_callback_info cb) {
  ARGUMENTS(2);
  shim *s = shim_of(env, argv[0]);
  int error = 0;
  socklen_t size = sizeof error;
  int fd = s->fd_of[int_of(env, argv[1])];
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0) error = errno;
  return number(env, error);
}

/*
 * receive(shim, slots, ready, from, count, starts, ends, results, arena, arenaBytes)
 *   -> index of the first not read
 * On entry starts[i] is the headroom wanted in front of the new bytes; on return where that
 * headroom begins.
 * results[i]: 0 more may come, 1 the kernel has more now, 2 the peer ended, -errno.
 */
static napi_value shim_receive(napi_env env, napi_callback_info cb) {
  ARGUMENTS(10);
  shim *s = shim_of(env, argv[0]);
  int32_t *slots = array_of(env, argv[1]);
  uint8_t *ready = array_of(env, argv[2]);
  int32_t i = int_of(env, argv[3]);
  int32_t count = int_of(env, argv[4]);
  int32_t *starts = array_of(env, argv[5]);
  int32_t *ends = array_of(env, argv[6]);
  int32_t *results = array_of(env, argv[7]);
  uint8_t *arena = array_of(env, argv[8]);
  int32_t arena_bytes = int_of(env, argv[9]);
  int32_t position = 0;
  for (; i < count; i++) {
    int32_t headroom = starts[i];
    if (arena_bytes - position - headroom < RECEIVE_MAX) break;
    starts[i] = position;
    position += headroom;
    int32_t limit = position + RECEIVE_MAX;
    int32_t result = 0;
    for (;;) {
      ssize_t n = recv(s->fd_of[slots[i]], arena + position, (size_t)(limit - position), 0);
      if (n > 0) {
        position += (int32_t)n;
        if (position == limit) result = 1;
        /* Less than asked for: drained, unless the end of the stream is known to lie behind it. */
        else if (ready[i] & READY_ENDED) continue;
      } else if (n == 0) result = 2;
      else if (errno == EINTR) continue;
      else if (errno != EAGAIN) result = -errno;
      break;
    }
    ends[i] = position;
    results[i] = result;
  }
  return number(env, i);
}

/*
 * send(shim, slots, starts, ends, count, bytes, sent) -> how many entries were not taken whole
 * sent[i] is the bytes taken of entry i, or -errno. Once a socket refused something, all that
 * follows for it waits.
 */
static napi_value shim_send(napi_env env, napi_callback_info cb) {
  ARGUMENTS(7);
  shim *s = shim_of(env, argv[0]);
  int32_t *slots = array_of(env, argv[1]);
  int32_t *starts = array_of(env, argv[2]);
  int32_t *ends = array_of(env, argv[3]);
  int32_t count = int_of(env, argv[4]);
  uint8_t *bytes = array_of(env, argv[5]);
  int32_t *sent = array_of(env, argv[6]);
  int32_t short_count = 0;
  int32_t i = 0;
  while (i < count) {
    int32_t slot = slots[i];
    struct iovec parts[IOV_MAX_RUN];
    int32_t run = 0;
    for (; run < IOV_MAX_RUN && i + run < count && slots[i + run] == slot; run++) {
      parts[run].iov_base = bytes + starts[i + run];
      parts[run].iov_len = (size_t)(ends[i + run] - starts[i + run]);
    }
    ssize_t n = 0;
    int32_t error = 0;
    if (!s->send_state_of[slot]) {
      struct msghdr message = {.msg_iov = parts, .msg_iovlen = (size_t)run};
      do n = run == 1 ? send(s->fd_of[slot], parts[0].iov_base, parts[0].iov_len, MSG_NOSIGNAL)
                      : sendmsg(s->fd_of[slot], &message, MSG_NOSIGNAL);
      while (n < 0 && errno == EINTR);
      if (n < 0) {
        if (errno != EAGAIN) error = -errno;
        n = 0;
      }
    }
    for (int32_t k = 0; k < run; k++) {
      int32_t want = (int32_t)parts[k].iov_len;
      int32_t took = n < want ? (int32_t)n : want;
      sent[i + k] = error ? error : took;
      n -= took;
      if (took < want) {
        short_count++;
        if (!s->send_state_of[slot]) s->send_state_of[slot] = SEND_STATE_QUEUED;
      }
    }
    i += run;
  }
  return number(env, short_count);
}

/* sendWaiting(shim, slot, bytes, start, end) -> bytes taken, or -errno: what was refused before */
static napi_value shim_send_waiting(napi_env env, napi_callback_info cb) {
  ARGUMENTS(5);
  shim *s = shim_of(env, argv[0]);
  int fd = s->fd_of[int_of(env, argv[1])];
  uint8_t *bytes = array_of(env, argv[2]);
  int32_t start = int_of(env, argv[3]);
  ssize_t n;
  do n = send(fd, bytes + start, (size_t)(int_of(env, argv[4]) - start), MSG_NOSIGNAL);
  while (n < 0 && errno == EINTR);
  return number(env, n >= 0 ? (int32_t)n : errno == EAGAIN ? 0 : -errno);
}

/* sendSame(shim, slots, from, count, bytes, start, end, sent) -> how many did not take all of it */
static napi_value shim_send_same(napi_env env, napi_callback_info cb) {
  ARGUMENTS(8);
  shim *s = shim_of(env, argv[0]);
  int32_t *slots = array_of(env, argv[1]);
  int32_t from = int_of(env, argv[2]);
  int32_t count = int_of(env, argv[3]);
  uint8_t *bytes = array_of(env, argv[4]);
  int32_t start = int_of(env, argv[5]);
  int32_t *sent = array_of(env, argv[7]);
  size_t size = (size_t)(int_of(env, argv[6]) - start);
  int32_t short_count = 0;
  for (int32_t i = 0; i < count; i++) {
    int32_t slot = slots[from + i];
    ssize_t n = 0;
    if (!s->send_state_of[slot]) {
      do n = send(s->fd_of[slot], bytes + start, size, MSG_NOSIGNAL);
      while (n < 0 && errno == EINTR);
      if (n < 0) n = errno == EAGAIN ? 0 : -errno;
    }
    sent[i] = (int32_t)n;
    if (n == (ssize_t)size) continue;
    short_count++;
    if (!s->send_state_of[slot]) s->send_state_of[slot] = SEND_STATE_QUEUED;
  }
  return number(env, short_count);
}

/*
 * close(shim, slots, count, how): 0 close, 1 reset, 2 end our side only.
 * Must match CLOSE_HOW in src/engine/native-shim.ts.
 */
static napi_value shim_close(napi_env env, napi_callback_info cb) {
  ARGUMENTS(4);
  shim *s = shim_of(env, argv[0]);
  int32_t *slots = array_of(env, argv[1]);
  int32_t count = int_of(env, argv[2]);
  int32_t how = int_of(env, argv[3]);
  struct linger reset = {.l_onoff = 1, .l_linger = 0};
  for (int32_t i = 0; i < count; i++) {
    int fd = s->fd_of[slots[i]];
    if (fd < 0) continue;
    if (how == 2) {
      shutdown(fd, SHUT_WR);
      continue;
    }
    if (how == 1) setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    s->fd_of[slots[i]] = -1;
  }
  return NULL;
}

/* closeDescriptor(fd): a listener */
static napi_value shim_close_descriptor(napi_env env, napi_callback_info cb) {
  ARGUMENTS(1);
  close(int_of(env, argv[0]));
  return NULL;
}

/* encodeAddress(host: string, port, out: Uint8Array) -> bytes written; 0: the host is no address */
static napi_value shim_encode_address(napi_env env, napi_callback_info cb) {
  ARGUMENTS(3);
  char host[INET6_ADDRSTRLEN + 1];
  size_t length = 0;
  napi_get_value_string_utf8(env, argv[0], host, sizeof host, &length);
  uint16_t port = htons((uint16_t)int_of(env, argv[1]));
  uint8_t *out = array_of(env, argv[2]);
  struct sockaddr_in v4 = {.sin_family = AF_INET, .sin_port = port};
  struct sockaddr_in6 v6 = {.sin6_family = AF_INET6, .sin6_port = port};
  if (inet_pton(AF_INET, host, &v4.sin_addr) == 1) {
    memcpy(out, &v4, sizeof v4);
    return number(env, sizeof v4);
  }
  if (inet_pton(AF_INET6, host, &v6.sin6_addr) == 1) {
    memcpy(out, &v6, sizeof v6);
    return number(env, sizeof v6);
  }
  return number(env, 0);
}

/* addressOf(fd, ofPeer) -> "address:port", "[address]:port", or "" */
static napi_value shim_address_of(napi_env env, napi_callback_info cb) {
  ARGUMENTS(2);
  struct sockaddr_storage address = {0};
  socklen_t size = sizeof address;
  int fd = int_of(env, argv[0]);
  int failed = int_of(env, argv[1]) ? getpeername(fd, (struct sockaddr *)&address, &size)
                                    : getsockname(fd, (struct sockaddr *)&address, &size);
  char host[INET6_ADDRSTRLEN] = "", text[INET6_ADDRSTRLEN + 16] = "";
  if (!failed && address.ss_family == AF_INET) {
    struct sockaddr_in *v4 = (struct sockaddr_in *)&address;
    inet_ntop(AF_INET, &v4->sin_addr, host, sizeof host);
    snprintf(text, sizeof text, "%s:%u", host, ntohs(v4->sin_port));
  } else if (!failed && address.ss_family == AF_INET6) {
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&address;
    inet_ntop(AF_INET6, &v6->sin6_addr, host, sizeof host);
    snprintf(text, sizeof text, "[%s]:%u", host, ntohs(v6->sin6_port));
  }
  napi_value result;
  napi_create_string_utf8(env, text, NAPI_AUTO_LENGTH, &result);
  return result;
}

NAPI_MODULE_INIT() {
  static const struct {
    const char *name;
    napi_callback function;
  } functions[] = {
      {"open", shim_open},
      {"end", shim_end},
      {"wait", shim_wait},
      {"listen", shim_listen},
      {"watchListener", shim_watch_listener},
      {"accept", shim_accept},
      {"connect", shim_connect},
      {"socketError", shim_socket_error},
      {"receive", shim_receive},
      {"send", shim_send},
      {"sendWaiting", shim_send_waiting},
      {"sendSame", shim_send_same},
      {"close", shim_close},
      {"closeDescriptor", shim_close_descriptor},
      {"encodeAddress", shim_encode_address},
      {"addressOf", shim_address_of},
  };
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
    napi_value function;
    const char *name = functions[i].name;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &function);
    napi_set_named_property(env, exports, name, function);
  }
  return exports;
}
