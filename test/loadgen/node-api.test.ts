import { describe, expect, it } from 'vitest'
import { pausesOfRun } from '../../src/loadgen/node-api.ts'
import { LatencyRecorder } from '../../src/stats/latency-recorder.ts'
import type { GcSideReport } from '../../src/stats/run-report.ts'

const pauses = new LatencyRecorder().summary()

function factsWith(gc: GcSideReport | null) {
  return { rssBytes: null, engine: null, gc, closes: null, answeredUs: 70_000_000 }
}

describe('pauses of a node', () => {
  it('are put on the clock of the run, whatever clock the node has', () => {
    const longest = [
      { at_ms: -65_000, us: 9_000 },
      { at_ms: -5_000, us: 120_000 },
    ]
    const kinds = [
      { kind: 'major', pauses, longest },
      { kind: 'minor', pauses },
    ]
    const side = pausesOfRun(factsWith({ known: true, kinds, loop_lag: null }), 10_000_000)
    // The run began 60 s before the answer: the first pause was before it.
    expect(side?.kinds).toEqual([
      { kind: 'major', pauses, longest: [{ at_ms: 55_000, us: 120_000 }] },
      { kind: 'minor', pauses },
    ])
  })

  it('are unknown where the node says nothing of them', () => {
    expect(pausesOfRun(factsWith(null), 0)).toBeNull()
    const odd = { known: false } as GcSideReport
    expect(pausesOfRun(factsWith(odd), 0)).toBe(odd)
  })
})
