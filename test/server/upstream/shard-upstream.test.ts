import { describe, expect, it } from 'vitest'
import { FrameReader } from '../../../src/protocol/frame-reader.ts'
import { SENT_STATUS } from '../../../src/protocol/frame-types.ts'
import { ANSWERED_LATER, ShardUpstream } from '../../../src/server/upstream/shard-upstream.ts'
import { ROW_BYTES, type UpstreamRows } from '../../../src/server/upstream/upstream-messages.ts'
import { binaryFrame } from '../device-peer.ts'

/** A shard's end whose device has the id "d" in slot 3. */
function make() {
  const posted: UpstreamRows[] = []
  const sessions = {
    deviceIdOf: () => Buffer.from('d'),
    sessionIds: new Uint32Array(8),
    carrierOf: new Uint8Array(8),
    isJoined: () => true,
  }
  const upstream = new ShardUpstream({
    engine: { generationOf: () => 9 } as never,
    sessions: sessions as never,
    output: { open: () => 0, send: () => {}, bytes: new Uint8Array(64) } as never,
    joins: { flush: () => {} } as never,
    post: (rows) => posted.push(rows),
    settings: { deviceEvents: false },
  })
  const reader = new FrameReader({ from: 'device' })
  const send = (payload: string, requestId = 1) => {
    const bytes = binaryFrame({ type: 'SEND', requestId, product: 'chat', route: '/r', payload })
    expect(reader.read(bytes, 0, bytes.length)).toBe(true)
    const { payloadStart, payloadEnd } = reader
    return upstream.addSend(3, reader, bytes, bytes, payloadStart, payloadEnd)
  }
  return { upstream, posted, send }
}

/** The texts of a batch, row by row. */
function textsOf({ texts, textEnds }: UpstreamRows): string[] {
  return [...textEnds].map((end, i) =>
    Buffer.from(texts.slice(i === 0 ? 0 : textEnds[i - 1], end)).toString(),
  )
}

describe('what goes up from a shard', () => {
  it('is one message a turn, whatever the number of frames', async () => {
    const { send, posted } = make()
    for (let n = 0; n < 600; n++) expect(send(`message ${n}`, n)).toBe(ANSWERED_LATER)
    expect(posted).toEqual([])
    await new Promise((resolve) => setImmediate(resolve))
    expect(posted).toHaveLength(1)
    const [rows] = posted as [UpstreamRows]
    expect([...rows.requestIds]).toEqual(Array.from({ length: 600 }, (_, n) => n))
    expect(textsOf(rows).slice(-4)).toEqual(['d', 'chat', '/r', 'message 599'])
    expect([rows.slots[0], rows.generations[0]]).toEqual([3, 9])
  })

  it('is bounded while the main thread does not answer, and goes on when it does', () => {
    const { send, posted, upstream } = make()
    const payload = 'x'.repeat(60_000)
    let taken = 0
    while (send(payload) === ANSWERED_LATER && taken < 1_000) taken++
    expect(taken).toBeLessThan(300)
    expect(send('')).toBe(SENT_STATUS.OVERLOADED)
    for (const { texts, rowKinds } of posted.splice(0)) {
      upstream.onAnswers({
        kind: 'sent',
        answeredBytes: texts.length + rowKinds.length * ROW_BYTES,
        slots: new Int32Array(0),
        generations: new Uint16Array(0),
        requestIds: new Float64Array(0),
        statuses: new Uint8Array(0),
      })
    }
    expect(send(payload)).toBe(ANSWERED_LATER)
  })

  it('is refused where the node takes nothing', () => {
    const none = new ShardUpstream({ settings: undefined } as never)
    const nothing = Buffer.of()
    const frame = new FrameReader({ from: 'device' })
    expect(none.addSend(0, frame, nothing, nothing, 0, 0)).toBe(SENT_STATUS.REFUSED)
  })
})
