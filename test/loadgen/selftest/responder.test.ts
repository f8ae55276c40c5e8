import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { writeMarker } from '../../../src/loadgen/marker.ts'
import { DelayTable } from '../../../src/loadgen/selftest/delay-table.ts'
import { Responder } from '../../../src/loadgen/selftest/responder.ts'
import { nowUs } from '../../../src/stats/clock.ts'

const SETUP = { connections: 10, messageBytes: 24, seed: 5, events: 100 } as const
const sockets: Socket[] = []

afterEach(() => {
  for (const socket of sockets.splice(0)) socket.destroy()
})

function hello(deviceId: string): Buffer {
  const id = Buffer.from(deviceId)
  const body = Buffer.from([0x01, 1, 0, 0, 0, 0, 0, id.length, ...id, 0, 0])
  return Buffer.from([body.length, ...body])
}

function send(seq: number, intendedUs: number): Buffer {
  const head = Buffer.from([0x05, 0, 4, ...Buffer.from('echo'), 0])
  const payload = Buffer.alloc(SETUP.messageBytes)
  writeMarker(new DataView(payload.buffer, payload.byteOffset), 0, 1, seq, intendedUs, intendedUs)
  return Buffer.from([head.length + payload.length, ...head, ...payload])
}

async function bytesUntil(socket: Socket, count: number): Promise<Buffer> {
  let bytes = Buffer.alloc(0)
  while (bytes.length < count) {
    const [chunk] = await once(socket, 'data')
    bytes = Buffer.concat([bytes, chunk])
  }
  return bytes
}

describe.each(['epoll', 'node'] as const)("the selftest's server, engine %s", (engine) => {
  it('echoes each message no sooner than its delay after it came, and logs it', async () => {
    let begunUs = 0
    const responder = new Responder({ ...SETUP, engine }, (firstUs) => (begunUs = firstUs))
    const socket = connect(await responder.listen(), '127.0.0.1').setNoDelay()
    sockets.push(socket)
    socket.write(hello('bench-0000001-3'))
    const welcome = await bytesUntil(socket, 23)
    expect([welcome[0], welcome[1]]).toEqual([22, 0x81])

    const intendedUs = nowUs()
    socket.write(Buffer.concat([send(1, intendedUs), send(2, intendedUs + 1), Buffer.of(1, 0x02)]))
    const answers = await bytesUntil(socket, 2 * 28 + 2)
    const doneUs = nowUs()
    const log = responder.finish()

    expect(answers.subarray(0, 2)).toEqual(Buffer.of(1, 0x82))
    expect([answers[2], answers[3], answers[30], answers[31]]).toEqual([27, 0x83, 27, 0x83])
    expect(begunUs).toBe(intendedUs)
    expect([...log.events]).toEqual([3, 13])
    expect([...log.intendedUs]).toEqual([intendedUs, intendedUs + 1])
    const delays = new DelayTable(SETUP.seed)
    for (const row of [0, 1]) {
      const waitedUs = log.releasedUs[row] - log.arrivedUs[row]
      expect(waitedUs).toBeGreaterThanOrEqual(delays.delayUs(log.events[row]))
      expect(log.releasedUs[row]).toBeLessThanOrEqual(doneUs)
    }
    expect(log).toMatchObject({ pings: 1, bytesSent: 23 + 2 + 2 * 28 })
    expect(log.bytesReceived).toBe(hello('bench-0000001-3').length + 2 * send(1, 0).length + 2)
  })

  it('drops who does not speak the protocol', async () => {
    const responder = new Responder({ ...SETUP, engine }, () => {})
    const socket = connect(await responder.listen(), '127.0.0.1')
    sockets.push(socket)
    socket.write(Buffer.of(0))
    await expect(once(socket, 'data')).rejects.toThrow('ECONNRESET')
    expect(responder.finish().events).toHaveLength(0)
  })
})
