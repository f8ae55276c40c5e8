/*
 * What the generators are driven against: one epoll loop in C on plain TCP, push protocol 1, so
 * that the target is cheaper than every generator. HELLO gets WELCOME; what else it does is its
 * mode:
 *
 *   echo    SEND comes back as MSG with the same payload
 *   drain   SEND is counted and dropped
 *   source  from its first SEND on a connection gets MSGs, `rate` a second over all, each with the
 *           marker that bench puts into payloads (src/loadgen/marker.ts), so that its latency is
 *           recorded
 *
 *   generator-target mode=echo|drain|source rate=N bytes=N
 *
 * stdout: one JSON line when it listens, one for each "stat" on stdin.
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

enum { FD_MAX = 65536, EVENTS_MAX = 1024, CHUNK_BYTES = 65536, FRAME_MAX = 2048 };
enum { TYPE_HELLO = 0x01, TYPE_SEND = 0x05, TYPE_WELCOME = 0x81, TYPE_MSG = 0x83 };
enum { WELCOME_BYTES = 21, MARKER_BYTES = 24, TICK_MS = 1 };
enum mode { ECHO, DRAIN, SOURCE };

/* What a connection left of an incomplete frame, and what it was sent. */
struct row {
  uint32_t kept_bytes, seq;
  uint8_t open, started, kept[FRAME_MAX];
};

static struct row rows[FD_MAX];
/* Descriptors that are sent to in mode source, in the order of their first SEND. */
static int started_fds[FD_MAX], started_count;
static enum mode mode;
static double rate;
static size_t payload_bytes = MARKER_BYTES;
static int epoll_fd, listen_fd;
static long frames_received, frames_sent, refused, connections;
static uint8_t arena[FRAME_MAX + CHUNK_BYTES], answers[2 * CHUNK_BYTES], source_frame[FRAME_MAX];
static size_t source_header;

static void die(const char *what) {
  perror(what);
  exit(1);
}

static double now_us(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

static size_t write_length(uint8_t *out, size_t length) {
  size_t bytes = 0;
  for (; length > 0x7f; length >>= 7) out[bytes++] = (uint8_t)(0x80 | (length & 0x7f));
  out[bytes++] = (uint8_t)length;
  return bytes;
}

static void write_u32(uint8_t *out, uint32_t value) {
  for (int i = 0; i < 4; i++) out[i] = (uint8_t)(value >> (24 - 8 * i));
}

static void write_f64(uint8_t *out, double value) {
  uint64_t bits;
  memcpy(&bits, &value, sizeof bits);
  for (int i = 0; i < 8; i++) out[i] = (uint8_t)(bits >> (56 - 8 * i));
}

static void drop(int fd) {
  rows[fd].open = rows[fd].started = 0;
  connections--;
  close(fd);
}

static void accept_all(void) {
  for (int fd; (fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK)) >= 0;) {
    int on = 1;
    if (fd >= FD_MAX) die("too many connections");
    memset(&rows[fd], 0, sizeof rows[fd]);
    rows[fd].open = 1;
    connections++;
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
    if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event)) die("epoll_ctl");
  }
}

/* Length of the frame at p, with its header; 0 while it is incomplete. */
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

/* Where the payload of a SEND starts: behind requestId 0, product and route, both short. */
static size_t payload_at(const uint8_t *body) {
  size_t route_at = 3 + (size_t)body[2];
  return route_at + 1 + body[route_at];
}

static void start_source(int fd, const uint8_t *payload) {
  if (rows[fd].started) return;
  rows[fd].started = 1;
  started_fds[started_count++] = fd;
  /* The run, by which the generator knows its own messages. */
  memcpy(source_frame + source_header + 3, payload, 4);
}

/* Returns how many bytes of answer it wrote. */
static size_t on_frame(int fd, const uint8_t *body, size_t bytes, uint8_t *out) {
  if (body[0] == TYPE_HELLO) {
    memset(out, 0, 1 + WELCOME_BYTES);
    out[0] = WELCOME_BYTES;
    out[1] = TYPE_WELCOME;
    return 1 + WELCOME_BYTES;
  }
  if (body[0] != TYPE_SEND) return 0;
  frames_received++;
  if (mode == DRAIN) return 0;
  size_t at = payload_at(body), length = 3 + bytes - at;
  if (mode == SOURCE) {
    start_source(fd, body + at);
    return 0;
  }
  size_t header = write_length(out, length);
  out[header] = TYPE_MSG;
  out[header + 1] = out[header + 2] = 0;
  memcpy(out + header + 3, body + at, bytes - at);
  frames_sent++;
  return header + length;
}

