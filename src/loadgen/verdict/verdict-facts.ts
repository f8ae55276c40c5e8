/**
 * What the verdict is judged from, gathered once (facts-of-run.ts); and the shape of a rule. Rules
 * are pure and know nothing of each other. Everything here is about the measured time, where it
 * does not say otherwise: what connecting cost is in metrics of its own.
 */
import { formatCount } from '../../config/quantities.ts'
import type { HostCounters, HostFindingsReport } from '../../stats/run-report.ts'
import type { UsageShares } from '../thread-usage.ts'
import type { ByteCount } from './byte-gap.ts'

export interface VerdictFacts {
  readonly planned: number
  readonly late: number
  /** Planned and never sent because the generator was behind. */
  readonly unsent: number
  readonly threads: readonly ThreadFacts[]
  readonly shards: number
  readonly shardsLost: number
  /** Connections asked for. */
  readonly connections: number
  /** Of the whole run: that a connection never came up is a finding of the connect phase. */
  readonly failures: readonly { readonly cause: string; readonly count: number }[]
  /** Of all metrics: values recorded, and those that no single clock can have given. */
  readonly latencies: { readonly count: number; readonly clamped: number }
  /** Of the whole run; empty where a part of it is unknown, or it was cut short. */
  readonly bytes: readonly ByteCount[]
  /** What the counters of the generator's host did. */
  readonly host: HostCounters
  /** The same from before the first connect: a full accept queue shows while connecting. */
  readonly hostInAll: HostCounters
  /** What doctor saw; empty where it did not look. */
  readonly hosts: readonly HostFindingsReport[]
  /** Whether a target runs on this host, so that its troubles are in the same counters. */
  readonly isTargetHere: boolean
  readonly measuredSeconds: number
}

/** One generator thread: "shard 0", "the publisher". */
export interface ThreadFacts extends UsageShares {
  readonly name: string
  /** null where nothing was recorded. */
  readonly loopLagUsP99: number | null
  readonly gcPauseUsMax: number | null
}

export interface Doubt {
  readonly level: 'SUSPECT' | 'INVALID'
  /** What was seen, and what to change. */
  readonly reason: string
}

export type VerdictRule = (facts: VerdictFacts) => Doubt | null

/** A value up to `suspect` is fine, one beyond `invalid` makes the run worthless. */
export interface Limits {
  readonly suspect: number
  readonly invalid: number
}

/** The level of a value that should stay at or below the limits. */
export function levelOf(value: number, limits: Limits): Doubt['level'] | null {
  if (value > limits.invalid) return 'INVALID'
  return value > limits.suspect ? 'SUSPECT' : null
}

export function percent(share: number): string {
  const value = share * 100
  return `${value >= 10 ? value.toFixed(0) : Number(value.toPrecision(2))} %`
}

export function milliseconds(us: number): string {
  return `${(us / 1000).toFixed(us < 10_000 ? 1 : 0)} ms`
}

/** "1 connection", "12,345 connections". */
export function counted(count: number, noun: string): string {
  return `${formatCount(count)} ${noun}${count === 1 ? '' : 's'}`
}
