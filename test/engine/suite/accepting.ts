/** Listening and accepting. */
import { networkInterfaces } from 'node:os'
import { describe, expect, it } from 'vitest'
import type { Peer, Stage } from './stage.ts'

const hasIpv6 = Object.values(networkInterfaces()).some((rows) =>
  rows?.some((row) => row.address === '::1'),
)

export function describeAccepting(stage: Stage): void {
  describe('accepting', () => {
    it('reports the real port where 0 was asked for, and accepts there', async () => {
      const recorder = stage.open()
      const listener = await stage.listen(recorder)
      expect(listener.host).toBe('127.0.0.1')
      expect(listener.port).toBeGreaterThan(0)
      const { peer, slot } = await stage.addPeer(recorder, listener.port)
      expect(recorder.listenerIds).toEqual([listener.id])
      expect(recorder.engine.isOpen(slot)).toBe(true)
      expect(recorder.engine.peerOf(slot)).toBe(`127.0.0.1:${peer.port}`)
      expect(recorder.engine.localOf(slot)).toBe(`127.0.0.1:${listener.port}`)
      expect(recorder.engine.openCount).toBe(1)
      expect(recorder.engine.counters.accepted).toBe(1)
    })

    it('names the listener that a connection came through', async () => {
      const recorder = stage.open()
      const first = await stage.listen(recorder)
      const second = await stage.listen(recorder)
      expect(first.id).not.toBe(second.id)
      await stage.addPeer(recorder, second.port)
      await stage.addPeer(recorder, first.port)
      expect(recorder.listenerIds).toEqual([second.id, first.id])
    })

    it.skipIf(!hasIpv6)('listens on IPv6 and writes such addresses in brackets', async () => {
      const recorder = stage.open()
      const { port } = await stage.listen(recorder, { host: '::1' })
      const peer = await stage.connectPeer(port, '::1')
      await stage.until('onAccept', () => recorder.accepted.length === 1)
      expect(recorder.engine.peerOf(recorder.accepted[0])).toBe(`[::1]:${peer.port}`)
    })

    it('accepts a storm of 2,000 connections, each exactly once', async () => {
      const recorder = stage.open({ capacity: 2_000 })
      const { port } = await stage.listen(recorder, { backlog: 65_535 })
      recorder.acceptHook = (slot) => recorder.say(slot, `${slot};`)
      const peers: Peer[] = []
      for (let index = 0; index < 2_000; index++) peers.push(stage.startPeer(port))
      await stage.until('2,000 greetings', () => peers.every((peer) => peer.receivedBytes > 0))
      expect(new Set(recorder.accepted).size).toBe(2_000)
      expect(recorder.accepted.length).toBe(2_000)
      expect(new Set(peers.map((peer) => peer.text)).size).toBe(2_000)
      expect(recorder.engine.openCount).toBe(2_000)
      expect(recorder.closed).toEqual([])
    })

    it('refuses a port that is in use, and an address that is not of this host', async () => {
      const recorder = stage.open()
      const { port } = await stage.listen(recorder)
      await expect(stage.listen(recorder, { port })).rejects.toMatchObject({
        code: 'PUSHCTL_ADDRESS_IN_USE',
      })
      await expect(stage.listen(recorder, { host: '192.0.2.1' })).rejects.toMatchObject({
        code: 'PUSHCTL_ADDRESS_UNAVAILABLE',
      })
    })

    it('accepts nothing while paused, and all that waited when resumed', async () => {
      const { recorder, engine, peer, slot, port } = await stage.openPair()
      engine.pauseAccept()
      const late = [await stage.connectPeer(port), await stage.connectPeer(port)]
      for (const one of late) one.socket.write('early')
      await stage.roundTrips(recorder, peer, slot)
      expect(recorder.accepted).toEqual([slot])
      engine.resumeAccept()
      await stage.until('both accepts', () => recorder.accepted.length === 3)
      const [, ...slots] = recorder.accepted
      await stage.until('their bytes', () => slots.every((one) => recorder.textOf(one) === 'early'))
    })

    it('accepts no more than its quota, over all listeners, and the others with the next', async () => {
      const { recorder, engine, peer, slot, port } = await stage.openPair()
      const other = await stage.listen(recorder)
      engine.setAcceptQuota(2)
      const late: Peer[] = []
      for (let index = 0; index < 6; index++) {
        late.push(await stage.connectPeer(index % 2 ? port : other.port))
      }
      await stage.until('two accepts', () => recorder.accepted.length === 3)
      await stage.roundTrips(recorder, peer, slot)
      expect(recorder.accepted.length).toBe(3)
      engine.setAcceptQuota(3)
      await stage.until('three more', () => recorder.accepted.length === 6)
      await stage.roundTrips(recorder, peer, slot)
      expect(recorder.accepted.length).toBe(6)
      engine.setAcceptQuota(Number.POSITIVE_INFINITY)
      await stage.until('the last', () => recorder.accepted.length === 7)
    })

    it('keeps its quota while paused, and does not accept for want of it when resumed', async () => {
      const { recorder, engine, peer, slot, port } = await stage.openPair()
      engine.setAcceptQuota(0)
      engine.pauseAccept()
      await stage.connectPeer(port)
      engine.resumeAccept()
      await stage.roundTrips(recorder, peer, slot)
      expect(recorder.accepted).toEqual([slot])
      engine.pauseAccept()
      engine.setAcceptQuota(1)
      await stage.roundTrips(recorder, peer, slot)
      expect(recorder.accepted).toEqual([slot])
      engine.resumeAccept()
      await stage.until('the late one', () => recorder.accepted.length === 2)
    })

    it('leaves connections beyond its capacity waiting until a slot is free', async () => {
      const recorder = stage.open({ capacity: 3 })
      const { port } = await stage.listen(recorder)
      const peers: Peer[] = []
      for (let index = 0; index < 6; index++) {
        peers.push(await stage.connectPeer(port))
        peers[index].socket.write(`${index}`)
      }
      await stage.until('a full table', () => recorder.accepted.length === 3)
      await stage.roundTrips(recorder, peers[0], recorder.accepted[0])
      expect(recorder.accepted.length).toBe(3)
      expect(recorder.engine.openCount).toBe(3)
      for (const slot of recorder.accepted.slice()) recorder.engine.abort(slot)
      await stage.until('the others', () => recorder.accepted.length === 6)
      const slots = recorder.accepted.slice(3)
      await stage.until('their bytes', () => slots.every((slot) => recorder.textOf(slot) !== ''))
      expect(slots.map((slot) => recorder.textOf(slot))).toEqual(['3', '4', '5'])
    })

    it('refuses connections after closeListener, and keeps those it has', async () => {
      const recorder = stage.open()
      const listener = await stage.listen(recorder)
      const { peer, slot } = await stage.addPeer(recorder, listener.port)
      recorder.engine.closeListener(listener.id)
      const late = stage.startPeer(listener.port)
      await stage.until('a refusal', () => late.isClosed)
      expect(late.errorCode).toBe('ECONNREFUSED')
      await stage.roundTrips(recorder, peer, slot)
      expect(recorder.engine.isOpen(slot)).toBe(true)
    })
  })
}
