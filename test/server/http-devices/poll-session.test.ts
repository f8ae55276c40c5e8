import { expect, it } from 'vitest'
import type { EngineHandler } from '../../../src/engine/socket-engine.ts'
import { DEFAULT_ENGINE_OPTIONS } from '../../../src/engine/socket-engine.ts'
import { msgBytesMax, writeMsg } from '../../../src/protocol/frame-writer.ts'
import { LENGTH_BYTES_MAX, writeLengthBefore } from '../../../src/protocol/tcp-framing.ts'
import { CURSOR_START } from '../../../src/server/http-devices/delivery-cursor.ts'
import { HttpEngine } from '../../../src/server/http-devices/http-engine.ts'
import { PollSession } from '../../../src/server/http-devices/poll-session.ts'

/** As a shard, it takes everything and says nothing by itself. */
function make() {
  const overflowed: number[] = []
  const handler: EngineHandler = {
    onAccept: () => {},
    onConnect: () => {},
    onReceive: () => {},
    onOverflow: (slots) => overflowed.push(...slots),
    onClose: () => {},
  }
  const engine = new HttpEngine({ ...DEFAULT_ENGINE_OPTIONS, sendQueueBytesMax: 1_000 }, handler)
  const hello = { deviceId: 'p', token: '', tags: [], cursor: CURSOR_START, address: '' }
  const session = new PollSession(engine, hello)
  session.join(hello)
  const push = (seq: number, payload: string) => {
    const bytes = Buffer.from(payload)
    const at = engine.reserve(LENGTH_BYTES_MAX + msgBytesMax(bytes.length)) + LENGTH_BYTES_MAX
    const end = writeMsg(engine.outbox, at, 0, seq, -1, bytes, 0, bytes.length)
    engine.commit(0, writeLengthBefore(engine.outbox, at, end), end)
  }
  return { engine, session, push, overflowed }
}

it('keeps what comes while the request that waited has gone away', async () => {
  const { session, push } = make()
  const broken = session.poll(60_000)
  session.abandon()
  expect((await broken).frames).toEqual([])
  push(1, 'a')
  push(2, 'b')
  const answer = await session.poll(60_000)
  expect(answer.frames.map((frame) => JSON.parse(frame).payload)).toEqual(['a', 'b'])
  expect(answer.answered).toEqual({ inboxSeq: 2, broadcastSeq: 0 })
  session.leave()
})

it('answers an earlier request when a later one comes', async () => {
  const { session, push } = make()
  const earlier = session.poll(60_000)
  const later = session.poll(60_000)
  expect((await earlier).frames).toEqual([])
  push(0, 'x')
  expect((await later).frames).toHaveLength(1)
  session.leave()
})

it('holds no more than its queue for a device that does not ask', async () => {
  const { engine, session, push, overflowed } = make()
  for (let n = 0; n < 10; n++) push(0, 'x'.repeat(200))
  engine.flush()
  expect(overflowed).toEqual([0])
  session.leave()
})
