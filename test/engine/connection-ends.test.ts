import { readSync } from 'node:fs'
import { afterEach, describe, expect, it } from 'vitest'
import { EpollEngine } from '../../src/engine/epoll-engine.ts'
import { type Peer, Stage } from './suite/stage.ts'

/** Takes all that the kernel has for the peer, without a turn of the loop. */
function readNow(peer: Peer): number {
  const { fd } = (peer.socket as unknown as { _handle: { fd: number } })._handle
  const into = Buffer.alloc(1 << 20)
  let total = 0
  for (;;) {
    try {
      const count = readSync(fd, into)
      if (count === 0) return total
      total += count
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return total
      throw error
    }
  }
}

describe.skipIf(!EpollEngine.isAvailable())('ends of connections', () => {
  const stage = new Stage((options, handler) => new EpollEngine(options, handler))
  afterEach(() => stage.clear())

  it('a last word is sent although the queue was emptied before it was said', async () => {
    const { recorder, engine, peer, slot } = await stage.openPair({ sendQueueBytesMax: 64 * 1024 })
    peer.socket.pause()
    recorder.overflowHook = () => {
      recorder.say(slot, 'good bye')
      engine.close(slot)
    }
    // All in one turn of the loop: the queue overflows, and the peer reads before the engine looks.
    const bytes = new Uint8Array(20 * 1024)
    const slots = Int32Array.of(slot)
    while (engine.queuedBytesOf(slot) < 64 * 1024 - bytes.length) {
      engine.sendSame(slots, 1, bytes, 0, bytes.length)
    }
    engine.sendSame(slots, 1, bytes, 0, bytes.length)
    engine.sendSame(slots, 1, bytes, 0, bytes.length)
    expect(readNow(peer)).toBeGreaterThan(64 * 1024)
    await stage.until('onOverflow', () => recorder.overflowed.length === 1)
    peer.socket.resume()
    await stage.until('the last word', () => peer.isEnded || peer.isClosed)
    expect(peer.text.slice(-8)).toBe('good bye')
  })
})
