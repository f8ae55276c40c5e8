/*
 * The limit of this kernel: one epoll loop, plain TCP, no more policy than the work needs. Frames
 * are those of push protocol 1 on TCP (varint length, then type): HELLO (0x01) is answered with
 * WELCOME_BYTES, anything else is sent back as it came. A broadcast is one send() for each
 * connection, of bytes encoded once. What it leaves out (sessions, timers, queues for slow
 * readers) is what pushctl is compared for.
 *
 * stdout: one JSON line when ready, one for each command.
 * stdin: {"cmd":"broadcast","bytes":256} and the like.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { FD_MAX = 65536, EVENTS_MAX = 1024, CHUNK_BYTES = 65536, WELCOME_BYTES = 25 };
enum { TYPE_HELLO = 0x01, TYPE_WELCOME = 0x81, TYPE_MSG = 0x83 };

/* What a connection left of an incomplete frame; owned by malloc only meanwhile. */
static uint8_t *kept[FD_MAX];
static uint32_t kept_bytes[FD_MAX];
/* Open descriptors, dense, for the broadcast; place[fd] is the index there. */
static int open_fds[FD_MAX], place[FD_MAX], open_count;

static int epoll_fd, listen_fd;
static uint8_t arena[CHUNK_BYTES * 2], answers[CHUNK_BYTES * 4];

static void die(const char *what) {
  perror(what);
  exit(1);
}

static void add_connection(int fd) {
  int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = fd};
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, fd, &event)) die("epoll_ctl");
  place[fd] = open_count;
  open_fds[open_count++] = fd;
}

static void drop_connection(int fd) {
  int last = open_fds[--open_count];
  open_fds[place[fd]] = last;
  place[last] = place[fd];
  free(kept[fd]);
  kept[fd] = NULL;
  kept_bytes[fd] = 0;
  close(fd);
}

static void accept_all(void) {
  for (;;) {
    int fd = accept4(listen_fd, NULL, NULL, SOCK_NONBLOCK);
    if (fd < 0) return;
    if (fd >= FD_MAX) close(fd);
    else add_connection(fd);
  }
}

/* Length of the frame at p, header included; 0 while it is incomplete. */
static size_t frame_bytes(const uint8_t *p, size_t bytes, size_t *header) {
  size_t length = 0;
  for (size_t i = 0; i < bytes && i < 4; i++) {
    length |= (size_t)(p[i] & 0x7f) << (7 * i);
    if (p[i] & 0x80) continue;
    *header = i + 1;
    return i + 1 + length <= bytes ? i + 1 + length : 0;
  }
  return 0;
}

static void receive(int fd) {
  size_t had = kept_bytes[fd];
  if (had) memcpy(arena, kept[fd], had);
  ssize_t got = recv(fd, arena + had, CHUNK_BYTES, 0);
  if (got < 0 && errno == EAGAIN) return;
  if (got <= 0) return drop_connection(fd);
  size_t end = had + (size_t)got, at = 0, out = 0, header = 0, length;
  while ((length = frame_bytes(arena + at, end - at, &header))) {
    if (arena[at + header] == TYPE_HELLO) {
      memset(answers + out, 0, 1 + WELCOME_BYTES);
      answers[out] = WELCOME_BYTES;
      answers[out + 1] = TYPE_WELCOME;
      out += 1 + WELCOME_BYTES;
    } else {
      memcpy(answers + out, arena + at, length);
      out += length;
    }
    at += length;
  }
  if (end - at > CHUNK_BYTES) return drop_connection(fd);
  free(kept[fd]);
  kept[fd] = NULL;
  kept_bytes[fd] = (uint32_t)(end - at);
  if (end > at) {
    kept[fd] = malloc(end - at);
    memcpy(kept[fd], arena + at, end - at);
  }
  if (out && send(fd, answers, out, MSG_NOSIGNAL) != (ssize_t)out) drop_connection(fd);
}

/* A reader that is not ready loses this broadcast and is counted: the load client always reads. */
static void broadcast(size_t payload_bytes) {
  static uint8_t frame[CHUNK_BYTES];
  size_t length = 3 + payload_bytes, header = 0, refused = 0;
  if (length > CHUNK_BYTES - 8) length = CHUNK_BYTES - 8;
  for (size_t left = length; ; left >>= 7) {
    frame[header++] = (uint8_t)(left > 0x7f ? (left & 0x7f) | 0x80 : left);
    if (left <= 0x7f) break;
  }
  memset(frame + header, 'p', length);
  frame[header] = TYPE_MSG;
  frame[header + 1] = frame[header + 2] = 0;
  size_t whole = header + length;
  for (int i = 0; i < open_count; i++) {
    if (send(open_fds[i], frame, whole, MSG_NOSIGNAL | MSG_DONTWAIT) != (ssize_t)whole) refused++;
  }
  printf("{\"event\":\"broadcast\",\"recipients\":%d,\"refused\":%zu}\n", open_count, refused);
}

static void obey(const char *line) {
  const char *bytes = strstr(line, "\"bytes\":");
  if (strstr(line, "\"broadcast\"")) broadcast(bytes ? strtoul(bytes + 8, NULL, 10) : 256);
  else if (strstr(line, "\"gc\"")) printf("{\"event\":\"gc\"}\n");
  else if (strstr(line, "\"usage\"")) printf("{\"event\":\"usage\",\"gcMaxMs\":null}\n");
  else printf("{\"event\":\"error\",\"message\":\"unknown command\"}\n");
  fflush(stdout);
}

static void read_commands(void) {
  static char line[4096];
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

static void open_listener(void) {
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t size = sizeof address;
  listen_fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
  if (bind(listen_fd, (void *)&address, size) || listen(listen_fd, 65535)) die("listen");
  getsockname(listen_fd, (void *)&address, &size);
  printf("{\"event\":\"ready\",\"port\":%d}\n", ntohs(address.sin_port));
  fflush(stdout);
}

int main(void) {
  struct rlimit limit;
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  epoll_fd = epoll_create1(0);
  open_listener();
  struct epoll_event watch = {.events = EPOLLIN, .data.fd = listen_fd};
  epoll_ctl(epoll_fd, EPOLL_CTL_ADD, listen_fd, &watch);
  watch.data.fd = 0;
  if (epoll_ctl(epoll_fd, EPOLL_CTL_ADD, 0, &watch)) die("stdin must be a pipe");
  for (;;) {
    static struct epoll_event events[EVENTS_MAX];
    int count = epoll_wait(epoll_fd, events, EVENTS_MAX, -1);
    for (int i = 0; i < count; i++) {
      int fd = events[i].data.fd;
      if (fd == listen_fd) accept_all();
      else if (fd == 0) read_commands();
      else receive(fd);
    }
  }
}
