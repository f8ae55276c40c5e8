/** Bytes that come: order, what is kept, what is presented again. */
import { describe, expect, it } from 'vitest'
import { CLOSE_REASON } from '../../../src/engine/socket-engine.ts'
import { patternBytes, type Stage } from './stage.ts'

/** Consumes whole records of `bytes` bytes and leaves the rest. */
function wholeRecords(bytes: number): (slot: number, shown: Buffer) => number {
  return (_slot, shown) => shown.length - (shown.length % bytes)
}

export function describeReceiving(stage: Stage): void {
  describe('receiving', () => {
    it('shows an unfinished frame again, grown by each byte that comes', async () => {
      const { recorder, peer, slot } = await stage.openPair()
      const shown: string[] = []
      recorder.receiveHook = (_slot, bytes) => {
        shown.push(bytes.toString('latin1'))
        return bytes.length === 6 ? 6 : 0
      }
      for (let index = 0; index < 6; index++) {
        peer.socket.write('frame!'[index])
        await stage.until('the byte', () => shown.length === index + 1)
      }
      expect(shown).toEqual(['f', 'fr', 'fra', 'fram', 'frame', 'frame!'])
      expect(recorder.textOf(slot)).toBe('frame!')
      expect(recorder.engine.bufferedBytes).toBe(0)
    })

    it('counts kept bytes in bufferedBytes, and no longer when they are consumed', async () => {
      const { recorder, peer, engine } = await stage.openPair()
      recorder.receiveHook = (_slot, bytes) => (bytes.length < 1000 ? 0 : undefined)
      peer.socket.write(patternBytes(999))
      await stage.until('kept bytes', () => engine.bufferedBytes >= 999)
      peer.socket.write('x')
      await stage.until('none', () => engine.bufferedBytes === 0)
    })

    it('keeps from where the handler says, and what the handler wrote there', async () => {
      const { recorder, peer, slot } = await stage.openPair()
      const shown: string[] = []
      recorder.receiveHook = (_slot, bytes) => {
        shown.push(bytes.toString('latin1'))
        if (shown.length > 1) return undefined
        bytes.write('XY', 3, 'latin1')
        return 3
      }
      peer.socket.write('abcde')
      await stage.until('the first', () => shown.length === 1)
      peer.socket.write('fg')
      await stage.until('the second', () => shown.length === 2)
      expect(shown).toEqual(['abcde', 'XYfg'])
      expect(recorder.textOf(slot)).toBe('abcXYfg')
    })

    it('delivers megabytes from several peers whole and in order', async () => {
      const recorder = stage.open()
      const { port } = await stage.listen(recorder)
      recorder.receiveHook = wholeRecords(1009)
      const sent = [1, 2, 3].map((seed) => patternBytes(1009 * 1000, seed))
      const pairs = []
      for (const bytes of sent) {
        const pair = await stage.addPeer(recorder, port)
        pairs.push(pair)
        pair.peer.socket.write(bytes)
      }
      await stage.until('all bytes', () => recorder.engine.counters.bytesReceived === 3 * 1009_000)
      pairs.forEach(({ slot }, index) => {
        expect(recorder.received.get(slot)?.equals(sent[index])).toBe(true)
      })
      expect(recorder.engine.bufferedBytes).toBe(0)
    })

    it('names a slot once in a batch, with its bytes inside the shared arena', async () => {
      const recorder = stage.open()
      const { port } = await stage.listen(recorder)
      let batches = 0
      recorder.batchHook = (batch) => {
        batches++
        const slots = batch.slots.slice(0, batch.count)
        expect(new Set(slots).size).toBe(batch.count)
        for (let index = 0; index < batch.count; index++) {
          expect(batch.ends[index]).toBeGreaterThan(batch.starts[index])
          expect(batch.ends[index]).toBeLessThanOrEqual(batch.bytes.length)
          expect(batch.keepFrom[index]).toBe(batch.ends[index])
        }
      }
      const pairs = []
      for (let index = 0; index < 20; index++) pairs.push(await stage.addPeer(recorder, port))
      for (const { peer } of pairs) for (let turn = 0; turn < 5; turn++) peer.socket.write('12345')
      await stage.until('all', () => recorder.engine.counters.bytesReceived === 500)
      expect(batches).toBeGreaterThan(0)
      for (const { slot } of pairs) expect(recorder.textOf(slot)).toBe('12345'.repeat(5))
    })

    it('presents kept bytes again on redeliver(), in a later call and only where there are some', async () => {
      const { recorder, engine, peer, slot, port } = await stage.openPair()
      const other = await stage.addPeer(recorder, port)
      let isDecided = false
      recorder.receiveHook = () => (isDecided ? undefined : 0)
      peer.socket.write('question')
      await stage.until('the question', () => recorder.calls.includes(`receive ${slot}`))
      isDecided = true
      const calls = recorder.calls.length
      engine.redeliver(Int32Array.of(slot, other.slot), 2)
      expect(recorder.calls.length).toBe(calls)
      await stage.until('it again', () => recorder.textOf(slot) === 'question')
      expect(recorder.calls.slice(calls)).toEqual([`receive ${slot}`])
      expect(engine.bufferedBytes).toBe(0)
    })

    it('presents again what redeliver() was asked for inside onReceive itself', async () => {
      const { recorder, engine, peer, slot } = await stage.openPair()
      let times = 0
      recorder.receiveHook = (one, bytes) => {
        expect(bytes.toString('latin1')).toBe('again')
        if (++times === 3) return undefined
        engine.redeliver(Int32Array.of(one), 1)
        return 0
      }
      peer.socket.write('again')
      await stage.until('three times', () => times === 3)
      expect(recorder.textOf(slot)).toBe('again')
    })

    it('carries frames of 64 KiB both ways', async () => {
      const { recorder, peer, slot } = await stage.openPair()
      const frameBytes = 64 * 1024 + 14
      recorder.receiveHook = (one, bytes) => {
        const end = bytes.length - (bytes.length % frameBytes)
        for (let start = 0; start < end; start += frameBytes) {
          recorder.say(one, bytes.subarray(start, start + frameBytes))
        }
        return end
      }
      const sent = patternBytes(20 * frameBytes)
      peer.socket.write(sent)
      await stage.until('the echo', () => peer.receivedBytes === sent.length)
      expect(peer.received.equals(sent)).toBe(true)
      expect(recorder.received.get(slot)?.equals(sent)).toBe(true)
    })

    it('closes with RECEIVE_OVERFLOW where more than keptBytesMax is left', async () => {
      const { recorder, engine, peer, slot } = await stage.openPair({ keptBytesMax: 1000 })
      recorder.receiveHook = () => 0
      peer.socket.write(patternBytes(1000))
      await stage.until('1,000 kept', () => engine.bufferedBytes >= 1000)
      expect(recorder.closed).toEqual([])
      peer.socket.write('x')
      await stage.until('onClose', () => recorder.closed.length === 1)
      expect(recorder.closed[0]).toMatchObject({ slot, reason: CLOSE_REASON.RECEIVE_OVERFLOW })
      expect(engine.isOpen(slot)).toBe(false)
      await stage.until('the peer to notice', () => peer.isEnded || peer.isClosed)
      await stage.until('the buffers', () => engine.bufferedBytes === 0)
    })
  })
}
