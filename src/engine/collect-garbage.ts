/**
 * Collections at moments that are good for devices: before the first one, and after a storm. Node
 * has no API for it; `gc` of a context made while --expose-gc is set is what V8 offers.
 */
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'

type Collect = (options?: { readonly type: 'minor' }) => void

/** One for each thread: it collects the heap of the thread in which it was made. */
let collect: Collect | undefined

function loadCollect(): Collect {
  setFlagsFromString('--expose-gc')
  const made: Collect = runInNewContext('gc')
  setFlagsFromString('--no-expose-gc')
  return made
}

/**
 * Collects what the start of this thread left over. V8 would do it among the first connections,
 * with a pause of about 10 ms.
 */
export function collectStartupGarbage(): void {
  collect ??= loadCollect()
  collect()
}

/**
 * Collects the young generation, below a millisecond. Messages between threads leave buffers that
 * a quiet thread would keep until it allocates again.
 */
export function collectYoung(): void {
  collect ??= loadCollect()
  collect({ type: 'minor' })
}
