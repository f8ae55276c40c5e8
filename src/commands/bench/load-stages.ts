/**
 * --stages and --rate-stages: two timelines of holds, which know nothing of each other. A step of
 * the run is the time in which neither changes; where one ends before the other its last value
 * stays. Ramps and warm-ups come on top: a hold is measured time.
 *
 *   --stages 30s@1k,30s@2k --rate-stages 20s@100,40s@200
 *
 *   20 s of 1k@100 │ 10 s of 1k@200 │ 30 s of 2k@200
 */
import { parseCount, parseDurationMs, parseRate } from '../../config/units.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'

export interface Hold {
  readonly durationMs: number
  /** Connections, or messages per second. */
  readonly value: number
}

export interface MergedHold {
  readonly durationMs: number
  /** null: the other timeline alone was given. */
  readonly connections: number | null
  readonly messagesPerSecond: number | null
}

/** As of --duration; shorter ones have nothing to measure. */
const HOLD_MS_MIN = 100
const STAGES_MAX = 1_000

/** @throws PushctlError that says what was expected */
export function parseConnectionStages(texts: readonly string[]): readonly Hold[] {
  return parseHolds('--stages', texts, '30s@50k', (text) => {
    const count = parseCount(text)
    return count === null || count < 1 || count > 4_000_000 ? null : count
  })
}

/** @throws PushctlError that says what was expected */
export function parseRateStages(texts: readonly string[]): readonly Hold[] {
  return parseHolds('--rate-stages', texts, '30s@500/s', parseRate)
}

export function mergeHolds(connections: readonly Hold[], rates: readonly Hold[]): MergedHold[] {
  const ends = [...endsOf(connections), ...endsOf(rates)].sort((a, b) => a - b)
  const merged: MergedHold[] = []
  let fromMs = 0
  for (const endMs of ends) {
    if (endMs === fromMs) continue
    merged.push({
      durationMs: endMs - fromMs,
      connections: valueAt(connections, fromMs),
      messagesPerSecond: valueAt(rates, fromMs),
    })
    fromMs = endMs
  }
  return merged
}

function parseHolds(
  flag: string,
  texts: readonly string[],
  example: string,
  parseValue: (text: string) => number | null,
): readonly Hold[] {
  if (texts.length > STAGES_MAX) {
    const message = `${flag} must have at most ${STAGES_MAX} stages, got ${texts.length}`
    throw new PushctlError('PUSHCTL_CONFIG', message)
  }
  return texts.map((text) => {
    const [time = '', amount = '', ...rest] = text.split('@').map((part) => part.trim())
    const durationMs = parseDurationMs(time)
    const value = parseValue(amount)
    if (durationMs === null || durationMs < HOLD_MS_MIN || value === null || rest.length > 0) {
      const got = JSON.stringify(text.slice(0, 60))
      const rule = `must be a time of at least ${HOLD_MS_MIN}ms, @ and a value`
      throw new PushctlError('PUSHCTL_CONFIG', `${flag} ${rule}, got ${got}`, {
        tries: [`${flag} ${example}`],
      })
    }
    return { durationMs, value }
  })
}

function endsOf(holds: readonly Hold[]): number[] {
  let endMs = 0
  return holds.map(({ durationMs }) => (endMs += durationMs))
}

/** null where there are no holds; after the last one, its value. */
function valueAt(holds: readonly Hold[], atMs: number): number | null {
  const ends = endsOf(holds)
  const index = ends.findIndex((endMs) => atMs < endMs)
  return holds.at(index)?.value ?? null
}
