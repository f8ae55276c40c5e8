/** How a shard takes leave of thousands of connections without standing still. */
import type { Slot, SocketEngine } from '../engine/socket-engine.ts'
import { nowUs } from '../stats/clock.ts'
import { CONNECTION_PHASE, type ConnectionRows } from './connection-rows.ts'

/** Closings between two turns of the loop. */
const CLOSE_BATCH = 1_024
const LOOK_MS = 10

/** `end` gets each connection with the phase that it is in. */
export async function endInBatches(
  engine: SocketEngine,
  { phase }: ConnectionRows,
  end: (slot: Slot, phase: number) => void,
): Promise<void> {
  let ended = 0
  for (let slot = 0; slot < phase.length; slot++) {
    if (phase[slot] === CONNECTION_PHASE.FREE) continue
    end(slot, phase[slot])
    ended += 1
    if (ended % CLOSE_BATCH !== 0) continue
    engine.flush()
    await new Promise((resolve) => setImmediate(resolve))
  }
  engine.flush()
}

/** Returns how many sockets are still open after `limitMs`. */
export async function waitUntilClosed(engine: SocketEngine, limitMs: number): Promise<number> {
  const endUs = nowUs() + limitMs * 1000
  while (engine.openCount > 0 && nowUs() < endUs) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS))
  }
  return engine.openCount
}
