import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { constants, tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect as connectTls } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import { NodeEngine } from '../../src/engine/node-engine.ts'
import { hasReusePort } from '../../src/engine/node-listen-errors.ts'
import { CLOSE_REASON, type TlsFiles } from '../../src/engine/socket-engine.ts'
import { describeEngine } from './engine-suite.ts'
import { type MakeEngine, Peer, patternBytes, Stage } from './suite/stage.ts'

const makeEngine: MakeEngine = (options, handler) => new NodeEngine(options, handler)

describeEngine('node', makeEngine)

describe('node engine: what only it has to care for', () => {
  const stage = new Stage(makeEngine)
  afterEach(() => stage.clear())

  it('resets connections beyond the backlog while the table is full', async () => {
    const recorder = stage.open({ capacity: 1 })
    const { port } = await stage.listen(recorder, { backlog: 2 })
    const { peer, slot } = await stage.addPeer(recorder, port)
    const late: Peer[] = []
    for (let index = 0; index < 6; index++) {
      const one = stage.startPeer(port)
      late.push(one)
      await stage.until('its fate', () => one.isConnected || one.isClosed)
    }
    await stage.until('the refusals', () => late.filter(({ isClosed }) => isClosed).length === 4)
    expect(late.map(({ isClosed }) => isClosed)).toEqual([false, false, true, true, true, true])
    await stage.roundTrips(recorder, peer, slot)
    recorder.engine.abort(slot)
    await stage.until('the first that waited', () => recorder.accepted.length === 2)
    expect(recorder.engine.peerOf(recorder.accepted[1])).toBe(`127.0.0.1:${late[0].port}`)
  })

  it('resets connections that wait when their listener is closed', async () => {
    const recorder = stage.open()
    const { engine } = recorder
    const listener = await stage.listen(recorder)
    const { peer, slot } = await stage.addPeer(recorder, listener.port)
    engine.pauseAccept()
    const late = await stage.connectPeer(listener.port)
    await stage.roundTrips(recorder, peer, slot)
    engine.closeListener(listener.id)
    engine.resumeAccept()
    await stage.until('the reset', () => late.isClosed)
    await stage.roundTrips(recorder, peer, slot)
    expect(recorder.accepted).toEqual([slot])
  })

  it('knows which releases of Node can share a port', () => {
    const can = ['22.12.0', '22.13.1', '23.1.0', '24.0.0', '26.1.2']
    const cannot = ['20.20.2', '21.9.0', '22.11.0', '23.0.0']
    expect(can.filter((version) => !hasReusePort(version))).toEqual([])
    expect(cannot.filter((version) => hasReusePort(version))).toEqual([])
  })

  it.skipIf(hasReusePort(process.versions.node))(
    'says why this Node cannot share a port',
    async () => {
      const recorder = stage.open()
      await expect(stage.listen(recorder, { reusePort: true })).rejects.toMatchObject({
        code: 'PUSHCTL_ENGINE_UNAVAILABLE',
        message: expect.stringContaining(`got ${process.versions.node}`),
      })
    },
  )

  it.skipIf(!hasReusePort(process.versions.node))('shares a port between engines', async () => {
    const first = stage.open()
    const second = stage.open()
    const { port } = await stage.listen(first, { reusePort: true })
    await stage.listen(second, { reusePort: true, port })
    const peers = Array.from({ length: 40 }, () => stage.startPeer(port))
    await stage.until('all peers', () => peers.every(({ isConnected }) => isConnected))
    await stage.until('all accepts', () => first.accepted.length + second.accepted.length === 40)
  })
})

const tls = makeCertificate()

