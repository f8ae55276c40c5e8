import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { FrameReader } from '../../src/protocol/frame-reader.ts'
import { BYE, FRAME, LIMITS } from '../../src/protocol/frame-types.ts'
import { writeBye, writeMsg, writeWelcome } from '../../src/protocol/frame-writer.ts'
import { jsonFromFrame } from '../../src/protocol/json-frames.ts'
import {
  LENGTH_BYTES_MAX,
  TCP_EVENT,
  TcpFraming,
  writeLengthBefore,
} from '../../src/protocol/tcp-framing.ts'
import { tcpEvents } from './carrier-events.ts'
import { bytesOfFrame, randomFrames } from './frame-arbitraries.ts'
import { cutAt } from './kept-region.ts'
import { clientSource } from './protocol-doc.ts'

describe('TCP framing', () => {
  it('gives the same frames however the stream is cut', () => {
    const frames = fc.array(randomFrames.device, { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(frames, fc.array(fc.nat(), { maxLength: 8 }), (sent, cuts) => {
        const stream = Buffer.concat(sent.map((frame) => withLength(bytesOfFrame(frame))))
        const events = tcpEvents('device', cutAt(stream, cuts)).map((event) => JSON.parse(event))
        expect(events).toEqual(sent.map((frame) => frame.json))
      }),
      { numRuns: 150 },
    )
  })

  it('comes to the same end on random bytes however they are cut', () => {
    const streams = fc.uint8Array({ maxLength: 120 })
    fc.assert(
      fc.property(streams, fc.array(fc.nat(), { maxLength: 8 }), (stream, cuts) => {
        expect(tcpEvents('device', cutAt(stream, cuts), 100)).toEqual(
          tcpEvents('device', [stream], 100),
        )
      }),
      { numRuns: 500 },
    )
  })

  it('writes lengths of one to four bytes directly in front of the frame', () => {
    for (const [bytes, lengthBytes] of [
      [1, 1],
      [127, 1],
      [128, 2],
      [16_384, 3],
      [2_097_152, 4],
    ]) {
      const out = new Uint8Array(LENGTH_BYTES_MAX + bytes)
      const start = writeLengthBefore(out, LENGTH_BYTES_MAX, out.length)
      expect(LENGTH_BYTES_MAX - start).toBe(lengthBytes)
      const framing = new TcpFraming(4_000_000)
      expect(framing.next(out, start, out.length)).toBe(TCP_EVENT.FRAME)
      expect([framing.bodyStart, framing.bodyEnd]).toEqual([LENGTH_BYTES_MAX, out.length])
    }
  })

  it('accepts a frame of exactly the limit and refuses one byte more before it arrives', () => {
    const framing = new TcpFraming(300)
    const exact = withLength(new Uint8Array(300))
    expect(framing.next(exact, 0, exact.length)).toBe(TCP_EVENT.FRAME)
    const larger = withLength(new Uint8Array(301))
    expect(framing.next(larger, 0, 2)).toBe(TCP_EVENT.FAULT)
    expect([framing.fault, framing.byeCode]).toEqual(['frame-too-large', 4005])
  })

  it('tells the type of an unfinished frame as soon as it is there', () => {
    const framing = new TcpFraming(65_536)
    const request = Buffer.from('GET / HTTP/1.1\r\n')
    expect(framing.next(request, 0, 1)).toBe(TCP_EVENT.NEED_MORE)
    expect(framing.pendingType).toBe(-1)
    expect(framing.next(request, 0, request.length)).toBe(TCP_EVENT.NEED_MORE)
    expect(framing.pendingType).toBe(0x45)
  })
})

describe('the client of docs/protocol.md', () => {
  it('says HELLO, shows a push once, acks it and understands BYE', async () => {
    const heard: string[] = []
    const server = createServer((socket) => {
      const framing = new TcpFraming(LIMITS.frameBytesMax)
      const reader = new FrameReader({ from: 'device' })
      const out = new Uint8Array(200)
      const send = (end: number) =>
        socket.write(out.slice(writeLengthBefore(out, LENGTH_BYTES_MAX, end), end))
      let bytes = Buffer.alloc(0)
      socket.on('data', (chunk) => {
        bytes = Buffer.concat([bytes, chunk])
        while (framing.next(bytes, 0, bytes.length) === TCP_EVENT.FRAME) {
          expect(reader.read(bytes, framing.bodyStart, framing.bodyEnd)).toBe(true)
          heard.push(jsonFromFrame(reader, bytes))
          if (reader.type === FRAME.HELLO) {
            const numbers = { flags: 0, heartbeatSeconds: 300, serverTimeMs: 1, inboxSeq: 200 }
            const session = { broadcastSeq: 0, sessionIdHigh: 0, sessionIdLow: 1 }
            send(writeWelcome(out, LENGTH_BYTES_MAX, { ...numbers, ...session }))
            const payload = Buffer.from('goal!')
            send(writeMsg(out, LENGTH_BYTES_MAX, 1, 200, 7, payload, 0, 5))
            send(writeMsg(out, LENGTH_BYTES_MAX, 9, 200, 7, payload, 0, 5))
          } else if (heard.length === 3) {
            send(writeBye(out, LENGTH_BYTES_MAX, BYE.SHUTDOWN, 'shutdown'))
          }
          bytes = bytes.subarray(framing.bodyEnd)
        }
      })
    })
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const { port } = server.address() as { port: number }
    const folder = mkdtempSync(join(tmpdir(), 'pushctl-doc-'))
    const program = join(folder, 'push-client.mjs')
    writeFileSync(program, clientSource)
    const args = [program, '127.0.0.1', String(port), 'phone-7']
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] })
    let printed = ''
    child.stdout.on('data', (text) => {
      printed += text
    })
    await once(child, 'close')
    server.close()
    rmSync(folder, { recursive: true })
    expect(printed).toBe('welcome, heartbeat 300 s\ngoal!\nbye 4202: come back at once\n')
    expect(heard.map((json) => JSON.parse(json))).toMatchObject([
      { type: 'HELLO', deviceId: 'phone-7', flags: 2 },
      { type: 'ACK', stream: 0, seq: 200 },
      { type: 'ACK', stream: 0, seq: 200 },
    ])
  })
})

function withLength(frame: Uint8Array): Uint8Array {
  const out = new Uint8Array(LENGTH_BYTES_MAX + frame.length)
  out.set(frame, LENGTH_BYTES_MAX)
  return out.subarray(writeLengthBefore(out, LENGTH_BYTES_MAX, out.length))
}
