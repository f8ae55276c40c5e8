/**
 * /proc/slabinfo (root only). `bytesEach` is pages·4096/objects, which is what an object really
 * costs; objsize hides the waste. Caches may be merged (eventpoll_epi also counts bind buckets):
 * trust growth, not level.
 */
import { lines, parseDecimal, words } from './numbers.ts'

export interface SlabRow {
  readonly active: number
  readonly total: number
  readonly objectBytes: number
  readonly bytesEach: number
}

export type SlabTable = Readonly<Record<string, SlabRow>>

export function parseSlabinfo(text: string): SlabTable | null {
  if (!text.startsWith('slabinfo - version: 2.')) return null
  const table: Record<string, SlabRow> = Object.create(null)
  for (const line of lines(text).slice(2)) {
    const [name = '', ...cells] = words(line)
    const [active, total, objectBytes, perSlab, pages] = cells.slice(0, 5).map(parseDecimal)
    if (active == null || total == null || objectBytes == null) continue
    if (perSlab == null || pages == null || perSlab <= 0) continue
    table[name] = { active, total, objectBytes, bytesEach: Math.ceil((pages * 4096) / perSlab) }
  }
  return table
}
