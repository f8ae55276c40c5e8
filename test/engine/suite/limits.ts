/** What all connections share, and that everything is given back. */
import { readdirSync, readlinkSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CLOSE_REASON, OUTBOX_RESERVE_MAX, type Slot } from '../../../src/engine/socket-engine.ts'
import { type Peer, patternBytes, type Stage } from './stage.ts'

/** Sockets and epoll descriptors of this process; other files may come and go. */
function countDescriptors(): number {
  let count = 0
  for (const name of readdirSync('/proc/self/fd')) {
    try {
      const target = readlinkSync(`/proc/self/fd/${name}`)
      if (/^socket:|eventpoll/.test(target)) count++
    } catch {
      // The descriptor of readdir itself.
    }
  }
  return count
}

function countResources(): number {
  const isOurs = (name: string) => /TCP|Immediate|Pipe/.test(name)
  return process.getActiveResourcesInfo().filter(isOurs).length
}

export function describeLimits(stage: Stage): void {
  describe('limits', () => {
    it('closes with BUFFERS_FULL where all that is kept passes bufferedBytesMax', async () => {
      const options = { bufferedBytesMax: 150_000, keptBytesMax: 80_000 }
      const { recorder, engine, peer, slot, port } = await stage.openPair(options)
      const other = await stage.addPeer(recorder, port)
      recorder.receiveHook = () => 0
      peer.socket.write(patternBytes(60_000))
      await stage.until('60,000 kept', () => engine.bufferedBytes >= 60_000)
      await stage.until('all read', () => engine.counters.bytesReceived === 60_000)
      other.peer.socket.write(patternBytes(79_000))
      other.peer.socket.write(patternBytes(1000))
      const third = await stage.addPeer(recorder, port)
      third.peer.socket.write(patternBytes(70_000))
      await stage.until('onClose', () => recorder.closed.length > 0)
      expect(recorder.closed[0].reason).toBe(CLOSE_REASON.BUFFERS_FULL)
      expect(engine.isOpen(slot)).toBe(true)
      expect(engine.bufferedBytes).toBeLessThanOrEqual(150_000)
    })

    it('reserves up to OUTBOX_RESERVE_MAX', () => {
      const { engine } = stage.open()
      const start = engine.reserve(OUTBOX_RESERVE_MAX)
      expect(start + OUTBOX_RESERVE_MAX).toBeLessThanOrEqual(engine.outbox.length)
      expect(() => engine.reserve(OUTBOX_RESERVE_MAX + 1)).toThrow(RangeError)
    })

    it('returns every descriptor on destroy(), also in the middle of things', async () => {
      const descriptors = countDescriptors()
      const resources = countResources()
      const recorder = stage.open({ capacity: 10, sendQueueBytesMax: 32 << 20 })
      const { engine } = recorder
      const { port } = await stage.listen(recorder)
      const pairs: { peer: Peer; slot: Slot }[] = []
      for (let index = 0; index < 8; index++) pairs.push(await stage.addPeer(recorder, port))
      expect(countDescriptors()).toBeGreaterThanOrEqual(descriptors + 17)
      // One closing, one with a full queue, one with kept bytes, two connecting, some waiting for a
      // row.
      engine.close(pairs[0].slot)
      pairs[1].peer.socket.pause()
      await stage.until('a queue', () => {
        recorder.say(pairs[1].slot, Buffer.alloc(100_000))
        engine.flush()
        return engine.queuedBytesOf(pairs[1].slot) > 300_000
      })
      recorder.receiveHook = () => 0
      pairs[2].peer.socket.write('kept')
      await stage.until('kept bytes', () => recorder.calls.includes(`receive ${pairs[2].slot}`))
      engine.connect({ host: '127.0.0.1', port }, new Int32Array(2), 2)
      const waiting = [stage.startPeer(port), stage.startPeer(port)]
      await stage.until('waiting peers', () => waiting.every((peer) => peer.isConnected))
      const { length } = recorder.calls
      await engine.destroy()
      await engine.destroy()
      expect(engine.openCount).toBe(0)
      expect(engine.bufferedBytes).toBe(0)
      const all = [...pairs.map(({ peer }) => peer), ...waiting]
      for (const peer of all) peer.socket.destroy()
      await stage.until('all descriptors', () => countDescriptors() === descriptors)
      await stage.until('all resources', () => countResources() <= resources)
      expect(recorder.closed).toEqual([])
      expect(recorder.calls.slice(length).filter((call) => !call.startsWith('connect'))).toEqual([])
    })

    it('does nothing any more after destroy()', async () => {
      const { recorder, engine, peer, slot, port } = await stage.openPair()
      await engine.destroy()
      const slots = Int32Array.of(slot)
      engine.sendSame(slots, 1, Buffer.from('late'), 0, 4)
      recorder.say(slot, 'late')
      engine.flush()
      engine.redeliver(slots, 1)
      engine.pauseAccept()
      engine.resumeAccept()
      engine.closeListener(0)
      engine.close(slot)
      engine.abort(slot)
      const started = engine.connect({ host: '127.0.0.1', port }, new Int32Array(1), 1)
      await stage.until('the peer', () => peer.isClosed || peer.isEnded)
      expect([started, peer.text, recorder.calls, engine.openCount]).toEqual([
        0,
        '',
        [`accept ${slot}`],
        0,
      ])
    })

    it('can be destroyed from inside its own callback', async () => {
      const { recorder, engine, peer, slot } = await stage.openPair()
      let isDestroyed = false
      recorder.receiveHook = () => {
        void engine.destroy().then(() => {
          isDestroyed = true
        })
        return 0
      }
      peer.socket.write('x')
      await stage.until('destroy()', () => isDestroyed)
      await stage.until('the peer', () => peer.isEnded || peer.isClosed)
      expect(recorder.calls).toEqual([`accept ${slot}`, `receive ${slot}`])
    })
  })
}
