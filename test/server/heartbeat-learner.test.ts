import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NETWORK } from '../../src/protocol/frame-types.ts'
import { HeartbeatLearner } from '../../src/server/heartbeat-learner.ts'

const BOUNDS = { secondsMin: 30, secondsMax: 480 }
const MINUTE_MS = 60_000
const { WIFI, G2, G4, WIRED, UNKNOWN } = NETWORK

/** A network whose middle boxes forget a connection after `forgetSeconds` of silence. */
function simulate(options: {
  readonly forgetSeconds: number
  readonly minutes: number
  readonly network?: number
  /** Share of devices that vanish for other reasons in each look. */
  readonly vanishing?: number
  readonly learner?: HeartbeatLearner
}): { grants: number[]; learner: HeartbeatLearner } {
  const { forgetSeconds, minutes, network = WIFI, vanishing = 0 } = options
  const learner = options.learner ?? new HeartbeatLearner(BOUNDS, 0)
  const grants: number[] = []
  for (let minute = 1; minute <= minutes; minute++) {
    const grant = learner.grantFor(network)
    for (let device = 0; device < 100; device++) {
      // The boxes differ a little, as do those of many homes.
      const forgets = forgetSeconds * (0.9 + (device % 20) / 100)
      const isLost = grant > forgets || device < vanishing * 100
      if (isLost) learner.onLost(network, grant)
      else learner.onKept(network, grant)
    }
    learner.review(minute * MINUTE_MS)
    grants.push(learner.grantFor(network))
  }
  return { grants, learner }
}

describe('what is learned of heartbeats', () => {
  it('starts with what the source systems use', () => {
    const learner = new HeartbeatLearner(BOUNDS, 0)
    expect([UNKNOWN, WIFI, G2, G4, WIRED].map((network) => learner.grantFor(network))).toEqual([
      300, 300, 300, 300, 480,
    ])
  })

  it('grows to its bound where silence survives, on 2G and 3G never beyond five minutes', () => {
    expect(simulate({ forgetSeconds: 3_600, minutes: 10 }).grants.at(-1)).toBe(480)
    expect(simulate({ forgetSeconds: 3_600, minutes: 10, network: G2 }).grants.at(-1)).toBe(300)
  })

  it('shrinks until devices are no longer lost', () => {
    const { grants } = simulate({ forgetSeconds: 120, minutes: 30 })
    expect(grants.at(-1)).toBeLessThanOrEqual(120)
    expect(grants.at(-1)).toBeGreaterThanOrEqual(80)
    expect(simulate({ forgetSeconds: 5, minutes: 30 }).grants.at(-1)).toBe(30)
  })

  it('does not try for an hour what has failed, and then tries again', () => {
    const { grants, learner } = simulate({ forgetSeconds: 360, minutes: 50 })
    // It failed once or twice while it looked for the limit; since then it stands.
    expect(new Set(grants.slice(20)).size).toBe(1)
    const later = simulate({ forgetSeconds: 3_600, minutes: 50, learner })
    expect(later.grants.at(-1)).toBeLessThanOrEqual(400)
    const free = new HeartbeatLearner(BOUNDS, 0)
    simulate({ forgetSeconds: 200, minutes: 10, learner: free })
    for (let minute = 80; minute < 100; minute++) {
      for (let device = 0; device < 100; device++) free.onKept(WIFI, 480)
      free.review(minute * MINUTE_MS)
    }
    expect(free.grantFor(WIFI)).toBe(480)
  })

  it('is not impressed by devices that vanish for other reasons', () => {
    const { grants } = simulate({ forgetSeconds: 3_600, minutes: 60, vanishing: 0.15 })
    expect(new Set(grants)).toEqual(new Set([300]))
  })

  it('grows by what devices have seen survive elsewhere', () => {
    const learner = new HeartbeatLearner(BOUNDS, 0)
    for (let device = 0; device < 60; device++) learner.onObserved(G4, 900)
    for (let device = 0; device < 60; device++) learner.onObserved(WIFI, 200)
    expect(learner.review(MINUTE_MS)).toBe(true)
    expect([learner.grantFor(G4), learner.grantFor(WIFI)]).toEqual([330, 300])
  })

  it('says nothing on little evidence, and gathers it until there is enough', () => {
    const learner = new HeartbeatLearner(BOUNDS, 0)
    for (let minute = 1; minute <= 5; minute++) {
      for (let device = 0; device < 10; device++) learner.onLost(WIFI, 300)
      learner.review(minute * MINUTE_MS)
      expect(learner.grantFor(WIFI)).toBe(minute < 5 ? 300 : 240)
    }
  })

  it('takes neither short silences nor the loss of a much longer grant for evidence', () => {
    const learner = new HeartbeatLearner(BOUNDS, 0)
    for (let device = 0; device < 500; device++) {
      learner.onKept(WIFI, 100)
      learner.onLost(WIFI, 480)
    }
    expect(learner.review(MINUTE_MS)).toBe(false)
  })

  it('looks once a minute, at each network alone', () => {
    const learner = new HeartbeatLearner(BOUNDS, 0)
    for (let device = 0; device < 100; device++) learner.onLost(WIFI, 300)
    expect([learner.review(MINUTE_MS - 1), learner.review(MINUTE_MS)]).toEqual([false, true])
    expect([learner.grantFor(WIFI), learner.grantFor(G4)]).toEqual([240, 300])
  })

  it('never leaves its bounds, whatever comes', () => {
    const bounds = fc
      .tuple(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 600 }))
      .map(([a, b]) => ({ secondsMin: Math.min(a, b), secondsMax: Math.max(a, b) }))
    const step = fc.record({
      what: fc.constantFrom('kept', 'lost', 'seen'),
      network: fc.integer({ min: 0, max: 6 }),
      seconds: fc.integer({ min: 0, max: 100_000 }),
      count: fc.integer({ min: 1, max: 200 }),
      waitMs: fc.integer({ min: 0, max: 5_000_000 }),
    })
    fc.assert(
      fc.property(bounds, fc.array(step, { maxLength: 60 }), (within, steps) => {
        const learner = new HeartbeatLearner(within, 0)
        let nowMs = 0
        for (const { what, network, seconds, count, waitMs } of steps) {
          for (let i = 0; i < count; i++) {
            if (what === 'kept') learner.onKept(network, seconds)
            else if (what === 'lost') learner.onLost(network, seconds)
            else learner.onObserved(network, seconds)
          }
          nowMs += waitMs
          learner.review(nowMs)
          for (let each = 0; each < 7; each++) {
            expect(learner.grantFor(each)).toBeGreaterThanOrEqual(within.secondsMin)
            expect(learner.grantFor(each)).toBeLessThanOrEqual(within.secondsMax)
          }
        }
      }),
    )
  })

  it('finds the limit of any network: short of it, and not by half', () => {
    fc.assert(
      fc.property(fc.integer({ min: 60, max: 440 }), (forgetSeconds) => {
        const { grants } = simulate({ forgetSeconds, minutes: 40 })
        const found = grants.at(-1)!
        // A fifth of the boxes may be a tenth shorter.
        expect(found).toBeLessThanOrEqual(forgetSeconds)
        expect(found).toBeGreaterThanOrEqual(forgetSeconds * 0.6)
      }),
    )
  })
})
