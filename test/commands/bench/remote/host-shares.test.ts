import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { divideOverHosts, divideStep } from '../../../../src/commands/bench/remote/host-shares.ts'
import type { BenchOptions } from '../../../../src/commands/bench-settings.ts'

const HOST = { networkId: '', addresses: ['10.0.0.1'], ports: [1_000, 1_999] } as const

function optionsWith(part: Partial<BenchOptions>): BenchOptions {
  return { connections: 100, connectsPerSecond: 50, mode: 'echo', ...part } as BenchOptions
}

const TIMES = { warmupMs: 10, durationMs: 100 }

describe('the shares of a step', () => {
  const counts = fc.integer({ min: 1, max: 1_000_000 })
  const hosts = fc.integer({ min: 1, max: 9 })

  it('add up, and none is larger than that of a larger step', () => {
    fc.assert(
      fc.property(counts, counts, hosts, (one, other, count) => {
        const stepOf = (connections: number) => ({ ...TIMES, connections, messagesPerSecond: 7 })
        const [less, more] = [Math.min(one, other), Math.max(one, other)]
        const lesser = divideStep(stepOf(less), 'echo', count)
        const larger = divideStep(stepOf(more), 'echo', count)
        expect(lesser.reduce((sum, { connections }) => sum + connections, 0)).toBe(less)
        const rate = lesser.reduce((sum, { messagesPerSecond }) => sum + messagesPerSecond, 0)
        expect(rate).toBeCloseTo(7, 6)
        for (const [index, { connections }] of lesser.entries()) {
          expect(connections).toBeLessThanOrEqual(larger[index]!.connections)
        }
      }),
    )
  })

  it('have the whole rate of broadcasts, and nothing to send where nothing is up', () => {
    const step = { ...TIMES, connections: 1, messagesPerSecond: 7 }
    const rates = (mode: 'broadcast' | 'echo') =>
      divideStep(step, mode, 2).map(({ messagesPerSecond }) => messagesPerSecond)
    expect(rates('broadcast')).toEqual([7, 7])
    expect(rates('echo')).toEqual([7, 0])
  })
})

describe('the shares of hosts', () => {
  it('add up to what was asked for, exactly', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 9, max: 4_000_000 }),
        fc.double({ min: 0.1, max: 1e6, noNaN: true }),
        (count, connections, rate) => {
          const hosts = Array.from({ length: count }, () => HOST)
          const options = optionsWith({ connections, messagesPerSecond: rate, unicastCount: 1_000 })
          const shares = divideOverHosts(options, 1, hosts).map((share) => share.options)
          const sum = (read: (share: BenchOptions) => number | undefined) =>
            shares.reduce((total, share) => total + (read(share) ?? 0), 0)
          expect(sum((share) => share.connections)).toBe(connections)
          expect(sum((share) => share.unicastCount)).toBe(1_000)
          expect(sum((share) => share.messagesPerSecond)).toBeCloseTo(rate, 6)
        },
      ),
    )
  })

  it('leave broadcasts whole, because one host sends them and all have to know when', () => {
    const options = optionsWith({ mode: 'broadcast', messagesPerSecond: 7, broadcastCount: 20 })
    const shares = divideOverHosts(options, 9, [HOST, HOST])
    for (const { options: own } of shares) {
      expect([own.messagesPerSecond, own.broadcastCount, own.seed]).toEqual([7, 20, 9])
    }
  })

  it('give each address to a host that has it, and hosts in one network different ports', () => {
    const here = { ...HOST, networkId: 'n', addresses: ['10.0.0.1', '10.0.0.2'] }
    const there = { ...HOST, networkId: 'm', addresses: ['10.0.0.3'] }
    const sourceAddresses = '10.0.0.1-10.0.0.3'
    const shares = divideOverHosts(optionsWith({ sourceAddresses }), 1, [here, { ...here }, there])
    expect(shares.map(({ options }) => options.sourceAddresses)).toEqual([
      '10.0.0.1',
      '10.0.0.2',
      '10.0.0.3',
    ])
    expect(shares.map(({ ports }) => ports)).toEqual([[1_000, 1_499], [1_500, 1_999], null])
    const strange = optionsWith({ sourceAddresses: '10.0.0.9' })
    expect(() => divideOverHosts(strange, 1, [here])).toThrow('no host of --on has 10.0.0.9')
  })
})
