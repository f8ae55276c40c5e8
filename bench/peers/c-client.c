/*
 * The load client of all comparisons: one epoll loop in C, so that it is cheaper than every
 * server it drives. It speaks plain TCP (push protocol 1) and WebSocket alike, from bytes that
 * the driver encoded beforehand (a zero mask key makes WebSocket frames constant). It counts
 * frames; it does not look at what they say, except for the first payload byte where `count`
 * names one. One operation at a time; each ends with one JSON line on stdout.
 *
 *   target port=… carrier=tcp|ws upgrade=HEX hello=HEX id_at=N id_digits=N count=-1|BYTE
 *   connect n=… inflight=…      open n more connections, each counted when its HELLO is answered
 *   expect total=…              until that many frames came since `zero`; counted at all times
 *   echo messages=… connections=… window=… frame=HEX      closed loop
 *   zero | reset | stat | quit  (reset: RST on all connections, so that no TIME_WAIT is left)
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum { ROWS_MAX = 65536, EVENTS_MAX = 1024, CHUNK_BYTES = 262144, LINE_BYTES = 16384 };
enum { WINDOW_MAX = 64, FRAME_MAX = 4096, STDIN_ROW = -1 };
enum phase { CLOSED, CONNECTING, UPGRADING, GREETING, OPEN };
enum operation { NONE, CONNECT, EXPECT, ECHO };

/* One row a connection: its descriptor, its phase, and where it is within a frame. */
struct row {
  int fd;
  uint8_t phase;
  uint8_t matched;       /* of "\r\n\r\n" while UPGRADING */
  uint8_t header_bytes;  /* read so far of the frame header */
  uint8_t head_bytes;    /* read so far of head */
  uint8_t header[10];
  uint8_t head[3];       /* first payload bytes: type and BYE code, or WebSocket close code */
  uint32_t left;         /* payload bytes still to come; 0 between frames */
};

static struct row rows[ROWS_MAX];
static int row_count;
static int epoll_fd;
static uint8_t chunk[CHUNK_BYTES];

static struct {
  struct sockaddr_in address;
  int is_ws, count_byte, id_at, id_digits;
  uint8_t upgrade[FRAME_MAX], hello[FRAME_MAX];
  size_t upgrade_bytes, hello_bytes;
} target;

static struct {
  enum operation kind;
  double started, deadline;
  double cpu_started;
  long want, started_count, done, failed, inflight, inflight_max;
  long sent;
  size_t frame_bytes;
} op;

static uint8_t echo_frames[WINDOW_MAX * FRAME_MAX];
static long frames_counted, frames_other, bytes_received, closed_by_peer;
static int last_close_code, last_errno;

