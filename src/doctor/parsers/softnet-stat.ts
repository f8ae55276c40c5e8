/**
 * /proc/net/softnet_stat: hexadecimal, one row per online CPU, 10, 11, 13 or 15 columns by kernel.
 * All columns are 32 bits wide and wrap; compare two samples with `delta32`.
 */
import { lines, parseHex, words } from './numbers.ts'

export interface SoftnetRow {
  /** CPU number; kernels below 13 columns do not say, then the row number over online CPUs. */
  readonly cpu: number
  readonly processed: number
  readonly dropped: number
  readonly timeSqueeze: number
  readonly receivedRps: number
  readonly flowLimitDropped: number
  /** Packets waiting now; null where the kernel does not say. */
  readonly backlogLength: number | null
}

export function parseSoftnetStat(text: string): SoftnetRow[] | null {
  const rows: SoftnetRow[] = []
  for (const [index, line] of lines(text).entries()) {
    const columns = words(line).map(parseHex)
    if (columns.length < 9 || columns.some((value) => value === null)) return null
    const column = (position: number): number => columns[position] ?? 0
    rows.push({
      cpu: columns.length >= 13 ? column(12) : index,
      processed: column(0),
      dropped: column(1),
      timeSqueeze: column(2),
      receivedRps: column(9),
      flowLimitDropped: column(10),
      backlogLength: columns.length >= 12 ? column(11) : null,
    })
  }
  return rows.length > 0 ? rows : null
}
