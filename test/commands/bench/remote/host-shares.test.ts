import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { divideOverHosts } from '../../../../src/commands/bench/remote/host-shares.ts'
import type { BenchOptions } from '../../../../src/commands/bench-settings.ts'

const HOST = { networkId: '', addresses: ['10.0.0.1'], ports: [1_000, 1_999] } as const

function optionsWith(part: Partial<BenchOptions>): BenchOptions {
  return { connections: 100, connectsPerSecond: 50, mode: 'echo', ...part } as BenchOptions
}

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
