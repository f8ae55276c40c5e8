import fc from 'fast-check'
import { render } from 'ink-testing-library'
import { expect, it } from 'vitest'
import { benchPanel, type PanelLine } from '../../../src/report/live/bench-panel.ts'
import { LineScreen } from '../../../src/report/live/line-screen.tsx'
import { PROGRESS, STAGE, samplePanel } from './sample-panel.ts'

const textOf = (lines: readonly PanelLine[]): string =>
  lines
    .map((parts) =>
      parts
        .map(({ text }) => text)
        .join('')
        .trimEnd(),
    )
    .join('\n')

const toneOf = (lines: readonly PanelLine[], word: string): string | undefined =>
  lines.flat().find(({ text }) => text.includes(word))?.tone

const standing = PROGRESS.standing!

it('shows where the run is, its figures, and whether they can be believed', () => {
  expect(textOf(benchPanel(samplePanel(), { columns: 80, rows: 24 }))).toMatchInlineSnapshot(`
    "pushctl bench: echo against tcp://10.0.0.7:7000

    steady       ━━━━━━──────────  18s of 30s left · stage 2 of 3 · 49s to the end

    connections  10,000 of 10,000         ▁▃▅███
    sent         4,998/s of 5,000/s       ▁▃▅███
    received     4,997/s                  ██████
    p99          8.4 ms                    █▅▃▃▃
    so far       p50 812 µs · p90 1.21 ms · p99 8.4 ms · p99.9 12 ms · max 31 ms
    verdict      VALID so far
    generator    CPU 45 % · GC 34, longest 2.1 ms · loop lag p99 1.2 ms
    host         CPU 45 % · TIME_WAIT 12 · retransmits 0 · overflows 0 · drops 0

    stage 1      10,000 connections · 4,000/s · p99 29.9 ms · lost 0.001 % · VALID

    h hold   q stop and report"
  `)
})

it('has longer bars where there is room', () => {
  expect(
    textOf(benchPanel(samplePanel(), { columns: 120, rows: 24 })).split('\n')[2],
  ).toMatchInlineSnapshot(
    `"steady       ━━━━━━━━━───────────────  18s of 30s left · stage 2 of 3 · 49s to the end"`,
  )
})

it('says when the stage is held, and that nobody knows its end', () => {
  const progress = { ...PROGRESS, totalMs: null, standing: { ...standing, isHeld: true } }
  const lines = benchPanel(samplePanel({ progress, leftMs: null }), { columns: 80, rows: 24 })
  expect(textOf(lines).split('\n')[2]).toBe('held         ┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄┄  12s · stage 2 of 3')
  expect(toneOf(lines, 'held')).toBe('warn')
})

it('shows the rate that is asked for before it comes', () => {
  const lines = benchPanel(samplePanel({ wantedPerSecond: 6_250 }), { columns: 80, rows: 24 })
  expect(textOf(lines)).toContain('4,998/s of 5,000/s → 6,250/s')
})

it('colours a doubt, and what moved on the host though it should not', () => {
  const reasons = ['12 of 500 planned messages were sent late: lower --rate']
  const verdict = { value: 'SUSPECT', reasons } as const
  const host = { ...standing.host, retransmits: 3 }
  const failures = [
    { phase: 'connect', cause: 'ECONNREFUSED', count: 2 },
    { phase: 'connect', cause: 'ECONNREFUSED', count: 3 },
  ]
  const progress = { ...PROGRESS, standing: { ...standing, verdict, host, failures, late: 12 } }
  const lines = benchPanel(samplePanel({ progress }), { columns: 80, rows: 24 })
  const tones = ['SUSPECT', 'lower --rate', 'retransmits 3', 'overflows 0', '12 late'].map((word) =>
    toneOf(lines, word),
  )
  expect(tones).toEqual(['warn', 'warn', 'warn', 'plain', 'warn'])
  expect(textOf(lines)).toContain('failures     connect ECONNREFUSED 5')
})

it('marks a stage that crossed a threshold', () => {
  const crossed = { expression: 'lost==0', observed: 3, limit: 0, held: false }
  const stages = [STAGE, { ...STAGE, thresholds: [crossed] }]
  const lines = benchPanel(samplePanel({ stages }), { columns: 80, rows: 24 })
  expect(toneOf(lines, 'threshold crossed')).toBe('warn')
  expect(textOf(lines)).toMatch(/^stage 1 .*\nstage 2 .*threshold crossed/m)
})

it('leaves out what it does not know, before the first second of a run', () => {
  const { standing: _, ...bare } = PROGRESS
  const progress = { ...bare, phase: 'start', totalMs: null, p99: null } as const
  const text = textOf(benchPanel(samplePanel({ progress, stages: [] }), { columns: 80, rows: 24 }))
  expect(text).toContain('nothing yet')
  expect(text).not.toMatch(/verdict|generator|host/)
})

it('never has as many lines as the terminal, which would scroll and flicker', () => {
  const reasons = ['so much to say '.repeat(20)]
  const verdict = { value: 'INVALID', reasons } as const
  const progress = { ...PROGRESS, standing: { ...standing, verdict } }
  const stages = Array.from({ length: 40 }, () => STAGE)
  fc.assert(
    fc.property(
      fc.integer({ min: 12, max: 60 }),
      fc.integer({ min: 60, max: 200 }),
      (rows, columns) => {
        const lines = benchPanel(samplePanel({ progress, stages, notes: ['one'] }), {
          columns,
          rows,
        })
        expect(lines.length).toBeLessThan(rows)
        expect(textOf(lines.slice(-1))).toMatch(/^h hold/)
      },
    ),
  )
})

it('stands in Ink as it is, a line a row', () => {
  const lines = benchPanel(samplePanel(), { columns: 80, rows: 24 })
  const screen = render(<LineScreen lines={lines} color={false} listens onQuit={() => {}} />)
  const rows = screen.lastFrame()!.split('\n')
  expect(rows.map((row) => row.trimEnd()).join('\n')).toBe(textOf(lines))
  screen.unmount()
})
