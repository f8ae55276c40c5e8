import { describe, expect, it } from 'vitest'
import type { OptionRow } from '../../src/config/option-table.ts'
import {
  checkOptionValue,
  formatOptionValue,
  type RawValue,
} from '../../src/config/option-value.ts'

function check(row: Partial<OptionRow>, raw: RawValue): unknown {
  const checked = checkOptionValue({ flag: 'x', help: 'x', ...row } as OptionRow, raw)
  return checked.ok ? checked.value : checked.rule
}

describe('a numeric row', () => {
  it('takes text and YAML numbers alike', () => {
    expect(check({ kind: 'count' }, '10k')).toBe(10_000)
    expect(check({ kind: 'count' }, 10_000)).toBe(10_000)
    expect(check({ kind: 'size' }, '64KiB')).toBe(65_536)
    expect(check({ kind: 'rate' }, '500/s')).toBe(500)
  })

  it('names its bounds in its own unit', () => {
    const broken = [
      check({ kind: 'count', min: 1, max: 4_000_000 }, '0'),
      check({ kind: 'duration', min: 1_000 }, '5ms'),
      check({ kind: 'size', max: 65_536 }, '1m'),
      check({ kind: 'rate', min: 1 }, '0.5/s'),
      check({ kind: 'number', min: 0, max: 1 }, '1.5'),
      check({ kind: 'duration-range', min: 1_000, max: 60_000 }, '30s..8m'),
    ]
    expect(broken).toMatchInlineSnapshot(`
      [
        "must be between 1 and 4,000,000",
        "must be at least 1s",
        "must be at most 64 KiB",
        "must be at least 1/s",
        "must be between 0 and 1",
        "must be between 1s and 1m",
      ]
    `)
  })

  it('takes the bounds themselves', () => {
    expect(check({ kind: 'count', min: 1, max: 3 }, '1')).toBe(1)
    expect(check({ kind: 'count', min: 1, max: 3 }, '3')).toBe(3)
  })

  it('says what a value of its kind looks like', () => {
    const kinds = ['count', 'number', 'size', 'duration', 'rate', 'duration-range'] as const
    expect(kinds.map((kind) => check({ kind }, 'lots'))).toMatchInlineSnapshot(`
      [
        "must be a whole number such as 500 or 10k",
        "must be a number",
        "must be a size such as 512 or 64KiB",
        "must be a time such as 250ms, 30s or 5m",
        "must be a rate such as 500/s",
        "must be a range of times such as 30s..8m",
      ]
    `)
  })
})

describe('an address row', () => {
  it('takes names, IPv4, bracketed IPv6 and a bare port', () => {
    const texts = ['localhost:80', '127.0.0.1:0', '[::1]:7001', ':7001']
    expect(texts.map((text) => check({ kind: 'address' }, text))).toEqual([
      { host: 'localhost', port: 80 },
      { host: '127.0.0.1', port: 0 },
      { host: '::1', port: 7001 },
      { host: '0.0.0.0', port: 7001 },
    ])
  })

  it.each(['localhost', 'localhost:', 'a:70000', '::1:80', 'tcp://a:80', 'a b:80', '7001'])(
    'refuses %j',
    (text) => {
      expect(check({ kind: 'address' }, text)).toContain('must be host:port')
    },
  )
})

it('a boolean takes the words people use', () => {
  const words = ['true', 'Yes', 'on', '1', 'false', 'no', 'OFF', '0', true, 'maybe']
  expect(words.map((word) => check({ kind: 'boolean' }, word))).toEqual([
    true,
    true,
    true,
    true,
    false,
    false,
    false,
    false,
    true,
    'must be true or false',
  ])
})

it('an enum names its values and the nearest one', () => {
  const row: OptionRow = { flag: 'x', help: 'x', kind: 'enum', values: ['auto', 'epoll', 'node'] }
  expect(checkOptionValue(row, 'epol')).toEqual({
    ok: false,
    rule: 'must be one of auto, epoll, node',
    nearest: 'epoll',
  })
})

it('a url is absolute and normalised', () => {
  expect(check({ kind: 'url' }, 'http://127.0.0.1:7080')).toBe('http://127.0.0.1:7080/')
  expect(check({ kind: 'url' }, '/v1/push')).toContain('must be a URL')
  expect(check({ kind: 'url' }, 'mailto:x')).toContain('must be a URL')
})

it('text is neither empty nor holds a NUL, and a key without value is refused', () => {
  expect(check({ kind: 'string' }, '')).toBe('must not be empty')
  expect(check({ kind: 'file' }, 'a\0b')).toBe('must not hold a NUL')
  expect(check({ kind: 'string' }, null)).toBe('must have a value')
})

it('values are shown as they would be typed', () => {
  const row = (kind: string) => ({ flag: 'x', help: 'x', kind }) as OptionRow
  expect([
    formatOptionValue(row('count'), 10_000),
    formatOptionValue(row('duration'), 90_000),
    formatOptionValue(row('duration-range'), { min: 30_000, max: 480_000 }),
    formatOptionValue(row('address'), { host: '::1', port: 80 }),
    formatOptionValue(row('address'), [
      { host: 'a', port: 1 },
      { host: 'b', port: 2 },
    ]),
    formatOptionValue(row('string'), undefined),
    formatOptionValue(row('boolean'), false),
  ]).toEqual(['10,000', '1m30s', '30s..8m', '[::1]:80', 'a:1, b:2', '', 'false'])
})
