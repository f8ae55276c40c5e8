/*
 * Batched system calls for the epoll engine: the functions that JavaScript sees. No policy and no
 * protocol: every decision is taken in src/engine/. One call handles many sockets, because crossing
 * from JavaScript costs 25 ns a call and as much again for each argument; the kernel's own 140 ns
 * and more a call are what remains.
 *
 * A socket is named by its slot; fd_of[slot] is a column of the engine's connection table, shared
 * with it.
 */
#include "shim.h"

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