static void receive(int fd) {
  struct row *row = &rows[fd];
  memcpy(arena, row->kept, row->kept_bytes);
  ssize_t got = recv(fd, arena + row->kept_bytes, CHUNK_BYTES, 0);
  if (got <= 0) return drop(fd);
  size_t end = row->kept_bytes + (size_t)got, at = 0, out = 0, header = 0, length;
  while ((length = frame_bytes(arena + at, end - at, &header))) {
    out += on_frame(fd, arena + at + header, length - header, answers + out);
    at += length;
  }
  row->kept_bytes = (uint32_t)(end - at);
  if (row->kept_bytes > FRAME_MAX) return drop(fd);
  memcpy(row->kept, arena + at, row->kept_bytes);
  if (out && send(fd, answers, out, MSG_NOSIGNAL) != (ssize_t)out) drop(fd);
}

static void prepare_source(void) {
  source_header = write_length(source_frame, 3 + payload_bytes);
  source_frame[source_header] = TYPE_MSG;
  memset(source_frame + source_header + 3 + MARKER_BYTES, '.', payload_bytes - MARKER_BYTES);
}

/* All that is due now, one message a connection in turn. */
static void send_due(double start_us) {
  static long done;
  double now = now_us();
  uint8_t *marker = source_frame + source_header + 3;
  size_t bytes = source_header + 3 + payload_bytes;
  for (; start_us + (double)done * 1e6 / rate <= now; done++) {
    int fd = started_fds[done % started_count];
    if (!rows[fd].open) continue;
    write_u32(marker + 4, ++rows[fd].seq);
    write_f64(marker + 8, start_us + (double)done * 1e6 / rate);
    write_f64(marker + 16, now);
    if (send(fd, source_frame, bytes, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)bytes) frames_sent++;
    else refused++;
  }
}

static void read_commands(void) {
  char line[256];
  ssize_t got = read(0, line, sizeof line);
  if (got <= 0) exit(0);
  printf("{\"event\":\"stat\",\"received\":%ld,\"sent\":%ld,\"refused\":%ld,\"connections\":%ld}\n",
         frames_received, frames_sent, refused, connections);
  fflush(stdout);
}

static void open_listener(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (bind(listen_fd, (void *)&address, size) || listen(listen_fd, 65535)) die("listen");
  getsockname(listen_fd, (void *)&address, &size);
  printf("{\"event\":\"ready\",\"port\":%d}\n", ntohs(address.sin_port));
  fflush(stdout);
}

static void parse(int count, char **words) {
  for (int i = 1; i < count; i++) {
    if (!strcmp(words[i], "mode=drain")) mode = DRAIN;
    if (!strcmp(words[i], "mode=source")) mode = SOURCE;
    if (!strncmp(words[i], "rate=", 5)) rate = atof(words[i] + 5);
    if (!strncmp(words[i], "bytes=", 6)) payload_bytes = strtoul(words[i] + 6, NULL, 10);
  }
  if (payload_bytes < MARKER_BYTES || payload_bytes > FRAME_MAX - 8) die("bytes");
}

int main(int count, char **words) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  parse(count, words);
  prepare_source();
  epoll_fd = epoll_create1(0);
  open_listener();
  struct epoll_event watch = {.events = EPOLLIN, .data.fd = listen_fd};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &watch);
  watch.data.fd = 0;
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, 0, &watch)) die("stdin must be a pipe");
  double start_us = 0;
  for (;;) {
    static struct epoll_event events[EVENTS_MAX];
    int ready = epoll_wait(epoll_fd, events, EVENTS_MAX, started_count ? TICK_MS : -1);
    for (int i = 0; i < ready; i++) {
      int fd = events[i].data.fd;
      if (fd == listen_fd) accept_all();
      else if (fd == 0) read_commands();
      else receive(fd);
    }
    /* All connections take part: none gets the share of those that are not here yet. */
    if (!started_count || started_count < connections) continue;
    if (start_us == 0) start_us = now_us();
    send_due(start_us);
  }
}
