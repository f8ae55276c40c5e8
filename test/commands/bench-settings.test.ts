import { describe, expect, it } from 'vitest'
import { BENCH_OPTIONS } from '../../src/commands/bench-options.ts'
import { type BenchOptions, benchFaults, settingsFrom } from '../../src/commands/bench-settings.ts'

/** The options as they are when nothing is typed. */
const defaults = Object.fromEntries(
  Object.entries(BENCH_OPTIONS).map(([key, row]) => [
    key,
    'repeatable' in row ? [] : 'default' in row ? row.default : undefined,
  ]),
) as unknown as BenchOptions

const settingsOf = (options: Partial<BenchOptions>, ...targets: string[]) =>
  settingsFrom({ ...defaults, ...options }, targets, null)

describe('bench settings', () => {
  it.each<[Partial<BenchOptions>, number]>([
    [{}, 1],
    [{ mode: 'idle', messagesPerSecond: 50 }, 0],
    [{ mode: 'echo' }, 1_000],
    [{ mode: 'unicast', messagesPerConnection: 0.5 }, 500],
    [{ mode: 'echo', messagesPerSecond: 70 }, 70],
    [{ mode: 'broadcast', messagesPerSecond: 3 }, 3],
    [{ mode: 'broadcast', broadcastCount: 6 }, 0.2],
    [{ mode: 'mixed' }, 100],
    [{ mode: 'mixed', messagesPerConnection: 2 }, 2_000],
    [{ mode: 'mixed', unicastCount: 600 }, 20],
  ])('%j means %d messages a second in all', (options, messagesPerSecond) => {
    expect(settingsOf(options).messagesPerSecond).toBe(messagesPerSecond)
  })

  it('derive the HTTP API from the first target', () => {
    expect(settingsOf({}).publishUrl).toBeNull()
    expect(settingsOf({}, 'tcp://push.example:7000').publishUrl).toBe('http://push.example:7002')
    expect(settingsOf({}, 'ws://[::1]:7001/').publishUrl).toBe('http://[::1]:7002')
    expect(settingsOf({ publish: 'http://h:1/' }, 'tcp://x:1').publishUrl).toBe('http://h:1/')
  })

  it('take the seed that was given and draw one otherwise', () => {
    expect(settingsOf({ seed: 5 }).seed).toBe(5)
    expect(settingsOf({}).seed).toBeGreaterThanOrEqual(0)
  })

  it('count broadcasts in mode mixed, one in ten seconds where nothing is said', () => {
    expect(settingsOf({ mode: 'mixed' }).broadcastCount).toBe(3)
    expect(settingsOf({ mode: 'mixed', durationMs: 500 }).broadcastCount).toBe(1)
    expect(settingsOf({ mode: 'mixed', broadcastCount: 7 }).broadcastCount).toBe(7)
    expect(settingsOf({ mode: 'broadcast' }).broadcastCount).toBeNull()
  })

  it('ask for heartbeats in whole seconds', () => {
    expect(settingsOf({}).heartbeatSeconds).toBe(0)
    expect(settingsOf({ heartbeatMs: 1_500 }).heartbeatSeconds).toBe(2)
  })

  it.each<[Partial<BenchOptions>, string]>([
    [{ mode: 'echo', unicastCount: 5 }, '--unicasts does not go with --mode echo'],
    [{ mode: 'unicast', broadcastCount: 5 }, '--broadcasts does not go with --mode unicast'],
    [{ mode: 'mixed', unicastCount: 5, messagesPerSecond: 1 }, 'expected --rate or --unicasts'],
    [{ mode: 'unicast', unicastCount: 5, messagesPerConnection: 1 }, 'expected --message-rate or'],
    [{ broadcastCount: 5, messagesPerSecond: 1 }, 'expected --rate or --broadcasts, got both'],
  ])('%j are at fault', (options, message) => {
    const faults = benchFaults({ ...defaults, ...options }, [])
    expect(faults.map((fault) => fault.message.slice(0, message.length))).toEqual([message])
  })

  it('have no fault by default', () => {
    expect(benchFaults(defaults, ['tcp://127.0.0.1:7000'])).toEqual([])
  })

  it('name all faults at once', () => {
    const options = {
      ...defaults,
      slo: ['nonsense'],
      sourceAddresses: 'eth0',
      messagesPerConnection: 1,
      messagesPerSecond: 1,
      workers: 1,
      processes: 1,
    }
    const messages = benchFaults(options, ['http://x']).map(({ message }) => message)
    expect(messages).toHaveLength(6)
    expect(messages).toContain('expected --workers or --processes, got both')
    expect(messages).toContain('--message-rate does not go with --mode broadcast')
  })
})
