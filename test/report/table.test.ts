import fc from 'fast-check'
import pc from 'picocolors'
import { expect, test } from 'vitest'
import { clipText, plainText, tableLines, visibleWidth, wrapItems } from '../../src/report/table.ts'

test('columns align by what is seen, whatever the colours and letters take', () => {
  const { red, bold } = pc.createColors(true)
  const rows = [
    [bold('name'), 'value', 'note'],
    [red('中文'), '12 µs', ''],
    ['b', '1,234 ms', 'x'],
    ['short'],
  ]
  expect(tableLines(rows, ['left', 'right'])).toEqual([
    `${bold('name')}      value  note`,
    `${red('中文')}      12 µs`,
    'b      1,234 ms  x',
    'short',
  ])
})

test('no rows, no lines', () => {
  expect(tableLines([])).toEqual([])
})

test('clipped text says that something is missing and never exceeds its width', () => {
  expect(clipText('connection refused', 10)).toBe('connectio…')
  expect(clipText('中文字符', 6)).toBe('中文…')
  expect(clipText('fits', 4)).toBe('fits')
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), fc.integer({ min: 1, max: 30 }), (text, width) => {
      expect(visibleWidth(clipText(plainText(text), width))).toBeLessThanOrEqual(width)
    }),
  )
})

test('items wrap between, never within', () => {
  expect(wrapItems(['one', 'two', 'three', 'a very long item', 'x'], 12, ' · ')).toEqual([
    'one · two',
    'three',
    'a very long item',
    'x',
  ])
  expect(wrapItems([], 10)).toEqual([])
})

test('plain text keeps letters and loses control', () => {
  expect(plainText(' a\u001b[31mb\u001b[0m\tc\r\nd\u202e é 中 ')).toBe('ab c d é 中')
})
