/**
 * How V8 keeps the heaps of shards, whose tables lie outside of them: small, collected by the
 * thread that owns them, and never tidied in a quiet moment that devices then wait through.
 */
import { setFlagsFromString } from 'node:v8'

const FLAGS = [
  // V8 would grow the young generation from two halves of 1 MiB in each thread to 32 MiB in the
  // first seconds of a connection storm, resident for good: hundreds of bytes a connection. Here
  // almost nothing survives a turn, so small halves cost a few more collections of about a
  // millisecond each.
  '--semi-space-growth-factor=1',
  // Helpers would be woken for a megabyte, and the collecting thread would wait for them on cores
  // that shards keep busy: that doubles the longest pause.
  '--no-parallel-scavenge',
  '--no-parallel-compaction',
  '--no-parallel-pointer-update',
  // Eight seconds after a storm V8 would move all that is left together, to give back some two
  // megabytes: a pause of more than 10 ms, of 5 without the moving.
  '--no-compact',
]

/**
 * For this process and the threads that it starts from now on. V8 reads these flags at each
 * collection, so they may be set while it runs (those of marking may not).
 */
export function setHeapForShards(): void {
  for (const flag of FLAGS) setFlagsFromString(flag)
}
