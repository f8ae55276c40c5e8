/*
 * Listeners and connections: opened, accepted, closed. Sockets are watched edge-triggered once and
 * for all, so no epoll_ctl call follows a refused write or a pause.
 */
#include "shim.h"
#include <netinet/in.h>
#include <netinet/tcp.h>

#ifndef IP_BIND_ADDRESS_NO_PORT
#define IP_BIND_ADDRESS_NO_PORT 24
#endif

static int watch(shim *s, int fd, int32_t key, uint32_t events) {
  struct epoll_event event = {.events = events, .data = {.fd = key}};
  return epoll_ctl(s->epoll_fd, EPOLL_CTL_ADD, fd, &event);
}
#define SOCKET_EVENTS (EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET)

/* listen(shim, address, addressBytes, backlog, reusePort, listenerId) -> fd, or -errno */
napi_value shim_listen(napi_env env, napi_callback_info cb) {
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
napi_value shim_watch_listener(napi_env env, napi_callback_info cb) {
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
napi_value shim_accept(napi_env env, napi_callback_info cb) {
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
napi_value shim_connect(napi_env env, napi_callback_info cb) {
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
napi_value shim_socket_error(napi_env env, napi_callback_info cb) {
  ARGUMENTS(2);
  shim *s = shim_of(env, argv[0]);
  int error = 0;
  socklen_t size = sizeof error;
  int fd = s->fd_of[int_of(env, argv[1])];
  if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) < 0) error = errno;
  return number(env, error);
}

/*
 * close(shim, slots, count, how): 0 close, 1 reset, 2 end our side only.
 * Must match CLOSE_HOW in src/engine/native-shim.ts.
 */
napi_value shim_close(napi_env env, napi_callback_info cb) {
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
    if (s->counts_bytes) add_bytes(fd, &s->closed_bytes_acked, &s->closed_bytes_received);
    if (how == 1) setsockopt(fd, SOL_SOCKET, SO_LINGER, &reset, sizeof reset);
    close(fd);
    s->fd_of[slots[i]] = -1;
  }
  return NULL;
}

/* closeDescriptor(fd): a listener */
napi_value shim_close_descriptor(napi_env env, napi_callback_info cb) {
  ARGUMENTS(1);
  close(int_of(env, argv[0]));
  return NULL;
}
