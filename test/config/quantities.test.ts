import fc from 'fast-check'
import { expect, it } from 'vitest'
import {
  formatBytes,
  formatCount,
  formatCountShort,
  formatDurationMs,
  formatDurationUs,
  formatRate,
  formatShare,
} from '../../src/config/quantities.ts'
import { parseBytes, parseCount, parseDurationMs, parseRate } from '../../src/config/units.ts'

it('counts have thousands grouped', () => {
  expect([0, 7, 999, 1_000, 1_234_567, -1_000].map(formatCount)).toEqual([
    '0',
    '7',
    '999',
    '1,000',
    '1,234,567',
    '-1,000',
  ])
})

it('short counts have three digits and never read 1000k', () => {
  expect([0, 999, 1_500, 20_000, 999_999, 1_234_567].map(formatCountShort)).toEqual([
    '0',
    '999',
    '1.5k',
    '20k',
    '1m',
    '1.23m',
  ])
})

it('bytes choose the unit that keeps the number small', () => {
  expect([0, 512, 1_023, 1_536, 65_536, 2 ** 30, 1_048_575].map(formatBytes)).toEqual([
    '0 B',
    '512 B',
    '1,023 B',
    '1.5 KiB',
    '64 KiB',
    '1 GiB',
    '1 MiB',
  ])
})

it('microseconds are shown in the unit a reader would choose', () => {
  const values = [0, 0.5, 850, 999.6, 1_250, 12_345, 999_600, 3_400_000, 90_000_000, 7_325_000_000]
  expect(values.map(formatDurationUs)).toEqual([
    '0 µs',
    '0.5 µs',
    '850 µs',
    '1 ms',
    '1.25 ms',
    '12.3 ms',
    '1 s',
    '3.4 s',
    '1m 30s',
    '2h 2m 5s',
  ])
})

it('rates and shares say what they are', () => {
  expect([500, 12_345, 0.5, 99.95].map(formatRate)).toEqual(['500/s', '12,345/s', '0.5/s', '100/s'])
  expect([0, 0.1234, 1].map(formatShare)).toEqual(['0 %', '12.3 %', '100 %'])
})

it('what formatCount prints, parseCount reads as the same number', () => {
  fc.assert(
    fc.property(fc.nat({ max: Number.MAX_SAFE_INTEGER }), (count) => {
      expect(parseCount(formatCount(count))).toBe(count)
    }),
  )
})

it('what formatDurationMs prints, parseDurationMs reads as the same time', () => {
  fc.assert(
    fc.property(fc.nat({ max: 1e12 }), (us) => {
      expect(parseDurationMs(formatDurationMs(us / 1_000))).toBe(us / 1_000)
    }),
  )
})

it('what formatBytes and formatRate print is readable and within one percent', () => {
  fc.assert(
    fc.property(fc.integer({ min: 100, max: 2 ** 45 }), (amount) => {
      const text = formatBytes(amount)
      const bytes = /\./.test(text) ? Number.parseFloat(text) : parseBytes(text)
      if (!/\./.test(text)) expect(Math.abs(bytes! - amount) / amount).toBeLessThan(0.01)
      expect(parseRate(formatRate(amount))).toBe(amount)
    }),
  )
})
