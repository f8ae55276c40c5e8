import { describe, expect, it } from 'vitest'
import { frameFromJson, jsonFrameBytesMax } from '../../src/protocol/json-frames.ts'
import { LENGTH_BYTES_MAX, writeLengthBefore } from '../../src/protocol/tcp-framing.ts'
import { HEADER_BYTES_MAX, OPCODE } from '../../src/protocol/websocket-frame.ts'
import { NO_MASK, writeHeaderBefore } from '../../src/protocol/websocket-writer.ts'
import {
  frameEvent,
  type Sender,
  tcpEvents,
  upgradeEvents,
  upgradeResponseEvents,
  webSocketEvents,
} from './carrier-events.ts'
import { bytesFromHex, readCases } from './case-file.ts'
import { oneByOne } from './kept-region.ts'
import { examples } from './protocol-doc.ts'

const MESSAGE_BYTES_MAX = 1_000

function casesOf(file: string) {
  return readCases(new URL(`cases/${file}.md`, import.meta.url))
}

/** Runs every case of a file on the input as a whole and one byte at a time. */
function describeStream(file: string, run: (chunks: readonly Uint8Array[]) => string[]): void {
  describe(file, () => {
    for (const { title, input, events } of casesOf(file)) {
      it(`${title}, whole`, () => expect(run([input])).toEqual(events))
      it(`${title}, one byte at a time`, () => expect(run(oneByOne(input))).toEqual(events))
    }
  })
}

function onTcp(frame: Uint8Array): Uint8Array {
  const out = new Uint8Array(LENGTH_BYTES_MAX + frame.length)
  out.set(frame, LENGTH_BYTES_MAX)
  return out.subarray(writeLengthBefore(out, LENGTH_BYTES_MAX, out.length))
}

function onWebSocket(frame: Uint8Array, maskKey: number): Uint8Array {
  const out = new Uint8Array(HEADER_BYTES_MAX + frame.length)
  out.set(frame, HEADER_BYTES_MAX)
  return out.subarray(writeHeaderBefore(out, HEADER_BYTES_MAX, out.length, OPCODE.BINARY, maskKey))
}

function describeFrames(file: string, from: Sender): void {
  const role = from === 'device' ? 'server' : 'client'
  const maskKey = from === 'device' ? 0x1234_5678 : NO_MASK
  const onWebSocketMessage = (bytes: Uint8Array, start: number, end: number) =>
    frameEvent(from, bytes, start, end)
  describe(file, () => {
    for (const { title, input, events } of casesOf(file)) {
      it(`${title}, bare`, () => {
        expect([frameEvent(from, input, 0, input.length)]).toEqual(events)
      })
      it(`${title}, on TCP`, () => {
        expect(tcpEvents(from, [onTcp(input)])).toEqual(events)
        expect(tcpEvents(from, oneByOne(onTcp(input)))).toEqual(events)
      })
      it(`${title}, on WebSocket`, () => {
        const wire = onWebSocket(input, maskKey)
        const read = (chunks: readonly Uint8Array[]) =>
          webSocketEvents(role, chunks, 65_536, onWebSocketMessage)
        expect(read([wire])).toEqual(events)
        expect(read(oneByOne(wire))).toEqual(events)
      })
    }
  })
}

describeFrames('frames-from-device', 'device')
describeFrames('frames-from-node', 'node')
describeStream('tcp-stream', (chunks) => tcpEvents('device', chunks))
describeStream('websocket-server', (chunks) => webSocketEvents('server', chunks, MESSAGE_BYTES_MAX))
describeStream('websocket-client', (chunks) => webSocketEvents('client', chunks, MESSAGE_BYTES_MAX))
describeStream('upgrade-request', upgradeEvents)
describeStream('upgrade-response', (chunks) => upgradeResponseEvents(chunks, ['push.v1']))

describe('json-message', () => {
  for (const { title, input, events } of casesOf('json-message')) {
    it(title, () => {
      const out = new Uint8Array(jsonFrameBytesMax(input.length))
      const end = frameFromJson(input, 0, input.length, out, 0)
      const event =
        typeof end === 'number'
          ? frameEvent('device', out, 0, end)
          : `FAULT ${end.message} BYE ${end.byeCode}`
      expect([event]).toEqual(events)
    })
  }
})

describe('the examples of docs/protocol.md', () => {
  it('are a HELLO, a WELCOME, a MSG and a BYE', () => {
    expect(examples.map(({ name }) => name)).toEqual(['HELLO', 'WELCOME', 'MSG', 'BYE'])
  })

  for (const { name, hex, json } of examples) {
    it(`show a ${name} that is what the code reads and writes`, () => {
      const bytes = bytesFromHex(hex)
      expect(tcpEvents(name === 'HELLO' ? 'device' : 'node', [bytes])).toEqual([json])
      const out = new Uint8Array(200)
      const text = Buffer.from(json)
      const end = frameFromJson(text, 0, text.length, out, 0)
      if (typeof end !== 'number') throw new Error(end.message)
      expect(onTcp(out.subarray(0, end))).toEqual(bytes)
    })
  }
})
