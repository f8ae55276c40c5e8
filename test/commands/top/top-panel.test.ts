import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { visibleWidth } from '../../../src/report/table.ts'
import { SORT_KEYS, sortRows, totalRow } from '../../../src/commands/top/row-order.ts'
import type { NodeRow } from '../../../src/commands/top/node-row.ts'
import { topPanel } from '../../../src/commands/top/top-panel.ts'
import { busyRow, deadRow } from './sample-node.ts'

function panelOf(rows: readonly NodeRow[], columns: number, lines: number): string[] {
  const sorted = sortRows(rows, 'name')
  const panel = topPanel('12:00:05', sorted, totalRow(rows), 'name', { columns, rows: lines })
  return panel.map((parts) => parts.map(({ text }) => text).join(''))
}

describe('the panel of top', () => {
  it('is a table of nodes with their total, and what they do below', () => {
    const text = panelOf([busyRow('push-1'), busyRow('push-2'), deadRow()], 80, 24)
    expect(text.map((line) => line.trimEnd()).join('\n')).toMatchInlineSnapshot(`
      "12:00:05  2/3 nodes ready, 3k connections

      NODE       STATE       CONNS  FULL CONN/s PUSH/s  MSG/s  ERR/s     LAG      MEM
      push-1     ready        1.5k   15%     50     10     1k      1   0.5ms    150 M
      push-2     ready        1.5k   15%     50     10     1k      1   0.5ms    150 M
      b:2        nobody listens at http://b:2
      total      2/3 up         3k   15%    100     20     2k      2   0.5ms    300 M

      connections  joined 2.8k, hello 200
      devices      tcp 2k, push.v1 800
      closes/s     peer-end 10, too-slow 2
      errors       overload 8
      waiting      4 KiB for devices that read slowly
      longest GC   8.5ms
      shards       2 of 4 up

      q ends, s sorts by the next column"
    `)
  })

  it('shows more of a node where there is room', () => {
    const [, , head] = panelOf([busyRow()], 120, 40)
    for (const title of ['NODE', 'FULL', 'API p99', 'GC', 'LEVEL']) expect(head).toContain(title)
  })

  it('is never wider or higher than the terminal, whatever nodes call themselves', () => {
    const name = fc.oneof(
      fc.string({ maxLength: 60, unit: 'grapheme' }),
      fc.constant('\u001b[2J\r\nevil'),
    )
    const row = fc.oneof(
      name.map((text) => busyRow(text)),
      fc.constant(deadRow('http://a-very-long-name-of-a-host-somewhere.example.org:17002')),
    )
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 30 }),
        fc.integer({ min: 30, max: 200 }),
        fc.integer({ min: 8, max: 60 }),
        fc.constantFrom(...SORT_KEYS),
        (rows, columns, lines, key) => {
          const size = { columns, rows: lines }
          const panel = topPanel('12:00:05', sortRows(rows, key), totalRow(rows), key, size)
          expect(panel.length).toBeLessThan(lines)
          for (const parts of panel) {
            const text = parts.map((part) => part.text).join('')
            expect(visibleWidth(text)).toBeLessThanOrEqual(columns)
            expect(text).not.toContain('\u001b')
          }
        },
      ),
    )
  })
})
