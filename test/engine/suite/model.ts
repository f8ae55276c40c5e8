/** Random sequences of what peers and handlers can do, against a model of a dozen lines. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Peer, patternBytes, type Recorder, type Stage } from './stage.ts'

const CAPACITY = 8

const actions = [
  'connect',
  'peerWrite',
  'peerEnd',
  'peerReset',
  'commit',
  'sendSame',
  'close',
  'abort',
] as const

interface Step {
  readonly action: (typeof actions)[number]
  readonly which: number
  readonly bytes: number
  /** Wait until everything has arrived before the next step, or go on at once. */
  readonly settles: boolean
}

/** What must become true of one connection. */
interface Expected {
  readonly peer: Peer
  readonly slot: number
  fromPeer: Buffer
  fromEngine: Buffer
  ending: 'none' | 'peerEnd' | 'peerReset' | 'close' | 'abort'
}

const step: fc.Arbitrary<Step> = fc.record({
  action: fc.constantFrom(...actions),
  which: fc.nat(CAPACITY - 1),
  bytes: fc.oneof(fc.integer({ min: 1, max: 300 }), fc.integer({ min: 1, max: 90_000 })),
  settles: fc.boolean(),
})

export function describeModel(stage: Stage): void {
  describe('any sequence of actions', () => {
    it('leaves every connection as the model says', { timeout: 60_000 }, async () => {
      await fc.assert(
        fc.asyncProperty(fc.array(step, { maxLength: 14 }), (steps) => runSteps(stage, steps)),
        { numRuns: 100 },
      )
    })
  })
}

async function runSteps(stage: Stage, steps: readonly Step[]): Promise<void> {
  const recorder = stage.open({ capacity: CAPACITY, sendQueueBytesMax: 4 << 20 })
  const { port } = await stage.listen(recorder)
  const all: Expected[] = []
  try {
    for (const one of steps) {
      if (one.action === 'connect') {
        if (recorder.engine.openCount === CAPACITY) continue
        const { peer, slot } = await stage.addPeer(recorder, port)
        recorder.received.set(slot, Buffer.alloc(0))
        const nothing = Buffer.alloc(0)
        all.push({ peer, slot, fromPeer: nothing, fromEngine: nothing, ending: 'none' })
      } else {
        const open = all.filter(({ ending }) => ending === 'none')
        if (open.length > 0) act(recorder, open, open[one.which % open.length], one)
      }
      if (one.settles) await settle(stage, recorder, all)
    }
    await settle(stage, recorder, all)
    const closed = recorder.closed.map(({ slot }) => slot).sort()
    const byPeer = all.filter(({ ending }) => ending === 'peerEnd' || ending === 'peerReset')
    expect(closed).toEqual(byPeer.map(({ slot }) => slot).sort())
    expect(recorder.overflowed).toEqual([])
    const { accepted, closed: closedCount } = recorder.engine.counters
    expect(accepted).toBe(all.length)
    expect(closedCount).toBe(all.filter(({ ending }) => ending !== 'none').length)
  } finally {
    await stage.clear()
  }
}

function act(recorder: Recorder, open: Expected[], one: Expected, { action, bytes }: Step): void {
  const content = patternBytes(bytes, bytes)
  const { engine } = recorder
  if (action === 'peerWrite') {
    one.peer.socket.write(content)
    one.fromPeer = Buffer.concat([one.fromPeer, content])
  } else if (action === 'commit') {
    recorder.say(one.slot, content)
    one.fromEngine = Buffer.concat([one.fromEngine, content])
  } else if (action === 'sendSame') {
    engine.sendSame(
      Int32Array.from(open, ({ slot }) => slot),
      open.length,
      content,
      0,
      bytes,
    )
    for (const each of open) each.fromEngine = Buffer.concat([each.fromEngine, content])
  } else if (action === 'peerEnd') {
    one.peer.socket.end()
    one.ending = 'peerEnd'
  } else if (action === 'peerReset') {
    one.peer.socket.resetAndDestroy()
    one.ending = 'peerReset'
  } else if (action === 'close') {
    engine.close(one.slot)
    one.peer.socket.end()
    one.ending = 'close'
  } else if (action === 'abort') {
    engine.abort(one.slot)
    one.ending = 'abort'
  }
}

async function settle(stage: Stage, recorder: Recorder, all: Expected[]): Promise<void> {
  recorder.engine.flush()
  for (const one of all)
    await stage.until(`a connection with ${one.ending}`, () => isSettled(recorder, one))
  const openCount = all.filter(({ ending }) => ending === 'none').length
  await stage.until('the rows', () => recorder.engine.openCount === openCount)
  for (const one of all) {
    expect(one.peer.received.equals(one.fromEngine.subarray(0, one.peer.receivedBytes))).toBe(true)
  }
}

function isSettled(recorder: Recorder, one: Expected): boolean {
  const hasAll = one.peer.receivedBytes === one.fromEngine.length
  switch (one.ending) {
    case 'none':
      return hasAll && recorder.received.get(one.slot)?.equals(one.fromPeer) === true
    case 'peerEnd':
      return hasAll && one.peer.isEnded
    case 'close':
      return hasAll && one.peer.isEnded
    case 'peerReset':
      return one.peer.isClosed
    case 'abort':
      // libuv takes a reset for an end where it read bytes and saw the hang-up in one go.
      return one.peer.isClosed || one.peer.isEnded
  }
}
