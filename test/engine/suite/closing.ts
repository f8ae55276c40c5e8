/** How connections end: by the peer, by the handler, by accident. */
import { constants } from 'node:os'
import { describe, expect, it } from 'vitest'
import { CLOSE_REASON } from '../../../src/engine/socket-engine.ts'
import type { Peer, Stage } from './stage.ts'

export function describeClosing(stage: Stage): void {
  describe('closing', () => {
    it('delivers bytes that came with the end, sends the answer, then says PEER_END', async () => {
      const { recorder, engine, peer, slot } = await stage.openPair()
      recorder.receiveHook = (one, bytes) => {
        recorder.say(one, `got ${bytes.toString('latin1')}`)
        return undefined
      }
      peer.socket.end('last words')
      await stage.until('onClose', () => recorder.closed.length === 1)
      expect(recorder.calls).toEqual([`accept ${slot}`, `receive ${slot}`, `close ${slot}`])
      expect(recorder.closed).toEqual([{ slot, reason: CLOSE_REASON.PEER_END, errno: 0 }])
      await stage.until('our end', () => peer.isEnded)
      expect(peer.text).toBe('got last words')
      await stage.until('the row', () => engine.openCount === 0)
      expect(engine.counters).toMatchObject({ accepted: 1, closed: 1 })
    })

    it('says PEER_RESET for a peer that resets', async () => {
      const { recorder, engine, peer, slot } = await stage.openPair()
      peer.socket.resetAndDestroy()
      await stage.until('onClose', () => recorder.closed.length === 1)
      const errno = constants.errno.ECONNRESET
      expect(recorder.closed).toEqual([{ slot, reason: CLOSE_REASON.PEER_RESET, errno }])
      expect(engine.peerOf(slot)).toBe('')
      await stage.until('the row', () => engine.openCount === 0)
    })

    it('accepts and then closes connections that were reset before the first read', async () => {
      const recorder = stage.open()
      const { port } = await stage.listen(recorder)
      const peers: Peer[] = []
      for (let index = 0; index < 20; index++) {
        const peer = stage.startPeer(port)
        peer.socket.on('connect', () => peer.socket.resetAndDestroy())
        peers.push(peer)
      }
      await stage.until('onClose', () => recorder.closed.length === 20)
      expect(recorder.accepted.length).toBe(20)
      for (const { reason } of recorder.closed) expect(reason).toBe(CLOSE_REASON.PEER_RESET)
      await stage.until('all rows', () => recorder.engine.openCount === 0)
    })

    it('close() sends what is committed, ends, discards what comes, and calls nothing back', async () => {
      const { recorder, engine, peer, slot } = await stage.openPair()
      recorder.say(slot, 'goodbye')
      engine.close(slot)
      expect(engine.isOpen(slot)).toBe(false)
      await stage.until('our end', () => peer.isEnded)
      expect(peer.text).toBe('goodbye')
      peer.socket.write('ignored')
      expect(engine.openCount).toBe(1)
      peer.socket.end()
      await stage.until('the row', () => engine.openCount === 0)
      expect(recorder.calls).toEqual([`accept ${slot}`])
      await stage.until('the peer', () => peer.isClosed)
      expect(peer.errorCode).toBe('')
      expect(engine.counters.closed).toBe(1)
    })

    it('close() gives up on a peer that never ends, after lingerMs', async () => {
      const { recorder, engine, peer, slot } = await stage.openPair({ lingerMs: 20 })
      engine.close(slot)
      await stage.until('our end', () => peer.isEnded)
      await stage.until('the row', () => engine.openCount === 0)
      expect(recorder.closed).toEqual([])
    })

    it('close() gives up on a peer that never reads, after lingerMs', async () => {
      const { recorder, engine, peer, slot } = await stage.openPair({
        lingerMs: 20,
        sendQueueBytesMax: 32 << 20,
      })
      peer.socket.pause()
      await stage.until('a queue', () => {
        recorder.say(slot, Buffer.alloc(100_000))
        engine.flush()
        return engine.queuedBytesOf(slot) > 300_000
      })
      engine.close(slot)
      await stage.until('the row', () => engine.openCount === 0)
      expect(engine.bufferedBytes).toBe(0)
      expect(recorder.closed).toEqual([])
    })

    it('stays silent about a broken connection that the handler closes before it is told', async () => {
      const { recorder, engine, peer, slot, port } = await stage.openPair()
      const other = await stage.addPeer(recorder, port)
      const third = await stage.addPeer(recorder, port)
      for (const [one, finish] of [
        [{ peer, slot }, engine.close.bind(engine)],
        [other, engine.abort.bind(engine)],
      ] as const) {
        one.peer.socket.resetAndDestroy()
        recorder.say(one.slot, 'into the void')
        engine.flush()
        finish(one.slot)
      }
      await stage.roundTrips(recorder, third.peer, third.slot)
      await stage.until('both rows', () => engine.openCount === 1)
      expect(recorder.closed).toEqual([])
    })

    it('does not name a broken connection that the handler closed earlier in the turn', async () => {
      const { recorder, engine, peer, slot, port } = await stage.openPair()
      const other = await stage.addPeer(recorder, port)
      recorder.receiveHook = () => {
        engine.close(slot)
        return undefined
      }
      // Both reach the kernel before the engine looks, so they are in one turn.
      peer.socket.resetAndDestroy()
      other.peer.socket.write('x')
      await stage.until('the byte', () => recorder.textOf(other.slot) === 'x')
      await stage.until('the row', () => engine.openCount === 1)
      await stage.roundTrips(recorder, other.peer, other.slot)
      expect(recorder.closed).toEqual([])
    })

    it('sends a goodbye in full though abort() follows close(): the slot is stale by then', async () => {
      const { recorder, engine, peer, slot } = await stage.openPair({ sendQueueBytesMax: 1 << 20 })
      peer.socket.pause()
      let sentBytes = 0
      await stage.until('a queue', () => {
        recorder.say(slot, Buffer.alloc(100_000))
        engine.flush()
        sentBytes += 100_000
        return engine.queuedBytesOf(slot) > 300_000
      })
      engine.close(slot)
      engine.abort(slot)
      peer.socket.resume()
      await stage.until('our end', () => peer.isEnded || peer.isClosed)
      expect(peer.receivedBytes).toBe(sentBytes)
      expect(peer.errorCode).toBe('')
    })

    it('abort() resets at once and calls nothing back', async () => {
      const { recorder, engine, peer, slot } = await stage.openPair()
      recorder.say(slot, 'never sent')
      engine.abort(slot)
      expect(engine.isOpen(slot)).toBe(false)
      await stage.until('the reset', () => peer.isClosed)
      expect(peer.errorCode).toBe('ECONNRESET')
      expect(peer.text).toBe('')
      await stage.until('the row', () => engine.openCount === 0)
      expect(recorder.calls).toEqual([`accept ${slot}`])
    })

    it('lets a handler close and abort its own and other connections inside onReceive', async () => {
      const recorder = stage.open()
      const { engine } = recorder
      const { port } = await stage.listen(recorder)
      const pairs = []
      for (let index = 0; index < 6; index++) pairs.push(await stage.addPeer(recorder, port))
      const [first, second, third, ...rest] = pairs
      recorder.receiveHook = (slot) => {
        if (!engine.isOpen(slot)) return undefined
        recorder.say(first.slot, 'end')
        engine.close(first.slot)
        engine.abort(second.slot)
        engine.close(third.slot)
        return 0
      }
      for (const { peer } of pairs) peer.socket.write('x')
      await stage.until('the end', () => first.peer.isEnded && third.peer.isEnded)
      await stage.until('the reset', () => second.peer.isClosed)
      expect(first.peer.text).toBe('end')
      for (const { peer, slot } of rest) await stage.roundTrips(recorder, peer, slot)
      expect(recorder.closed).toEqual([])
      first.peer.socket.end()
      third.peer.socket.end()
      await stage.until('three rows', () => engine.openCount === 3)
    })

    it('lets a handler close and abort inside onAccept and onConnect', async () => {
      const server = stage.open()
      const client = stage.open()
      const { port } = await stage.listen(server)
      server.acceptHook = (slot) => {
        server.say(slot, 'full')
        server.engine.close(slot)
      }
      const peer = await stage.connectPeer(port)
      await stage.until('our end', () => peer.isEnded)
      expect(peer.text).toBe('full')
      client.connectHook = (slot) => client.engine.abort(slot)
      expect(client.engine.connect({ host: '127.0.0.1', port }, new Int32Array(1), 1)).toBe(1)
      await stage.until('onConnect', () => client.connected.length === 1)
      await stage.until('the row', () => client.engine.openCount === 0)
      expect(client.closed).toEqual([])
      expect(server.closed).toEqual([])
    })

    it('lets a handler abort others inside onClose, which are then not named', async () => {
      const recorder = stage.open()
      const { engine } = recorder
      const { port } = await stage.listen(recorder)
      const one = await stage.addPeer(recorder, port)
      const other = await stage.addPeer(recorder, port)
      recorder.closeHook = () => engine.abort(other.slot)
      one.peer.socket.end()
      await stage.until('the reset', () => other.peer.isClosed)
      await stage.until('both rows', () => engine.openCount === 0)
      expect(recorder.closed.map(({ slot }) => slot)).toEqual([one.slot])
    })

    it('names no connection twice when peers end and reset in a crowd', async () => {
      const recorder = stage.open({ capacity: 200 })
      const { port } = await stage.listen(recorder)
      const peers: Peer[] = []
      for (let index = 0; index < 200; index++) peers.push(stage.startPeer(port))
      await stage.until('all accepts', () => recorder.accepted.length === 200)
      await stage.until('all peers', () => peers.every((peer) => peer.isConnected))
      peers.forEach((peer, index) => {
        if (index % 3 === 0) peer.socket.resetAndDestroy()
        else if (index % 3 === 1) peer.socket.end('x')
        else peer.socket.destroy()
      })
      await stage.until('all closes', () => recorder.closed.length >= 200)
      await stage.until('all rows', () => recorder.engine.openCount === 0)
      expect(new Set(recorder.closed.map(({ slot }) => slot)).size).toBe(200)
      expect(recorder.engine.counters).toMatchObject({ accepted: 200, closed: 200 })
    })
  })
}
