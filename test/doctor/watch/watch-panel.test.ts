import { describe, expect, it } from 'vitest'
import { listenSomaxconn } from '../../../src/doctor/checks/listen/somaxconn.ts'
import type { Finding } from '../../../src/doctor/finding.ts'
import { type MovingCounters, movingCounters } from '../../../src/doctor/watch/moving-counters.ts'
import { watchLine } from '../../../src/doctor/watch/watch-line.ts'
import { type PanelLine, watchPanel } from '../../../src/doctor/watch/watch-panel.ts'
import { factsWith, findingOfCheck } from '../facts-builder.ts'

const NOTHING = movingCounters(factsWith())
const BUSY: MovingCounters = {
  ...NOTHING,
  established: 1_000_000,
  timeWait: 8_000,
  timeWaitMax: 8_192,
  tcpMemoryBytes: 1_600_000_000,
  acceptsPerSecond: 30_000,
  listenOverflowsPerSecond: 2.5,
  listenDropsPerSecond: 2.5,
  segmentsPerSecond: 1_000,
  retransmitsPerSecond: 20,
  cpus: Array.from({ length: 64 }, (_, cpu) => ({ cpu, softirq: cpu / 64, busy: 1 })),
}
const FINDING = findingOfCheck(
  listenSomaxconn,
  factsWith({ sysctls: { 'net.core.somaxconn': 128 } }),
  { connectsPerSecond: 30_000 },
)

function textOf(lines: readonly PanelLine[]): string[] {
  return lines.map((line) => line.map(({ text }) => text).join(''))
}

describe('the panel of --watch', () => {
  it('shows counters, the busiest CPUs and the worst findings', () => {
    const lines = watchPanel('push-1', BUSY, [FINDING], { columns: 80, rows: 30 })
    expect(
      textOf(lines)
        .map((line) => line.trimEnd())
        .join('\n'),
    ).toMatchInlineSnapshot(`
      "push-1

      established    1,000,000   30000 accepted/s, ? dialled/s
      TIME_WAIT          8,000   of 8,192
      orphans                ?
      TCP memory        1.6 GB
      listen                     2.5 overflows/s, 2.5 drops/s
      retransmits                20 segments/s, 2.0 % of segments
      softnet                    ? drops/s, ? squeezes/s

      CPU 56      ██████████████████··  88 % softirq, 100 % busy
      CPU 57      ██████████████████··  89 % softirq, 100 % busy
      CPU 58      ██████████████████··  91 % softirq, 100 % busy
      CPU 59      ██████████████████··  92 % softirq, 100 % busy
      CPU 60      ███████████████████·  94 % softirq, 100 % busy
      CPU 61      ███████████████████·  95 % softirq, 100 % busy
      CPU 62      ███████████████████·  97 % softirq, 100 % busy
      CPU 63      ████████████████████  98 % softirq, 100 % busy
      56 more CPUs with less softirq

      1 critical · 0 warn · 0 unknown · 0 info · 0 ok
      critical  listen/somaxconn  128, full after 4 ms at 30,000 connects/s"
    `)
  })

  it('paints what is being lost and what is nearly full', () => {
    const parts = watchPanel('push-1', BUSY, [], { columns: 80, rows: 30 }).flat()
    const toneOf = (text: string) => parts.find((part) => part.text.includes(text))?.tone
    expect(toneOf('2.5 overflows/s')).toBe('critical')
    expect(toneOf('8,000')).toBe('warn')
    expect(toneOf('1,000,000')).toBe('plain')
  })

  it.each([
    [40, 24],
    [80, 24],
    [200, 60],
  ])('fits %i columns and %i rows, whatever there is to say', (columns, rows) => {
    const many: Finding[] = Array.from({ length: 90 }, () => FINDING)
    const lines = textOf(watchPanel('x'.repeat(300), BUSY, many, { columns, rows }))
    expect(lines.length).toBeLessThan(rows)
    expect(lines.filter((line) => line.length > columns)).toEqual([])
  })

  it('shows a question mark for what could not be read', () => {
    const [, , established] = textOf(watchPanel('x', NOTHING, [], { columns: 80, rows: 24 }))
    expect(established).toMatch(/^established +\? +\? accepted\/s, \? dialled\/s$/)
  })
})

describe('the line of --watch', () => {
  it('names the worst finding, or says that it is calm', () => {
    expect(watchLine('12:00:05', BUSY, [FINDING])).toMatchInlineSnapshot(
      `"12:00:05  established 1000000  time_wait 8000  orphans ?  accepts/s 30000  overflows/s 2.5  drops/s 2.5  retransmits/s 20  softnet_drops/s ?  squeezes/s ?  softirq_max 98%  tcp_memory 1.6GB  critical listen/somaxconn"`,
    )
    expect(watchLine('12:00:05', NOTHING, [])).toMatch(/established \? .* calm$/)
  })
})
