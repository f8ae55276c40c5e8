/**
 * The last values of a series as a row of blocks, one cell each, as high as their share of the
 * most.
 */

const BLOCKS = '▁▂▃▄▅▆▇█'
const NOTHING = ' '

/** @param values oldest first; null: nothing was measured, which is no zero */
export function sparkline(values: readonly (number | null)[], cells: number): string {
  const shown = cells <= 0 ? [] : values.slice(-cells)
  const most = shown.reduce<number>((max, value) => Math.max(max, value ?? 0), 0)
  return shown.map((value) => blockOf(value, most)).join('')
}

function blockOf(value: number | null, most: number): string {
  if (value === null) return NOTHING
  if (most <= 0) return BLOCKS[0]
  return BLOCKS[Math.min(BLOCKS.length - 1, Math.floor((value / most) * BLOCKS.length))]
}
