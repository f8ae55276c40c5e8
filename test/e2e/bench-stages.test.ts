import { describe, expect, it } from 'vitest'
import { bench } from './bench-process.ts'

const STAGES = ['--stages', '400ms@30,600ms@60,400ms@20', '--rate-stages', '700ms@100,700ms@200']
const SHORT = ['--connect-rate', '1k', '--warmup', '100ms', '--doctor', 'off', '-w', '2']
/** A busy machine may starve the generator (5): what was sent is counted all the same. */
const DONE = [0, 5]

describe('pushctl bench --stages', () => {
  it.each(['echo', 'unicast'])(
    'mode %s: each stage counts its own, over the same run',
    async (mode) => {
      const { status, report, stderr } = await bench([...STAGES, ...SHORT, '--mode', mode])
      expect(stderr).toBe('')
      expect(DONE).toContain(status)
      const { stages = [], intervals } = report
      expect(
        stages.map(({ connections_wanted, rate_wanted, connections, messages, duration_ms }) => [
          // A run that is over is seen to be, up to a millisecond early.
          Math.round(duration_ms / 10) * 10,
          connections_wanted,
          connections.alive_at_end,
          rate_wanted,
          messages.planned,
        ]),
      ).toEqual([
        [400, 30, 30, 100, 40],
        [300, 60, 60, 100, 30],
        [300, 60, 60, 200, 60],
        [400, 20, 20, 200, 80],
      ])
      for (const { connections, messages, metrics } of stages) {
        const { sent, expected, received, lost, duplicated, reordered } = messages
        expect([expected, received, lost, duplicated, reordered]).toEqual([sent, sent, 0, 0, 0])
        expect(connections.failures).toEqual([])
        const latency = metrics.echo_latency ?? metrics.push_latency
        expect(latency?.response.count).toBe(sent)
      }
      expect(report.messages).toEqual(stages.at(-1)?.messages)
      // The picture over time goes on from step to step.
      const inAll = stages.reduce((sum, { messages }) => sum + messages.received, 0)
      expect(intervals.every(({ sent, received }) => sent >= 0 && received >= 0)).toBe(true)
      expect(intervals.reduce((sum, { received }) => sum + received, 0)).toBeLessThanOrEqual(inAll)
    },
  )

  it('numbers broadcasts on from stage to stage, each owed to those that are up', async () => {
    const words = ['--stages', '500ms@20,500ms@40', '-R', '10', '--mode', 'broadcast', ...SHORT]
    const { report } = await bench(words)
    const { stages = [] } = report
    expect(stages.map(({ messages }) => messages.planned)).toEqual([5, 5])
    const [first, second] = stages.map(({ messages }) => messages)
    expect([first?.received, first?.lost]).toEqual([(first?.sent ?? 0) * 20, 0])
    expect([second?.received, second?.lost]).toEqual([(second?.sent ?? 0) * 40, 0])
    expect(stages[1]?.metrics.broadcast_all?.response.count).toBe(second?.sent)
  })

  it('a threshold that one stage crosses is crossed, whatever the last one did', async () => {
    const slo = ['--slo', 'planned<60']
    const words = ['--rate-stages', '400ms@200,400ms@100', '-c', '10', '--mode', 'echo']
    const { status, report } = await bench([...words, ...slo, ...SHORT])
    expect(report.stages?.map(({ thresholds }) => thresholds[0]?.held)).toEqual([false, true])
    expect([99, 5]).toContain(status)
  })
})
