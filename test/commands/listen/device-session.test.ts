import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Carrier } from '../../../src/commands/listen/carrier.ts'
import { DeviceSession, type SessionEnd } from '../../../src/commands/listen/device-session.ts'
import { FRAME } from '../../../src/protocol/frame-types.ts'
import { bye, msg, pong, welcome } from './scripted-node.ts'

const IDENTITY = {
  deviceId: 'phone-1',
  token: '',
  tags: [],
  network: 0,
  cursor: { inboxSeq: 0, broadcastSeq: 0 },
}
let sentTypes: number[]
let carrierEnds: number
let end: SessionEnd | null
let session: DeviceSession

/** A carrier of no bytes: what is sent is noted by its type. */
const carrier: Carrier = {
  send: (frame) => void sentTypes.push(frame[0]),
  pause: () => {},
  resume: () => {},
  end: () => void carrierEnds++,
}

beforeEach(() => {
  vi.useFakeTimers()
  sentTypes = []
  carrierEnds = 0
  end = null
  session = new DeviceSession(IDENTITY, () => carrier, {
    onWelcome: () => {},
    onMessage: () => {},
    onEnd: (ended) => {
      end = ended
    },
  })
})
afterEach(() => {
  vi.useRealTimers()
})

function receive(frame: Uint8Array): void {
  session.onFrame(frame, 0, frame.length)
}

describe('a session', () => {
  it('gives the node ten seconds for its WELCOME', () => {
    session.onOpen()
    vi.advanceTimersByTime(9_999)
    expect(end).toBeNull()
    vi.advanceTimersByTime(1)
    expect(end).toMatchObject({ cause: 'silence', detail: 'no WELCOME in time' })
    expect(carrierEnds).toBe(1)
  })

  it('sends a PING each granted interval, and follows a new grant', () => {
    session.onOpen()
    receive(welcome(30))
    vi.advanceTimersByTime(30_000)
    expect(sentTypes).toEqual([FRAME.HELLO, FRAME.PING])
    receive(pong(60))
    vi.advanceTimersByTime(59_999)
    expect(sentTypes).toHaveLength(2)
    vi.advanceTimersByTime(1)
    receive(pong())
    vi.advanceTimersByTime(60_000)
    expect(sentTypes).toEqual([FRAME.HELLO, FRAME.PING, FRAME.PING, FRAME.PING])
  })

  it('takes a node that owes a PONG for ten seconds as gone', () => {
    receive(welcome(30))
    vi.advanceTimersByTime(30_000 + 10_000)
    expect(end).toMatchObject({ cause: 'silence', wasWelcomed: true, detail: 'no PONG in time' })
  })

  it('goes on beating while nobody takes its messages, and blames no node for it', () => {
    receive(welcome(30))
    session.pause()
    vi.advanceTimersByTime(120_000)
    expect(end).toBeNull()
    expect(sentTypes.length).toBeGreaterThan(2)
    session.resume()
    vi.advanceTimersByTime(60_000)
    expect(end).toMatchObject({ cause: 'silence' })
  })

  it('ends once, whatever comes after', () => {
    receive(welcome(30))
    receive(bye(4300, 'drain', 5, ['a:1', 'b:2']))
    const first = end
    expect(first).toEqual({
      ...{ cause: 'bye', code: 4300, detail: 'drain', retryAfterMs: 5, addresses: ['a:1', 'b:2'] },
      wasWelcomed: true,
    })
    receive(msg('late'))
    session.onEnd({ kind: 'closed', code: 1006, detail: '' })
    session.stop()
    vi.advanceTimersByTime(600_000)
    expect([end, carrierEnds]).toEqual([first, 1])
  })

  it('reads 4xxx close codes as the BYE that was lost, and others as a broken connection', () => {
    session.onEnd({ kind: 'closed', code: 4200, detail: '' })
    expect(end).toMatchObject({ cause: 'bye', code: 4200, detail: 'heartbeat-lost' })
  })

  it('names the fault of a frame that cannot be read', () => {
    receive(Uint8Array.of(FRAME.PING))
    expect(end).toMatchObject({ cause: 'fault', detail: 'unknown-type' })
  })
})
