/**
 * The interrupts that bring packets in. Drivers name them as they like (virtio2-input.0,
 * eth0-TxRx-3, mlx5_comp3@pci:…), so names only rule out: what says control or is for sending alone
 * is left out, the rest counts.
 */
import { type Fact, known, unknown } from './fact.ts'
import type { Facts } from './facts.ts'
import type { InterfaceFacts } from './facts-network.ts'
import type { InterruptRow } from './parsers/interrupts.ts'
import { delta32 } from './parsers/numbers.ts'

export interface ReceiveIrq {
  readonly irq: number
  readonly name: string
  /** Interrupts in the window (since boot with one sample), by CPU. */
  readonly movedByCpu: Readonly<Record<number, number>>
  readonly moved: number
  /** Where it fires: as the kernel says, else where it was counted; null: neither is known. */
  readonly firesOn: readonly number[] | null
}

const NOT_FOR_PACKETS = /config|control|ctrl|async|admin|mgmt|mgmnt|misc|link|event|cmd|fdir|lsc/i
const FOR_SENDING = /(?:^|[-_.@])(?:tx|output)(?:[-_.]?\d+)?(?:$|@)/i

export function receiveIrqs(facts: Facts, row: InterfaceFacts): Fact<readonly ReceiveIrq[]> {
  const { interrupts } = facts.after
  if (!interrupts.known) return interrupts
  const own = interrupts.value.filter((candidate) => belongsTo(candidate, row))
  if (own.length === 0) {
    return unknown(`no interrupt can be told to be of ${row.name}`, interrupts.source)
  }
  const named = own.filter(({ name }) => !NOT_FOR_PACKETS.test(name) && !FOR_SENDING.test(name))
  // "eth0" beside "eth0-TxRx-0" is the interrupt for changes of the link.
  const queues = named.filter(({ name }) => name !== row.name)
  const receiving = queues.length > 0 ? queues : named
  return known(
    receiving.map((interrupt) => receiveIrqOf(facts, interrupt)),
    interrupts.source,
  )
}

function belongsTo(interrupt: InterruptRow, { name, irqNumbers }: InterfaceFacts): boolean {
  if (irqNumbers.known && irqNumbers.value.length > 0) {
    return irqNumbers.value.includes(interrupt.irq)
  }
  return (
    interrupt.name === name || new RegExp(`(?:^|[-_@])${escaped(name)}[-_@]`).test(interrupt.name)
  )
}

function escaped(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&')
}

function receiveIrqOf(facts: Facts, after: InterruptRow): ReceiveIrq {
  const { interrupts: samples } = facts.before
  const before = samples.known ? samples.value.find(({ irq }) => irq === after.irq) : undefined
  const movedByCpu: Record<number, number> = {}
  let moved = 0
  for (const [key, count] of Object.entries(after.countByCpu)) {
    const cpu = Number(key)
    const earlier = facts.sampling === 'single' ? 0 : (before?.countByCpu[cpu] ?? count)
    const delta = delta32(earlier, count)
    movedByCpu[cpu] = delta
    moved += delta
  }
  const { irq, name } = after
  return { irq, name, movedByCpu, moved, firesOn: firesOn(facts, irq, movedByCpu, moved) }
}

function firesOn(
  facts: Facts,
  irq: number,
  movedByCpu: Readonly<Record<number, number>>,
  moved: number,
): readonly number[] | null {
  const affinity = facts.network.irqs[irq]
  const effective = affinity?.effectiveAffinity
  if (effective?.known && effective.value.length > 0) return effective.value
  if (affinity?.affinity.known && affinity.affinity.value.length === 1)
    return affinity.affinity.value
  if (moved === 0) return null
  const cpus = Object.keys(movedByCpu).map(Number)
  return cpus.filter((cpu) => (movedByCpu[cpu] ?? 0) >= 0.1 * moved)
}
