/**
 * How many connections of a shard are in which state and on which carrier. Counted by walking two
 * byte columns when somebody asks for it (1 ms for a million rows), so that a session that changes
 * its state costs nothing.
 */
import { CARRIER_NAMES, SESSION_PHASE, type SessionTable } from './session-table.ts'

export interface SessionCensus {
  /** proxy-header, upgrading, hello (none yet), joining, joined; closing: it still lingers. */
  readonly states: Readonly<Record<string, number>>
  /** Joined devices by how they are connected. */
  readonly carriers: Readonly<Record<string, number>>
}

const STATE_NAMES: readonly (readonly [phase: number, name: string])[] = [
  [SESSION_PHASE.PROXY_HEADER, 'proxy-header'],
  [SESSION_PHASE.UPGRADING, 'upgrading'],
  [SESSION_PHASE.AWAITING_HELLO, 'hello'],
  [SESSION_PHASE.JOINING, 'joining'],
  [SESSION_PHASE.JOINED, 'joined'],
]
const PHASES = 256
const CARRIER_BITS = 8

/** openCount: connections that the engine has open, those without a session included. */
export function takeCensus(sessions: SessionTable, openCount: number): SessionCensus {
  const { phaseOf, carrierOf, usedEnd } = sessions
  const counts = new Uint32Array(PHASES << CARRIER_BITS)
  for (let slot = 0; slot < usedEnd; slot++) {
    counts[(phaseOf[slot] << CARRIER_BITS) | carrierOf[slot]]++
  }
  const ofPhase = (phase: number) =>
    counts
      .subarray(phase << CARRIER_BITS, (phase + 1) << CARRIER_BITS)
      .reduce((sum, count) => sum + count, 0)
  const states: Record<string, number> = {}
  let inSession = 0
  for (const [phase, name] of STATE_NAMES) {
    states[name] = ofPhase(phase)
    inSession += states[name]
  }
  states['closing'] = Math.max(0, openCount - inSession)
  const joined = SESSION_PHASE.JOINED << CARRIER_BITS
  const carriers = Object.fromEntries(CARRIER_NAMES.map((name, i) => [name, counts[joined | i]]))
  return { states, carriers }
}

export function sumCensus(all: readonly SessionCensus[]): SessionCensus {
  const states: Record<string, number> = {}
  const carriers: Record<string, number> = {}
  for (const census of all) {
    addCounts(states, census.states)
    addCounts(carriers, census.carriers)
  }
  return { states, carriers }
}

function addCounts(sum: Record<string, number>, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) sum[name] = (sum[name] ?? 0) + count
}
