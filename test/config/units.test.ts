import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  parseBytes,
  parseCount,
  parseDurationMs,
  parseNumber,
  parseRange,
  parseRate,
} from '../../src/config/units.ts'

describe('parseCount', () => {
  it('multiplies k, m and g by thousands', () => {
    expect(['500', '10k', '1m', '1.5M', '2g', '10_000', '10,000', ' 7 '].map(parseCount)).toEqual([
      500, 10_000, 1_000_000, 1_500_000, 2_000_000_000, 10_000, 10_000, 7,
    ])
  })

  it('is exact where binary fractions are not', () => {
    expect(parseCount('1.1m')).toBe(1_100_000)
    expect(parseCount('0.001k')).toBe(1)
  })

  it.each(['', 'k', '-1', '1.5', '1.0005k', '1e3', '1,00', '1__0', '0x10', '1 0', '1kk', 'NaN'])(
    'refuses %j',
    (text) => expect(parseCount(text)).toBeNull(),
  )

  it('refuses what a double cannot hold exactly, and texts of any length', () => {
    expect(parseCount('9007199254740993')).toBeNull()
    expect(parseCount('9'.repeat(1_000_000))).toBeNull()
  })

  it('multiplies any whole number by its suffix', () => {
    const suffixes = { '': 1, k: 1e3, m: 1e6, g: 1e9 }
    fc.assert(
      fc.property(
        fc.nat({ max: 1_000_000 }),
        fc.constantFrom(...(Object.keys(suffixes) as (keyof typeof suffixes)[])),
        (count, suffix) => parseCount(`${count}${suffix}`) === count * suffixes[suffix],
      ),
    )
  })
})

describe('parseBytes', () => {
  it('takes every k as 1024, with or without iB', () => {
    expect(['64', '64B', '1k', '64KiB', '64kb', '1.5 MiB', '1g', '2TB'].map(parseBytes)).toEqual([
      64,
      64,
      1024,
      65_536,
      65_536,
      1_572_864,
      2 ** 30,
      2 ** 41,
    ])
  })

  it.each(['', 'KiB', '1x', '0.5', '1ms', '-1k'])('refuses %j', (text) => {
    expect(parseBytes(text)).toBeNull()
  })
})

describe('parseDurationMs', () => {
  it('takes one unit or several, and fractions', () => {
    const texts = ['250ms', '30s', '5m', '2h', '1d', '1h30m', '1m 30s', '1.5s', '250us', '250µs']
    expect([...texts, '0'].map(parseDurationMs)).toEqual([
      250, 30_000, 300_000, 7_200_000, 86_400_000, 5_400_000, 90_000, 1_500, 0.25, 0.25, 0,
    ])
  })

  it.each(['', '30', '1.5', 's', '-1s', '1M', '5min', '1s2', '1..2s'])('refuses %j', (text) => {
    expect(parseDurationMs(text)).toBeNull()
  })

  it('adds up its parts', () => {
    fc.assert(
      fc.property(fc.nat({ max: 99 }), fc.nat({ max: 99 }), fc.nat({ max: 999 }), (m, s, ms) => {
        expect(parseDurationMs(`${m}m${s}s${ms}ms`)).toBe(m * 60_000 + s * 1_000 + ms)
      }),
    )
  })
})

describe('parseRate', () => {
  it('counts per second unless another unit is named', () => {
    expect(['500', '500/s', '30k/m', '0.5/s', '3600/h', '1.5k'].map(parseRate)).toEqual([
      500, 500, 500, 0.5, 1, 1_500,
    ])
  })

  it.each(['', '/s', '5/', '5/d', '-5/s', '1e3'])('refuses %j', (text) => {
    expect(parseRate(text)).toBeNull()
  })
})

describe('parseNumber', () => {
  it('takes signs, fractions and exponents', () => {
    expect(['1', '-3.5', '+2', '.5', '1e-3', '1_000'].map(parseNumber)).toEqual([
      1, -3.5, 2, 0.5, 0.001, 1_000,
    ])
  })

  it.each(['', 'Infinity', 'NaN', '1e999', '0x1', '1.2.3', '--1'])('refuses %j', (text) => {
    expect(parseNumber(text)).toBeNull()
  })
})

describe('parseRange', () => {
  it('takes two values, or one that is both ends', () => {
    expect(parseRange('30s..8m', parseDurationMs)).toEqual({ min: 30_000, max: 480_000 })
    expect(parseRange('5k', parseCount)).toEqual({ min: 5_000, max: 5_000 })
  })

  it.each(['8m..30s', '1s..', '..1s', '1s..2s..3s', '1..2'])('refuses %j', (text) => {
    expect(parseRange(text, parseDurationMs)).toBeNull()
  })
})

it('no text makes a parser throw or answer anything but a finite number', () => {
  const parsers = [parseCount, parseBytes, parseDurationMs, parseRate, parseNumber]
  const nasty = fc.oneof(
    fc.string(),
    fc.string({ unit: fc.constantFrom(...'0123456789.,_kmgsh/KiB -') }),
  )
  fc.assert(
    fc.property(nasty, fc.constantFrom(...parsers), (text, parse) => {
      const value = parse(text)
      return value === null || Number.isFinite(value)
    }),
  )
})
