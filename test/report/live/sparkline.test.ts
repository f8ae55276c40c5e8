import fc from 'fast-check'
import { expect, it } from 'vitest'
import { sparkline } from '../../../src/report/live/sparkline.ts'

it('draws each value by its share of the most', () => {
  expect(sparkline([0, 1, 2, 3, 4, 5, 6, 7, 8], 20)).toBe('▁▂▃▄▅▆▇██')
})

it('leaves a gap where nothing was measured, and draws zeros where there is nothing else', () => {
  expect(sparkline([null, 4, null, 2], 10)).toBe(' █ ▅')
  expect(sparkline([0, 0], 10)).toBe('▁▁')
})

it('shows the last values, never more than there are cells', () => {
  expect(sparkline([8, 8, 1, 4], 2)).toBe('▃█')
  const series = fc.array(fc.option(fc.nat()))
  fc.assert(
    fc.property(series, fc.integer({ min: -5, max: 40 }), (values, cells) => {
      expect([...sparkline(values, cells)]).toHaveLength(
        Math.min(values.length, Math.max(0, cells)),
      )
    }),
  )
})