static double now_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_s(void) {
  struct timespec t;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void finish(const char *event, int timed_out) {
  printf("{\"event\":\"%s\",\"timedOut\":%s,\"seconds\":%.6f,\"cpuSeconds\":%.6f,"
         "\"done\":%ld,\"failed\":%ld,\"frames\":%ld,\"otherFrames\":%ld,\"bytes\":%ld,"
         "\"closedByPeer\":%ld,\"lastCloseCode\":%d,\"lastErrno\":\"%s\"}\n",
         event, timed_out ? "true" : "false", now_s() - op.started, cpu_s() - op.cpu_started,
         op.done, op.failed, frames_counted, frames_other, bytes_received, closed_by_peer,
         last_close_code,
         last_errno ? strerror(last_errno) : "");
  fflush(stdout);
  op.kind = NONE;
}

static void begin(enum operation kind, double timeout_s) {
  memset(&op, 0, sizeof op);
  op.kind = kind;
  op.started = now_s();
  op.cpu_started = cpu_s();
  op.deadline = op.started + timeout_s;
}

static void settle_connect(int ok) {
  if (op.kind != CONNECT) return;
  op.inflight--;
  if (ok) op.done++;
  else op.failed++;
}

static void close_row(struct row *row) {
  if (row->phase == CLOSED) return;
  int was_open = row->phase == OPEN;
  close(row->fd);
  row->phase = CLOSED;
  if (was_open) closed_by_peer++;
  else settle_connect(0);
}

/* A short write cannot happen with what we send unless the server stopped reading: then the
 * run is over anyway. */
static int send_all(struct row *row, const uint8_t *bytes, size_t length) {
  if (send(row->fd, bytes, length, MSG_NOSIGNAL) == (ssize_t)length) return 1;
  last_errno = errno;
  close_row(row);
  return 0;
}

static void send_hello(struct row *row) {
  long number = row - rows;
  for (int i = target.id_digits - 1; i >= 0; i--, number /= 10)
    target.hello[target.id_at + i] = (uint8_t)('0' + number % 10);
  row->phase = GREETING;
  send_all(row, target.hello, target.hello_bytes);
}

static void watch(struct row *row, uint32_t events, int how) {
  struct epoll_event event = {.events = events, .data.u32 = (uint32_t)(row - rows)};
  epoll_ctl(epoll_fd, how, row->fd, &event);
}

static void start_connection(void) {
  struct row *row = &rows[row_count++];
  int on = 1;
  memset(row, 0, sizeof *row);
  op.inflight++;
  op.started_count++;
  row->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (row->fd < 0) {
    last_errno = errno;
    settle_connect(0);
    return;
  }
  setsockopt(row->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  row->phase = CONNECTING;
  if (connect(row->fd, (void *)&target.address, sizeof target.address) && errno != EINPROGRESS) {
    last_errno = errno;
    close_row(row);
    return;
  }
  watch(row, EPOLLOUT, EPOLL_CTL_ADD);
}

static void on_connected(struct row *row) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(row->fd, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error) {
    last_errno = error;
    close_row(row);
    return;
  }
  watch(row, EPOLLIN, EPOLL_CTL_MOD);
  if (!target.is_ws) return send_hello(row);
  row->phase = UPGRADING;
  send_all(row, target.upgrade, target.upgrade_bytes);
}

static int header_is_whole(const struct row *row) {
  int have = row->header_bytes;
  if (!target.is_ws) return !(row->header[have - 1] & 0x80) || have == 4;
  if (have < 2) return 0;
  int length7 = row->header[1] & 0x7f;
  return have == (length7 < 126 ? 2 : length7 == 126 ? 4 : 10);
}

static uint32_t payload_bytes(const struct row *row) {
  const uint8_t *h = row->header;
  uint32_t bytes = 0;
  if (!target.is_ws) {
    for (int i = 0; i < row->header_bytes; i++) bytes |= (uint32_t)(h[i] & 0x7f) << (7 * i);
    return bytes;
  }
  if ((h[1] & 0x7f) < 126) return h[1] & 0x7f;
  for (int i = 2; i < row->header_bytes; i++) bytes = bytes << 8 | h[i];
  return bytes;
}

/* Returns 1 where the finished frame is one that is waited for. */
static int end_frame(struct row *row) {
  int opcode = target.is_ws ? row->header[0] & 0x0f : 2;
  int is_message = opcode == 1 || opcode == 2;
  if (opcode == 8) last_close_code = row->head[0] << 8 | row->head[1];
  else if (is_message && row->head[0] == 0x85) last_close_code = row->head[1] << 8 | row->head[2];
  row->header_bytes = row->head_bytes = 0;
  if (is_message && row->phase == GREETING) {
    row->phase = OPEN;
    settle_connect(1);
    return 0;
  }
  if (is_message && (target.count_byte < 0 || row->head[0] == target.count_byte)) return 1;
  frames_other++;
  return 0;
}

/* Walks over what came; returns how many frames that are waited for were finished by it. */
static long count_frames(struct row *row, const uint8_t *p, size_t bytes) {
  long counted = 0;
  while (bytes) {
    if (row->left == 0) {
      row->header[row->header_bytes++] = *p++;
      bytes--;
      if (!header_is_whole(row)) continue;
      row->left = payload_bytes(row);
      if (row->left == 0) counted += end_frame(row);
      continue;
    }
    size_t take = bytes < row->left ? bytes : row->left;
    for (size_t i = 0; row->head_bytes < 3 && i < take; i++) row->head[row->head_bytes++] = p[i];
    p += take;
    bytes -= take;
    row->left -= (uint32_t)take;
    if (row->left == 0) counted += end_frame(row);
  }
  return counted;
}

/* Skips the HTTP answer; what follows it in the same read are frames. */
static size_t read_upgrade(struct row *row, const uint8_t *p, size_t bytes) {
  static const char end[] = "\r\n\r\n";
  if (row->head_bytes == 0) {
    row->head_bytes = 1;
    if (bytes < 12 || memcmp(p + 9, "101", 3)) {
      last_close_code = bytes >= 12 ? atoi((const char *)p + 9) : 0;
      close_row(row);
      return 0;
    }
  }
  for (size_t i = 0; i < bytes; i++) {
    row->matched = p[i] == end[row->matched] ? row->matched + 1 : p[i] == '\r';
    if (row->matched < 4) continue;
    row->head_bytes = 0;
    send_hello(row);
    return i + 1;
  }
  return bytes;
}

static void on_readable(struct row *row) {
  ssize_t got = recv(row->fd, chunk, sizeof chunk, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) {
    last_errno = got < 0 ? errno : 0;
    close_row(row);
    return;
  }
  size_t from = 0;
  bytes_received += got;
  if (row->phase == UPGRADING) from = read_upgrade(row, chunk, (size_t)got);
  if (row->phase == CLOSED || from == (size_t)got) return;
  long counted = count_frames(row, chunk + from, (size_t)got - from);
  frames_counted += counted;
  if (op.kind != ECHO || !counted) return;
  op.done += counted;
  long again = op.want - op.sent < counted ? op.want - op.sent : counted;
  if (again <= 0) return;
  op.sent += again;
  send_all(row, echo_frames, op.frame_bytes * (size_t)again);
}

static const char *option(const char *line, const char *name) {
  const char *at = strstr(line, name);
  return at ? at + strlen(name) : "";
}

static long number_option(const char *line, const char *name, long fallback) {
  const char *text = option(line, name);
  return *text ? strtol(text, NULL, 10) : fallback;
}

static size_t hex_option(const char *line, const char *name, uint8_t *out) {
  const char *text = option(line, name);
  size_t bytes = 0;
  unsigned byte;
  while (bytes < FRAME_MAX && sscanf(text, "%2x", &byte) == 1 && *text != ' ') {
    out[bytes++] = (uint8_t)byte;
    text += 2;
  }
  return bytes;
}

static void set_target(const char *line) {
  memset(&target, 0, sizeof target);
  target.address.sin_family = AF_INET;
  target.address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  target.address.sin_port = htons((uint16_t)number_option(line, " port=", 0));
  target.is_ws = !strncmp(option(line, " carrier="), "ws", 2);
  target.count_byte = (int)number_option(line, " count=", -1);
  target.id_at = (int)number_option(line, " id_at=", 0);
  target.id_digits = (int)number_option(line, " id_digits=", 0);
  target.upgrade_bytes = hex_option(line, " upgrade=", target.upgrade);
  target.hello_bytes = hex_option(line, " hello=", target.hello);
}

static void reset_all(void) {
  struct linger now = {.l_onoff = 1, .l_linger = 0};
  for (int i = 0; i < row_count; i++) {
    if (rows[i].phase == CLOSED) continue;
    setsockopt(rows[i].fd, SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close(rows[i].fd);
  }
  row_count = 0;
  closed_by_peer = last_close_code = last_errno = 0;
}

static void start_echo(const char *line, double timeout_s) {
  long connections = number_option(line, " connections=", 1);
  long window = number_option(line, " window=", 1);
  begin(ECHO, timeout_s);
  op.want = number_option(line, " messages=", 1);
  op.frame_bytes = hex_option(line, " frame=", echo_frames);
  if (window > WINDOW_MAX) window = WINDOW_MAX;
  for (long i = 1; i < WINDOW_MAX; i++)
    memcpy(echo_frames + op.frame_bytes * i, echo_frames, op.frame_bytes);
  for (int i = 0; i < connections && i < row_count; i++) {
    if (rows[i].phase != OPEN || op.sent + window > op.want) continue;
    op.sent += window;
    send_all(&rows[i], echo_frames, op.frame_bytes * (size_t)window);
  }
}

static void obey(const char *line) {
  double timeout_s = (double)number_option(line, " timeout=", 60);
  if (!strncmp(line, "connect", 7)) {
    begin(CONNECT, timeout_s);
    op.want = number_option(line, " n=", 1);
    op.inflight_max = number_option(line, " inflight=", 128);
    if (op.want > ROWS_MAX - row_count) op.want = ROWS_MAX - row_count;
  } else if (!strncmp(line, "expect", 6)) {
    begin(EXPECT, timeout_s);
    op.want = number_option(line, " total=", 1);
  } else if (!strncmp(line, "echo", 4)) {
    start_echo(line, timeout_s);
  } else if (!strncmp(line, "target", 6)) {
    begin(NONE, timeout_s);
    set_target(line);
    finish("target", 0);
  } else if (!strncmp(line, "zero", 4)) {
    begin(NONE, timeout_s);
    frames_counted = frames_other = bytes_received = 0;
    finish("zero", 0);
  } else if (!strncmp(line, "reset", 5)) {
    begin(NONE, timeout_s);
    reset_all();
    finish("reset", 0);
  } else if (!strncmp(line, "stat", 4)) {
    begin(NONE, timeout_s);
    finish("stat", 0);
  } else if (!strncmp(line, "quit", 4)) {
    exit(0);
  } else {
    finish("unknown", 0);
  }
}

static void read_commands(void) {
  static char line[LINE_BYTES];
  static size_t have;
  ssize_t got = read(0, line + have, sizeof line - 1 - have);
  if (got <= 0) exit(0);
  have += (size_t)got;
  line[have] = 0;
  for (char *end; (end = strchr(line, '\n'));) {
    *end = 0;
    obey(line);
    have -= (size_t)(end + 1 - line);
    memmove(line, end + 1, have + 1);
  }
}

/* Called after each batch of events: starts what the window allows, and ends an operation
 * that is through. */
static void advance(void) {
  int late = op.kind != NONE && now_s() > op.deadline;
  if (op.kind == CONNECT) {
    while (op.inflight < op.inflight_max && op.started_count < op.want) start_connection();
    if (late || op.done + op.failed == op.want) finish("connect", late);
  } else if (op.kind == EXPECT) {
    if (late || frames_counted >= op.want || closed_by_peer)
      finish("expect", late || frames_counted < op.want);
  } else if (op.kind == ECHO) {
    if (late || op.done >= op.want || closed_by_peer)
      finish("echo", late || op.done < op.want);
  }
}

int main(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  epoll_fd = epoll_create1(0);
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)STDIN_ROW};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, 0, &event)) {
    perror("stdin must be a pipe");
    return 1;
  }
  for (;;) {
    static struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(epoll_fd, events, EVENTS_MAX, op.kind == NONE ? -1 : 200);
    for (int i = 0; i < count; i++) {
      uint32_t index = events[i].data.u32;
      if (index == (uint32_t)STDIN_ROW) {
        read_commands();
        continue;
      }
      struct row *row = &rows[index];
      if ((int)index >= row_count || row->phase == CLOSED) continue;
      if (row->phase == CONNECTING) on_connected(row);
      else on_readable(row);
    }
    advance();
  }
}
