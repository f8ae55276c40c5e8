/**
 * /proc/net/softnet_stat as moves per CPU. Columns are 32 bits wide and wrap within hours on a busy
 * host, each CPU on its own: differences are taken per CPU, modulo 2^32, before anything is added
 * up. The file is host-wide even in a container.
 */
import type { CounterMove } from './counter-moves.ts'
import { type Fact, known, unknown } from './fact.ts'
import type { Facts } from './facts.ts'
import { delta32 } from './parsers/numbers.ts'
import type { SoftnetRow } from './parsers/softnet-stat.ts'

export type SoftnetColumn =
  | 'processed'
  | 'dropped'
  | 'timeSqueeze'
  | 'receivedRps'
  | 'flowLimitDropped'

export interface CpuMove {
  readonly cpu: number
  readonly move: CounterMove
}

/** One move a CPU; a CPU that is in one sample only is left out. */
export function softnetMoves(facts: Facts, column: SoftnetColumn): Fact<readonly CpuMove[]> {
  const { softnet: after } = facts.after
  if (!after.known) return after
  const { softnet: before } = facts.before
  if (!before.known) return before
  const rows = after.value.flatMap((row) => {
    const earlier = before.value.find(({ cpu }) => cpu === row.cpu)
    return earlier === undefined
      ? []
      : [{ cpu: row.cpu, move: moveOf(facts, column, earlier, row) }]
  })
  return rows.length > 0
    ? known(rows, after.source)
    : unknown('the two samples have no CPU in common', after.source)
}

/** All CPUs together. */
export function softnetTotal(facts: Facts, column: SoftnetColumn): Fact<CounterMove> {
  const moves = softnetMoves(facts, column)
  if (!moves.known) return moves
  const sum = (pick: (move: CounterMove) => number): number =>
    moves.value.reduce((total, { move }) => total + pick(move), 0)
  return known(
    {
      name: `softnet ${NAMES[column]}`,
      delta: sum(({ delta }) => delta),
      perSecond: sum(({ perSecond }) => perSecond),
      total: sum(({ total }) => total),
      basis: facts.sampling === 'single' ? 'boot' : 'window',
    },
    moves.source,
  )
}

const NAMES: Readonly<Record<SoftnetColumn, string>> = {
  processed: 'processed',
  dropped: 'dropped',
  timeSqueeze: 'time_squeeze',
  receivedRps: 'received_rps',
  flowLimitDropped: 'flow_limit_count',
}

function moveOf(
  facts: Facts,
  column: SoftnetColumn,
  before: SoftnetRow,
  after: SoftnetRow,
): CounterMove {
  const name = `softnet ${NAMES[column]} of CPU ${after.cpu}`
  const total = after[column]
  if (facts.sampling === 'single') {
    const { uptimeSeconds } = facts.after
    const seconds = uptimeSeconds.known ? uptimeSeconds.value : 0
    const perSecond = seconds > 0 ? total / seconds : 0
    return { name, delta: total, perSecond, total, basis: 'boot' }
  }
  const delta = delta32(before[column], total)
  const perSecond = facts.windowMs > 0 ? (delta * 1_000) / facts.windowMs : 0
  return { name, delta, perSecond, total, basis: 'window' }
}
