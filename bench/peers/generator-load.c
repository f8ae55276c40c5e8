/*
 * The limit for a generator on this kernel: one epoll loop in C that does what bench does in mode
 * echo and nothing more. Connects, says HELLO, then sends SENDs along the same schedule (message k
 * is due k / rate after the first, each on the next connection, one send() each), looks for what is
 * due every millisecond, and records the latency of every MSG from its marker
 * (src/loadgen/marker.ts). It runs until it is killed.
 *
 * It looks at sockets as soon as one is ready, or with ticks=1 once a millisecond: fewer wake-ups
 * and so less CPU for a message, at the price of up to a millisecond in each latency.
 *
 *   generator-load port=N connections=N rate=N bytes=N [ticks=1]
 *
 * stdout: one JSON line for each "stat" on stdin.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
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

enum { ROWS_MAX = 16384, EVENTS_MAX = 1024, CHUNK_BYTES = 65536, FRAME_MAX = 2048 };
enum { TYPE_MSG = 0x83, MARKER_BYTES = 24, MARKER_SEQ = 4, MARKER_DUE = 8, MARKER_WRITTEN = 16 };
enum { TICK_MS = 1, LATENCY_US_MAX = 1000000, STDIN_ROW = -1, RUN = 0x70757368 };

struct row {
  int fd;
  uint32_t kept_bytes, sent, last_seq;
  uint8_t kept[FRAME_MAX];
};

static struct row rows[ROWS_MAX];
static int row_count, welcomed;
static int epoll_fd;
static double rate;
static int in_ticks;
static size_t payload_bytes = MARKER_BYTES;
static uint8_t arena[FRAME_MAX + CHUNK_BYTES], frame[FRAME_MAX];
static size_t frame_length, marker_at;
static uint32_t latencies[LATENCY_US_MAX + 1], service[LATENCY_US_MAX + 1];
static long sent, received, refused;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static void write_u32(uint8_t *out, uint32_t value) {
  value = htonl(value);
  memcpy(out, &value, sizeof value);
}

static uint32_t read_u32(const uint8_t *p) {
  uint32_t value;
  memcpy(&value, p, sizeof value);
  return ntohl(value);
}

static void write_f64(uint8_t *out, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  bits = __builtin_bswap64(bits);
  memcpy(out, &bits, sizeof bits);
}

static double read_f64(const uint8_t *p) {
  uint64_t bits;
  double value;
  memcpy(&bits, p, sizeof bits);
  bits = __builtin_bswap64(bits);
  memcpy(&value, &bits, sizeof value);
  return value;
}

static size_t write_length(uint8_t *out, size_t length) {
  size_t bytes = 0;
  for (; length > 0x7f; length >>= 7) out[bytes++] = (uint8_t)(0x80 | (length & 0x7f));
  out[bytes++] = (uint8_t)length;
  return bytes;
}

/* SEND, requestId 0, product "echo", no route, payload: as docs/protocol.md has it. */
static void prepare_frame(void) {
  static const uint8_t head[] = {0x05, 0, 4, 'e', 'c', 'h', 'o', 0};
  size_t header = write_length(frame, sizeof head + payload_bytes);
  memcpy(frame + header, head, sizeof head);
  marker_at = header + sizeof head;
  frame_length = marker_at + payload_bytes;
  memset(frame + marker_at, '.', payload_bytes);
  write_u32(frame + marker_at, RUN);
}

static void connect_one(struct sockaddr_in *address, int number) {
  struct row *row = &rows[number];
  int on = 1;
  uint8_t hello[64] = {0, 0x01, 1, 0, 0, 0, 0, 0};
  char id[32];
  int id_bytes = snprintf(id, sizeof id, "bench-generator-%06d", number);
  hello[8] = (uint8_t)id_bytes;
  memcpy(hello + 9, id, (size_t)id_bytes);
  hello[0] = (uint8_t)(10 + id_bytes);
  row->fd = socket(AF_INET, SOCK_STREAM, 0);
  if (row->fd < 0 || connect(row->fd, (void *)address, sizeof *address)) die("connect");
  setsockopt(row->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  if (send(row->fd, hello, 11 + (size_t)id_bytes, MSG_NOSIGNAL) < 0) die("hello");
  struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)number};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, row->fd, &event)) die("epoll_ctl");
}

