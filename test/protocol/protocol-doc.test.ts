import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { FRAME_FAULTS } from '../../src/protocol/frame-faults.ts'
import { FrameReader } from '../../src/protocol/frame-reader.ts'
import { BYE, byeReason, FRAME, LIMITS } from '../../src/protocol/frame-types.ts'
import { writeBye, writeMsg, writeWelcome } from '../../src/protocol/frame-writer.ts'
import { frameFromJson, jsonFromFrame } from '../../src/protocol/json-frames.ts'
import {
  LENGTH_BYTES_MAX,
  TCP_EVENT,
  TcpFraming,
  writeLengthBefore,
} from '../../src/protocol/tcp-framing.ts'
import { UPGRADE_RESPONSE_FAULTS } from '../../src/protocol/websocket-client-handshake.ts'
import { WEBSOCKET_FAULTS } from '../../src/protocol/websocket-frame.ts'
import { UPGRADE_FAULTS } from '../../src/protocol/websocket-handshake.ts'
import { tcpEvents } from './carrier-events.ts'
import { bytesFromHex } from './case-file.ts'

const doc = readFileSync(new URL('../../docs/protocol.md', import.meta.url), 'utf8')

/** The part under one heading. */
function sectionOf(heading: string): string {
  const start = doc.indexOf(`\n${heading}\n`)
  expect(start, heading).toBeGreaterThan(0)
  const level = heading.slice(0, heading.indexOf(' '))
  const rest = doc.slice(start + heading.length + 2)
  const end = rest.search(new RegExp(`^#{2,${level.length}} `, 'm'))
  return end < 0 ? rest : rest.slice(0, end)
}

/** First column → the cells behind it, of all tables in a part. */
function rowsOf(section: string): [string, string[]][] {
  return [...section.matchAll(/^\| `?([\w-]+)`? \| (.*) \|$/gm)].map(([, name, cells]) => [
    name,
    cells.split(' | '),
  ])
}

describe('docs/protocol.md', () => {
  const examples = [
    ...doc.matchAll(/^(HELLO|WELCOME|MSG|BYE): .*\n\n```hex\n([^`]+)```\n```json\n(.+)\n```/gm),
  ]

  it('has an example of HELLO, WELCOME, MSG and BYE', () => {
    expect(examples.map(([, name]) => name)).toEqual(['HELLO', 'WELCOME', 'MSG', 'BYE'])
  })

  for (const [, name, hex, json] of examples) {
    it(`shows a ${name} that is what the code reads and writes`, () => {
      const bytes = bytesFromHex(hex)
      expect(tcpEvents(name === 'HELLO' ? 'device' : 'node', [bytes])).toEqual([json])
      const out = new Uint8Array(200)
      const text = Buffer.from(json)
      const end = frameFromJson(text, 0, text.length, out, LENGTH_BYTES_MAX)
      if (typeof end !== 'number') throw new Error(end.message)
      expect(out.subarray(writeLengthBefore(out, LENGTH_BYTES_MAX, end), end)).toEqual(bytes)
    })
  }

  it('lists every fault with its meaning', () => {
    const flat = (faults: Record<string, string | readonly [number, string]>) =>
      Object.entries(faults).map(([name, value]) => [name, [value].flat().map(String)])
    const listed = (heading: string) =>
      rowsOf(sectionOf(heading)).filter(([name]) => name !== 'fault')
    expect(listed('### Frames')).toEqual(flat(FRAME_FAULTS))
    expect(listed('### WebSocket frames')).toEqual(flat(WEBSOCKET_FAULTS))
    expect(listed('### WebSocket upgrade, as the server sees it')).toEqual(flat(UPGRADE_FAULTS))
    expect(listed('### WebSocket upgrade, as a client sees it')).toEqual(
      flat(UPGRADE_RESPONSE_FAULTS),
    )
  })

  it('lists every type and every BYE code', () => {
    const types = rowsOf(sectionOf('## Frames'))
      .filter(([name]) => name.startsWith('0x'))
      .map(([type, cells]) => [cells[0], Number(type)])
    expect(Object.fromEntries(types)).toEqual(FRAME)
    const codes = rowsOf(sectionOf('## BYE codes'))
      .filter(([name]) => /^\d+$/.test(name))
      .map(([code, cells]) => [Number(code), cells[0]])
    expect(codes).toEqual(Object.values(BYE).map((code) => [code, byeReason(code)]))
  })

  it('states the limits that the code has', () => {
    const limits = sectionOf('## Limits')
    const stated = (row: string) => {
      const cell = limits
        .split('\n')
        .find((line) => line.startsWith(`| ${row}`))
        ?.split(' | ')[1]
      return cell?.match(/\d[\d,]*/g)?.map((number) => Number(number.replace(/,/g, '')))
    }
    expect(stated('frame')).toEqual([LIMITS.frameBytesMax / 1024])
    expect(stated('handshake')).toEqual([LIMITS.handshakeMs / 1000])
    expect(stated('`deviceId`')).toEqual([LIMITS.deviceIdBytesMax])
    expect(stated('tags')).toEqual([LIMITS.tagCountMax])
    expect(stated('`tag`')).toEqual([LIMITS.tagBytesMax])
    expect(stated('`token`')).toEqual([LIMITS.tokenBytesMax])
    expect(stated('`product`')).toEqual([LIMITS.productBytesMax])
    expect(stated('`route`')).toEqual([LIMITS.routeBytesMax])
    expect(stated('`reason`')).toEqual([LIMITS.reasonBytesMax])
    expect(stated('addresses')).toEqual([LIMITS.addressCountMax, LIMITS.addressBytesMax])
    expect(stated('unacked')).toEqual([LIMITS.unackedPerDeviceMax])
    expect(stated('send queue')).toEqual([LIMITS.sendQueueBytesMax / 1024])
    expect(stated('HTTP')).toEqual([
      LIMITS.upgradeHeadBytesMax / 1024,
      LIMITS.upgradeHeaderCountMax,
    ])
    expect(stated('JSON')).toEqual([LIMITS.jsonDepthMax])
  })

  it('has a client that says HELLO, shows a push once, acks it and understands BYE', async () => {
    const [, source] = /^```js\n([\s\S]+?)^```$/m.exec(doc) ?? []
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
    writeFileSync(program, source)
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
