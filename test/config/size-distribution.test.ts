import { describe, expect, it } from 'vitest'
import type { OptionRow } from '../../src/config/option-table.ts'
import { checkOptionValue } from '../../src/config/option-value.ts'
import {
  formatSizeDistribution,
  parseSizeDistribution,
} from '../../src/config/size-distribution.ts'
import { parseShare } from '../../src/config/units.ts'

const ROW: OptionRow = { flag: 'x', help: 'x', kind: 'sizes', min: 24, max: 60 * 1024 }

function ruleOf(text: string): string {
  const checked = checkOptionValue(ROW, text)
  return checked.ok ? 'fine' : checked.rule
}

describe('sizes', () => {
  it('are one, a range, a log-normal distribution or a list with weights', () => {
    expect(parseSizeDistribution('1,024')).toEqual({ kind: 'fixed', bytes: 1024 })
    expect(parseSizeDistribution('256..1KiB')).toEqual({
      kind: 'uniform',
      minBytes: 256,
      maxBytes: 1024,
    })
    expect(parseSizeDistribution('lognormal:640:0.8')).toEqual({
      kind: 'log-normal',
      meanBytes: 640,
      sigma: 0.8,
    })
    expect(parseSizeDistribution('256*7, 1KiB*2,4k')).toEqual({
      kind: 'list',
      items: [
        { bytes: 256, weight: 7 },
        { bytes: 1024, weight: 2 },
        { bytes: 4096, weight: 1 },
      ],
    })
  })

  it.each(['', '1..', '..2', '2..1', '1..2..3', '256*', '256*0', '256*-1', '1*2*3', '256,,', 'x'])(
    'are not %j',
    (text) => expect(parseSizeDistribution(text)).toBeNull(),
  )

  it.each(['lognormal:640', 'lognormal:640:0', 'lognormal:640:9', 'lognormal:a:1'])(
    'are not %j: a mean and a deviation up to 3 are needed',
    (text) => expect(parseSizeDistribution(text)).toBeNull(),
  )

  it.each(['300', '1500', '61439', '256..1KiB', 'lognormal:640:0.8', '256*7,1KiB*2', '64 KiB'])(
    '%s is shown as it could be typed again',
    (text) => {
      const sizes = parseSizeDistribution(text)
      expect(sizes).not.toBeNull()
      if (sizes === null) return
      expect(parseSizeDistribution(formatSizeDistribution(sizes))).toEqual(sizes)
    },
  )

  it('are held against the bounds of their row, each of a list', () => {
    expect(ruleOf('256..1KiB')).toBe('fine')
    const rule = 'must be between 24 B and 60 KiB'
    expect(['3', '10..100', '100..1m', '256*7,70KiB', 'lognormal:4:1'].map(ruleOf)).toEqual(
      Array(5).fill(rule),
    )
  })
})

it('a share needs its sign', () => {
  expect(['5%', '0.1 %', '100%'].map(parseShare)).toEqual([0.05, 0.001, 1])
  expect(['5', '0.05', '%', '-5%', '5%%'].map(parseShare)).toEqual(Array(5).fill(null))
})