describe.skipIf(tls === null)('node engine over TLS (needs the openssl command)', () => {
  const files = tls as TlsFiles
  const stage = new Stage(makeEngine)
  afterEach(() => stage.clear())

  async function openServer(lingerMs = 2000) {
    const server = stage.open({ lingerMs, sendQueueBytesMax: 16 << 20 })
    const { port } = await stage.listen(server, { tls: files })
    return { server, port }
  }

  it('carries megabytes both ways between two engines', async () => {
    const { server, port } = await openServer()
    const client = stage.open({ sendQueueBytesMax: 16 << 20 })
    const sent = patternBytes(3_000_000)
    server.receiveHook = (slot, bytes) => {
      for (let at = 0; at < bytes.length; at += 60_000)
        server.say(slot, bytes.subarray(at, at + 60_000))
      return undefined
    }
    client.connectHook = (slot) => {
      for (let at = 0; at < sent.length; at += 60_000)
        client.say(slot, sent.subarray(at, at + 60_000))
    }
    const out = new Int32Array(1)
    const trust = { rejectUnauthorized: false, serverName: 'localhost' }
    client.engine.connect({ host: '127.0.0.1', port, tls: trust }, out, 1)
    await stage.until('the echo', () => client.received.get(out[0])?.length === sent.length)
    expect(client.received.get(out[0])?.equals(sent)).toBe(true)
    expect(client.calls[0]).toBe(`connect ${out[0]}`)
    expect(server.engine.counters.accepted).toBe(1)
    expect(client.engine.peerOf(out[0])).toBe(`127.0.0.1:${port}`)
    await stage.until('empty queues', () => server.engine.bufferedBytes === 0)
    expect(server.engine.counters.bytesSent).toBe(sent.length)
    server.engine.close(server.accepted[0])
    await stage.until('the end', () => client.closed.length === 1)
    expect(client.closed[0].reason).toBe(CLOSE_REASON.PEER_END)
    await stage.until('both rows', () => server.engine.openCount + client.engine.openCount === 0)
  })

  it('answers bytes that came together with the end', async () => {
    const { server, port } = await openServer()
    server.receiveHook = (slot) => {
      server.say(slot, 'answer')
      return undefined
    }
    const socket = connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false })
    const peer = new Peer(socket)
    socket.end('question')
    await stage.until('onClose', () => server.closed.length === 1)
    await stage.until('the end', () => peer.isEnded)
    expect(peer.text).toBe('answer')
    await stage.until('the row', () => server.engine.openCount === 0)
  })

  it('refuses a certificate that it does not trust, as CONNECT_FAILED', async () => {
    const { server, port } = await openServer()
    const client = stage.open()
    const tlsOptions = { rejectUnauthorized: true, serverName: 'localhost' }
    client.engine.connect({ host: '127.0.0.1', port, tls: tlsOptions }, new Int32Array(1), 1)
    await stage.until('onClose', () => client.closed.length === 1)
    expect(client.closed[0]).toMatchObject({
      reason: CLOSE_REASON.CONNECT_FAILED,
      errno: constants.errno.EPROTO,
    })
    expect(client.connected).toEqual([])
    await stage.until('both rows', () => server.engine.openCount + client.engine.openCount === 0)
  })

  it('says ECONNREFUSED where nobody listens', async () => {
    const { server, port } = await openServer()
    await server.engine.destroy()
    const client = stage.open()
    const tlsOptions = { rejectUnauthorized: false }
    client.engine.connect({ host: '127.0.0.1', port, tls: tlsOptions }, new Int32Array(1), 1)
    await stage.until('onClose', () => client.closed.length === 1)
    expect(client.closed[0]).toMatchObject({
      reason: CLOSE_REASON.CONNECT_FAILED,
      errno: constants.errno.ECONNREFUSED,
    })
    await stage.until('the row', () => client.engine.openCount === 0)
  })

  it('never tells of peers that speak no TLS or leave before the handshake is done', async () => {
    const { server, port } = await openServer()
    const plain = await stage.connectPeer(port)
    plain.socket.write('GET / HTTP/1.1\r\n\r\n')
    const resets = await stage.connectPeer(port)
    resets.socket.resetAndDestroy()
    const ends = await stage.connectPeer(port)
    ends.socket.end()
    await stage.until('the end of all', () => plain.isClosed || plain.isEnded)
    await stage.until('all rows', () => server.engine.openCount === 0)
    expect(server.calls).toEqual([])
    expect(server.engine.counters).toMatchObject({ accepted: 0, closed: 0 })
  })

  it('aborts, and is destroyed with handshakes under way', async () => {
    const { server, port } = await openServer()
    server.acceptHook = (slot) => server.engine.abort(slot)
    const peer = new Peer(connectTls({ port, host: '127.0.0.1', rejectUnauthorized: false }))
    await stage.until('the reset', () => peer.isClosed)
    await stage.until('the row', () => server.engine.openCount === 0)
    const idle = await stage.connectPeer(port)
    await stage.until('a handshake', () => server.engine.openCount === 1)
    await server.engine.destroy()
    await stage.until('its end', () => idle.isClosed || idle.isEnded)
    expect(server.closed).toEqual([])
  })

  it('refuses files that are no certificate', async () => {
    const recorder = stage.open()
    const broken = { cert: 'not a certificate', key: 'not a key' }
    await expect(stage.listen(recorder, { tls: broken })).rejects.toMatchObject({
      code: 'PUSHCTL_CONFIG',
    })
  })
})

/** A key pair for localhost, made afresh; null without the openssl command. */
function makeCertificate(): TlsFiles | null {
  const folder = mkdtempSync(join(tmpdir(), 'pushctl-tls-'))
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  try {
    const words = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'
    const subject = ['-subj', '/CN=localhost', '-keyout', keyFile, '-out', certFile]
    execFileSync('openssl', [...words.split(' '), ...subject], { stdio: 'ignore' })
    return { cert: readFileSync(certFile), key: readFileSync(keyFile) }
  } catch {
    return null
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
