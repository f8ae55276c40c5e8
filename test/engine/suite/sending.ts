/** Bytes that go: order, partial writes, slow peers. */
import { describe, expect, it } from 'vitest'
import { CLOSE_REASON, OUTBOX_RESERVE_MAX } from '../../../src/engine/socket-engine.ts'
import { patternBytes, type Recorder, type Stage } from './stage.ts'

/** Commits frames until the kernel refuses some; returns what was committed. */
async function fillUp(stage: Stage, recorder: Recorder, slot: number): Promise<Buffer> {
  const frames: Buffer[] = []
  await stage.until('the kernel to refuse', () => {
    for (let index = 0; index < 8; index++) {
      const frame = patternBytes(16 * 1024, frames.length + 1)
      frames.push(frame)
      recorder.say(slot, frame)
      recorder.engine.flush()
      if (recorder.engine.queuedBytesOf(slot) > 256 * 1024) return true
    }
    return false
  })
  return Buffer.concat(frames)
}

export function describeSending(stage: Stage): void {
  describe('sending', () => {
    it('sends what was committed in onAccept and in onReceive without being asked to', async () => {
      const recorder = stage.open()
      const { port } = await stage.listen(recorder)
      recorder.acceptHook = (slot) => recorder.say(slot, 'hello ')
      recorder.receiveHook = (slot) => {
        recorder.say(slot, 'bye')
        return undefined
      }
      const peer = await stage.connectPeer(port)
      peer.socket.write('?')
      await stage.until('both', () => peer.text === 'hello bye')
      expect(recorder.engine.counters.bytesSent).toBe(9)
    })

    it('sends the same reserved bytes to several slots, and parts of them', async () => {
      const { recorder, engine, peer, slot, port } = await stage.openPair()
      const other = await stage.addPeer(recorder, port)
      const start = engine.reserve(6)
      engine.outbox.set(Buffer.from('abcdef'), start)
      engine.commit(slot, start, start + 6)
      engine.commit(other.slot, start + 2, start + 6)
      engine.commit(slot, start, start + 1)
      engine.commit(slot, start, start)
      engine.flush()
      await stage.until('both', () => peer.text === 'abcdefa' && other.peer.text === 'cdef')
    })

    it('keeps the order of commits and sendSame', async () => {
      const { recorder, engine, peer, slot, port } = await stage.openPair()
      const other = await stage.addPeer(recorder, port)
      const slots = Int32Array.of(slot, other.slot)
      const bytes = Buffer.from('-same-')
      let expected = ''
      for (let round = 0; round < 50; round++) {
        recorder.say(slot, `a${round}`)
        recorder.say(other.slot, `a${round}`)
        recorder.say(slot, `b${round}`)
        recorder.say(other.slot, `b${round}`)
        engine.sendSame(slots, 2, bytes, 1, 5)
        expected += `a${round}b${round}same`
      }
      engine.flush()
      const isDone = () =>
        peer.receivedBytes >= expected.length && other.peer.receivedBytes >= expected.length
      await stage.until('all', isDone)
      expect(peer.text).toBe(expected)
      expect(other.peer.text).toBe(expected)
    })

    it('lets the bytes of sendSame be reused at once', async () => {
      const { recorder, engine, peer, slot } = await stage.openPair({ sendQueueBytesMax: 64 << 20 })
      peer.socket.pause()
      const before = await fillUp(stage, recorder, slot)
      const bytes = Buffer.from('first')
      engine.sendSame(Int32Array.of(slot), 1, bytes, 0, 5)
      bytes.fill('x')
      engine.sendSame(Int32Array.of(slot), 1, bytes, 0, 2)
      peer.socket.resume()
      await stage.until('all', () => peer.receivedBytes === before.length + 7)
      expect(peer.received.subarray(before.length).toString('latin1')).toBe('firstxx')
    })

    it('flushes by itself when the outbox is full', async () => {
      const { recorder, engine, peer, slot } = await stage.openPair({ sendQueueBytesMax: 64 << 20 })
      const frame = patternBytes(OUTBOX_RESERVE_MAX)
      for (let index = 0; index < 12; index++) {
        frame[0] = index
        recorder.say(slot, frame)
      }
      engine.flush()
      const total = 12 * frame.length
      await stage.until('all', () => peer.receivedBytes === total)
      const { received } = peer
      for (let index = 0; index < 12; index++) {
        frame[0] = index
        const at = index * frame.length
        expect(received.subarray(at, at + frame.length).equals(frame)).toBe(true)
      }
    })

    it('sends tens of thousands of small commits of one turn in order', async () => {
      const { recorder, engine, peer, slot } = await stage.openPair({ sendQueueBytesMax: 64 << 20 })
      const parts: string[] = []
      for (let index = 0; index < 40_000; index++) {
        parts.push(`${index},`)
        recorder.say(slot, parts[index])
      }
      engine.flush()
      const expected = parts.join('')
      await stage.until('all', () => peer.receivedBytes >= expected.length)
      expect(peer.text).toBe(expected)
    })

    it('keeps megabytes for a peer that does not read, and sends them in order when it does', async () => {
      const { recorder, engine, peer, slot } = await stage.openPair({ sendQueueBytesMax: 32 << 20 })
      peer.socket.pause()
      const sent = [await fillUp(stage, recorder, slot)]
      for (let index = 0; index < 60; index++) {
        sent.push(patternBytes(64 * 1024, 1000 + index))
        recorder.say(slot, sent[sent.length - 1])
      }
      engine.flush()
      const all = Buffer.concat(sent)
      expect(engine.queuedBytesOf(slot)).toBeGreaterThan(3 << 20)
      expect(engine.bufferedBytes).toBeGreaterThan(3 << 20)
      peer.socket.resume()
      await stage.until('all bytes', () => peer.receivedBytes === all.length)
      expect(peer.received.equals(all)).toBe(true)
      await stage.until('an empty queue', () => engine.queuedBytesOf(slot) === 0)
      await stage.until('no buffers', () => engine.bufferedBytes === 0)
      expect(engine.counters.bytesSent).toBe(all.length)
      expect(recorder.overflowed).toEqual([])
    })

    it('notices a peer that resets while its queue is full, and frees the queue', async () => {
      const { recorder, engine, peer, slot } = await stage.openPair({ sendQueueBytesMax: 32 << 20 })
      peer.socket.pause()
      await fillUp(stage, recorder, slot)
      peer.socket.resetAndDestroy()
      await stage.until('onClose', () => recorder.closed.length === 1)
      expect(recorder.closed[0]).toMatchObject({ slot, reason: CLOSE_REASON.PEER_RESET })
      await stage.until('the buffers', () => engine.bufferedBytes === 0)
      await stage.until('the row', () => engine.openCount === 0)
    })

    it('still sends a full queue to a peer that has ended its side', async () => {
      const { recorder, engine, peer, slot } = await stage.openPair({ sendQueueBytesMax: 32 << 20 })
      peer.socket.pause()
      const sent = await fillUp(stage, recorder, slot)
      peer.socket.end()
      await stage.until('onClose', () => recorder.closed.length === 1)
      expect(recorder.closed[0]).toMatchObject({ slot, reason: CLOSE_REASON.PEER_END })
      expect(engine.isOpen(slot)).toBe(false)
      peer.socket.resume()
      await stage.until('our end', () => peer.isEnded)
      expect(peer.received.equals(sent)).toBe(true)
      await stage.until('the row', () => engine.openCount === 0)
      expect(engine.bufferedBytes).toBe(0)
    })

    it('calls onOverflow once, and a last frame and the end reach a peer that reads again', async () => {
      const { recorder, engine, peer, slot } = await stage.openPair({
        sendQueueBytesMax: 64 * 1024,
        lingerMs: 10_000,
      })
      peer.socket.pause()
      const frameBytes = 10_000
      recorder.overflowHook = (one) => {
        recorder.say(one, 'BYE')
        engine.close(one)
        recorder.say(one, 'too late')
      }
      let committed = 0
      await stage.until('onOverflow', () => {
        for (let index = 0; index < 32; index++) {
          recorder.say(slot, Buffer.alloc(frameBytes, 'f'))
          committed++
          engine.flush()
        }
        return recorder.overflowed.length > 0
      })
      expect(engine.isOpen(slot)).toBe(false)
      peer.socket.resume()
      await stage.until('our end', () => peer.isEnded)
      const { text } = peer
      expect(text.endsWith('fBYE')).toBe(true)
      expect((text.length - 3) % frameBytes).toBe(0)
      expect(text.length).toBeLessThan(committed * frameBytes)
      expect(recorder.overflowed).toEqual([slot])
      peer.socket.end()
      await stage.until('the row', () => engine.openCount === 0)
      expect(recorder.closed).toEqual([])
      expect(engine.bufferedBytes).toBe(0)
    })

    it('closes with BUFFERS_FULL where the queues of all together pass bufferedBytesMax', async () => {
      const { recorder, engine, peer, slot } = await stage.openPair({
        sendQueueBytesMax: 32 << 20,
        bufferedBytesMax: 512 * 1024,
      })
      peer.socket.pause()
      await stage.until('onClose', () => {
        for (let index = 0; index < 8; index++) recorder.say(slot, patternBytes(32 * 1024))
        engine.flush()
        return recorder.closed.length > 0
      })
      expect(recorder.closed).toMatchObject([{ slot, reason: CLOSE_REASON.BUFFERS_FULL }])
      await stage.until('the buffers', () => engine.bufferedBytes === 0)
    })
  })
}
