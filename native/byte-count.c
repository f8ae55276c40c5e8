/*
 * What the kernel says of the bytes of all sockets of a shim, those that were closed included: what
 * the peers' kernels acknowledged, and what came in order (net/ipv4/tcp.c tcp_get_info). Exact to
 * the byte, where counters of the host would have headers and other programs in them. Half a
 * microsecond for each socket, once when it is closed and once when the count is asked for.
 */
#include "shim.h"
#include <linux/tcp.h>
#include <netinet/in.h>
#include <stddef.h>

/* include/net/tcp_states.h; netinet/tcp.h names them too, but has a shorter tcp_info */
enum { STATE_FIN_WAIT2 = 5, STATE_CLOSE_WAIT = 8, STATE_LAST_ACK = 9, STATE_CLOSING = 11 };

/* SYN and FIN take a number of the sequence each, and are counted as if they were bytes. */
void add_bytes(int fd, double *acked, double *received) {
  struct tcp_info state = {0};
  socklen_t size = sizeof state;
  if (getsockopt(fd, IPPROTO_TCP, TCP_INFO, &state, &size) < 0 ||
      size < offsetof(struct tcp_info, tcpi_bytes_received) + sizeof state.tcpi_bytes_received)
    return;
  int has_peer_ended = state.tcpi_state == STATE_CLOSE_WAIT ||
                       state.tcpi_state == STATE_LAST_ACK || state.tcpi_state == STATE_CLOSING;
  int syn_and_fin = 1 + (state.tcpi_state == STATE_FIN_WAIT2);
  if (state.tcpi_bytes_acked >= (uint64_t)syn_and_fin)
    *acked += (double)state.tcpi_bytes_acked - syn_and_fin;
  *received += (double)state.tcpi_bytes_received - has_peer_ended;
}

/* countBytes(shim): from here on, of connections that are dialled and not accepted */
napi_value shim_count_bytes(napi_env env, napi_callback_info cb) {
  ARGUMENTS(1);
  shim_of(env, argv[0])->counts_bytes = 1;
  return NULL;
}

/* byteCount(shim, totals: Float64Array): [0] acknowledged by peers, [1] received */
napi_value shim_byte_count(napi_env env, napi_callback_info cb) {
  ARGUMENTS(2);
  shim *s = shim_of(env, argv[0]);
  double *totals = array_of(env, argv[1]);
  napi_value fds;
  size_t rows = 0;
  napi_get_reference_value(env, s->columns[0], &fds);
  napi_get_typedarray_info(env, fds, NULL, &rows, NULL, NULL, NULL);
  totals[0] = s->closed_bytes_acked;
  totals[1] = s->closed_bytes_received;
  /* A row that was never used has 0, which is no TCP socket. */
  for (size_t i = 0; i < rows; i++)
    if (s->fd_of[i] > 0) add_bytes(s->fd_of[i], &totals[0], &totals[1]);
  return NULL;
}
