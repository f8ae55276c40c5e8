/*
 * Bytes in and out, many sockets a call. Whoever was told "readable" reads until the kernel has
 * less than was asked for; once a socket refused bytes, all that follows for it waits
 * (send_state_of).
 */
#include "shim.h"
#include <sys/uio.h>

/* Must match SEND_STATE.QUEUED in src/engine/connection-table.ts. */
#define SEND_STATE_QUEUED 1

/* Bytes read from one socket in one turn, so that one busy peer cannot keep the others waiting. */
#define RECEIVE_MAX 65536
#define IOV_MAX_RUN 64

/*
 * receive(shim, slots, ready, from, count, starts, ends, results, arena, arenaBytes)
 *   -> index of the first not read
 * On entry starts[i] is the headroom wanted in front of the new bytes; on return where that
 * headroom begins.
 * results[i]: 0 more may come, 1 the kernel has more now, 2 the peer ended, -errno.
 */
napi_value shim_receive(napi_env env, napi_callback_info cb) {
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
napi_value shim_send(napi_env env, napi_callback_info cb) {
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
napi_value shim_send_waiting(napi_env env, napi_callback_info cb) {
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
napi_value shim_send_same(napi_env env, napi_callback_info cb) {
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