static size_t frame_bytes(const uint8_t *p, size_t bytes, size_t *header) {
  size_t length = 0;
  for (size_t i = 0; i < bytes && i < 3; i++) {
    length |= (size_t)(p[i] & 0x7f) << (7 * i);
    if (p[i] & 0x80) continue;
    *header = i + 1;
    return i + 1 + length <= bytes ? i + 1 + length : 0;
  }
  return 0;
}

static void record(uint32_t *counts, double us) {
  int at = us < 0 ? 0 : us > LATENCY_US_MAX ? LATENCY_US_MAX : (int)us;
  counts[at]++;
}

static void on_frame(struct row *row, const uint8_t *body, double now) {
  if (body[0] != TYPE_MSG) {
    welcomed++;
    return;
  }
  const uint8_t *marker = body + 3;
  if (read_u32(marker) != RUN) return;
  row->last_seq = read_u32(marker + MARKER_SEQ);
  record(latencies, now - read_f64(marker + MARKER_DUE));
  record(service, now - read_f64(marker + MARKER_WRITTEN));
  received++;
}

static void receive(struct row *row, double now) {
  memcpy(arena, row->kept, row->kept_bytes);
  ssize_t got = recv(row->fd, arena + row->kept_bytes, CHUNK_BYTES, MSG_DONTWAIT);
  if (got <= 0) die("a connection ended");
  size_t end = row->kept_bytes + (size_t)got, at = 0, header = 0, length;
  while ((length = frame_bytes(arena + at, end - at, &header))) {
    on_frame(row, arena + at + header, now);
    at += length;
  }
  row->kept_bytes = (uint32_t)(end - at);
  if (row->kept_bytes > FRAME_MAX) die("a frame is too large");
  memcpy(row->kept, arena + at, row->kept_bytes);
}

/* To the next whole millisecond. */
static void sleep_tick(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  t.tv_nsec += 1000000 - t.tv_nsec % 1000000;
  if (t.tv_nsec >= 1000000000) {
    t.tv_sec++;
    t.tv_nsec -= 1000000000;
  }
  clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, NULL);
}

static void send_due(double start_us) {
  static long done;
  double now = now_us();
  for (;; done++) {
    double due = start_us + (double)done * 1e6 / rate;
    if (due > now) return;
    struct row *row = &rows[done % row_count];
    write_u32(frame + marker_at + MARKER_SEQ, ++row->sent);
    write_f64(frame + marker_at + MARKER_DUE, due);
    write_f64(frame + marker_at + MARKER_WRITTEN, now);
    ssize_t took = send(row->fd, frame, frame_length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (took == (ssize_t)frame_length) sent++;
    else refused++;
  }
}

static void read_commands(void) {
  char line[256];
  if (read(0, line, sizeof line) <= 0) exit(0);
  printf("{\"event\":\"stat\",\"sent\":%ld,\"received\":%ld,\"refused\":%ld}\n", sent, received,
         refused);
  fflush(stdout);
}

static double option(int count, char **words, const char *name, double fallback) {
  size_t length = strlen(name);
  for (int i = 1; i < count; i++)
    if (!strncmp(words[i], name, length) && words[i][length] == '=')
      return atof(words[i] + length + 1);
  return fallback;
}

int main(int count, char **words) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  row_count = (int)option(count, words, "connections", 1);
  rate = option(count, words, "rate", 1);
  payload_bytes = (size_t)option(count, words, "bytes", MARKER_BYTES);
  in_ticks = option(count, words, "ticks", 0) > 0;
  if (row_count > ROWS_MAX || payload_bytes > FRAME_MAX - 16) die("too many or too large");
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  address.sin_port = htons((uint16_t)option(count, words, "port", 0));
  prepare_frame();
  epoll_fd = epoll_create1(0);
  struct epoll_event watch = {.events = EPOLLIN, .data.u32 = (uint32_t)STDIN_ROW};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, 0, &watch)) die("stdin must be a pipe");
  for (int i = 0; i < row_count; i++) connect_one(&address, i);
  double start_us = 0;
  for (;;) {
    static struct epoll_event events[EVENTS_MAX];
    if (in_ticks) sleep_tick();
    int ready = epoll_wait(epoll_fd, events, EVENTS_MAX, in_ticks ? 0 : TICK_MS);
    double now = now_us();
    for (int i = 0; i < ready; i++) {
      if (events[i].data.u32 == (uint32_t)STDIN_ROW) read_commands();
      else receive(&rows[events[i].data.u32], now);
    }
    if (welcomed < row_count) continue;
    if (start_us == 0) start_us = now_us();
    send_due(start_us);
  }
}
