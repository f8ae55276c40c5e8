/* Addresses as text and as the kernel has them. Not for the hot path. */
#include "shim.h"
#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>

/* encodeAddress(host: string, port, out: Uint8Array) -> bytes written; 0: the host is no address */
napi_value shim_encode_address(napi_env env, napi_callback_info cb) {
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
napi_value shim_address_of(napi_env env, napi_callback_info cb) {
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
