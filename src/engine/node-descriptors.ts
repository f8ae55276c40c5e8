/**
 * How close this process is to its descriptor limit (RLIMIT_NOFILE), told by the number of a new
 * descriptor: the kernel hands out the lowest free one, so a high number means that all below are
 * taken. Costs one comparison.
 *
 * Needed because at the limit itself libuv drops connections: on EMFILE it gives up a spare
 * descriptor, then accepts and closes all that wait in the accept queue (uv__emfile_trick in
 * src/unix/stream.c), and node:net cannot stop it.
 */
import type { Socket } from 'node:net'
import { readDescriptorLimit } from './descriptor-limit.ts'

/**
 * Kept free for files, timers of libuv and connections to stores; one accept per listener may pass
 * it at once.
 */
const RESERVED_DESCRIPTORS = 16

let limit: number | null = null

export function isNearDescriptorLimit(socket: Socket): boolean {
  limit ??= readDescriptorLimit()
  return descriptorOf(socket) >= limit - RESERVED_DESCRIPTORS
}

/** -1 where the platform has no such numbers (Windows). */
function descriptorOf(socket: Socket): number {
  const { _handle: handle } = socket as unknown as { _handle?: { fd?: number } }
  return handle?.fd ?? -1
}
