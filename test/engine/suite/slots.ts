/**
 * The life of a slot: not reused within a turn, told apart by its generation, harmless when stale.
 */
import { describe, expect, it } from 'vitest'
import { NO_SLOT } from '../../../src/engine/socket-engine.ts'
import type { Stage } from './stage.ts'

export function describeSlots(stage: Stage): void {
  describe('slots', () => {
    it('are not handed out again in the turn in which they were given up', async () => {
      const server = stage.open()
      const target = await stage.listen(server)
      const { recorder, engine, peer, slot } = await stage.openPair({ capacity: 2 })
      const out = new Int32Array(2)
      let started = -1
      recorder.receiveHook = (one) => {
        engine.abort(one)
        started = engine.connect({ host: '127.0.0.1', port: target.port }, out, 2)
        return undefined
      }
      peer.socket.write('x')
      await stage.until('onConnect', () => recorder.connected.length === 1)
      expect(started).toBe(1)
      expect(out[0]).not.toBe(slot)
    })

    it('have another generation for every user', async () => {
      const recorder = stage.open({ capacity: 1 })
      const { engine } = recorder
      const { port } = await stage.listen(recorder)
      const generations = new Set<number>()
      for (let round = 0; round < 4; round++) {
        const { slot } = await stage.addPeer(recorder, port)
        expect(slot).toBe(0)
        const generation = engine.generationOf(slot)
        expect(engine.generationOf(slot)).toBe(generation)
        generations.add(generation)
        engine.abort(slot)
        await stage.until('the row', () => engine.openCount === 0)
      }
      expect(generations.size).toBe(4)
    })

    it('are harmless when stale or never used', async () => {
      const { recorder, engine, peer, slot, port } = await stage.openPair()
      const other = await stage.addPeer(recorder, port)
      peer.socket.end()
      await stage.until('onClose', () => recorder.closed.length === 1)
      for (const stale of [slot, NO_SLOT, engine.capacity - 1]) {
        recorder.say(stale, 'to nobody')
        engine.sendSame(Int32Array.of(stale), 1, Buffer.from('nobody'), 0, 6)
        engine.redeliver(Int32Array.of(stale), 1)
        engine.close(stale)
        engine.abort(stale)
        expect(engine.isOpen(stale)).toBe(false)
        expect(engine.queuedBytesOf(stale)).toBe(0)
        expect(engine.peerOf(stale)).toBe('')
        expect(engine.localOf(stale)).toBe('')
      }
      await stage.until('the row', () => engine.openCount === 1)
      await stage.roundTrips(recorder, other.peer, other.slot)
      expect(peer.text).toBe('')
      expect(engine.counters.closed).toBe(1)
    })

    it('are given up once, though closed and aborted repeatedly', async () => {
      const { recorder, engine, peer, slot } = await stage.openPair({ capacity: 4 })
      engine.close(slot)
      engine.close(slot)
      engine.abort(slot)
      peer.socket.end()
      await stage.until('the row', () => engine.openCount === 0)
      expect(engine.counters.closed).toBe(1)
      const server = stage.open()
      const target = await stage.listen(server)
      const out = new Int32Array(5)
      expect(engine.connect({ host: '127.0.0.1', port: target.port }, out, 5)).toBe(4)
      expect(new Set(out.slice(0, 4)).size).toBe(4)
      expect(recorder.closed).toEqual([])
    })
  })
}
