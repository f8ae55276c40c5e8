/**
 * /proc/interrupts: label, one count per online CPU, then text whose last word is the device.
 * Rows such as NMI and LOC have no number, ERR and MIS have one column; only numbered rows are
 * kept.
 */
import { lines, parseDecimal, words } from './numbers.ts'
import { cpusOfHeader } from './softirqs.ts'

export interface InterruptRow {
  readonly irq: number
  /** Count by CPU number; 32 bits, wraps. */
  readonly countByCpu: Readonly<Record<number, number>>
  /** virtio2-input.0, eth0-TxRx-3, mlx5_comp3@pci:0000:3b:00.0 … */
  readonly name: string
}

export function parseInterrupts(text: string): InterruptRow[] | null {
  const [header, ...rows] = lines(text)
  const cpus = cpusOfHeader(header ?? '')
  if (cpus === null) return null
  const interrupts: InterruptRow[] = []
  for (const row of rows) {
    const [label = '', ...rest] = words(row)
    const irq = parseDecimal(label.replace(/:$/, ''))
    if (irq === null || !label.endsWith(':')) continue
    const counts = rest.slice(0, cpus.length).map(parseDecimal)
    if (counts.length !== cpus.length || counts.some((count) => count === null)) continue
    const countByCpu: Record<number, number> = {}
    for (const [column, cpu] of cpus.entries()) countByCpu[cpu] = counts[column] ?? 0
    interrupts.push({ irq, countByCpu, name: rest.slice(cpus.length).at(-1) ?? '' })
  }
  return interrupts
}
