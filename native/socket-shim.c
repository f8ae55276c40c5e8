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
#ifdef __GLIBC__
#include <malloc.h>
#endif

/* trimHeap(): gives free memory back to the system; some milliseconds, for when a storm is over */
static napi_value shim_trim_heap(napi_env env, napi_callback_info cb) {
  (void)env;
  (void)cb;
#ifdef __GLIBC__
  malloc_trim(0);
#endif
  return NULL;
}

NAPI_MODULE_INIT() {
#ifdef __GLIBC__
  /*
   * One heap for all threads that start from now on. glibc would give each its own, and what the
   * messages between threads leave behind in them is never given back: 100 bytes a connection and
   * more. Threads rarely meet in malloc() here, because connections allocate nothing.
   */
  mallopt(M_ARENA_MAX, 1);
#endif
  static const struct {
    const char *name;
    napi_callback function;
  } functions[] = {
      {"open", shim_open},
      {"end", shim_end},
      {"rest", shim_rest},
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
      {"openAlarm", shim_open_alarm},
      {"setAlarm", shim_set_alarm},
      {"countBytes", shim_count_bytes},
      {"byteCount", shim_byte_count},
      {"encodeAddress", shim_encode_address},
      {"addressOf", shim_address_of},
      {"trimHeap", shim_trim_heap},
  };
  for (size_t i = 0; i < sizeof functions / sizeof functions[0]; i++) {
    napi_value function;
    const char *name = functions[i].name;
    napi_create_function(env, name, NAPI_AUTO_LENGTH, functions[i].function, NULL, &function);
    napi_set_named_property(env, exports, name, function);
  }
  return exports;
}
