/**
 * What head and workers say of a run in steps, and of how it goes: parts of the control protocol.
 * Reports, plans and rows of the record are JSON texts here: whoever reads such files checks them.
 */
import * as v from 'valibot'
import type { RunProgress } from '../../stats/run-progress.ts'
import type { RunStep } from '../run-course.ts'
import type { Totals } from '../run-totals.ts'

const TEXT_MAX = 4_096
/** Stages of both timelines, and what a search is expected to try. */
const STEPS_MAX = 10_000
/** A row with the coarse buckets of its latencies has some KB. */
const ROW_BYTES_MAX = 256 * 1024

const text = v.pipe(v.string(), v.maxLength(TEXT_MAX))
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const number = v.pipe(v.number(), v.finite())
const positive = v.pipe(number, v.minValue(0))
const unknownOr = v.nullable(number)

const phase = v.picklist(['start', 'connect', 'warm-up', 'steady', 'drain'])
const verdict = v.picklist(['VALID', 'SUSPECT', 'INVALID'])

/** The share of one host. */
export const stepSchema = v.object({
  connections: count,
  messagesPerSecond: positive,
  warmupMs: positive,
  durationMs: positive,
}) satisfies v.GenericSchema<RunStep>

export const stepsSchema = v.pipe(v.array(stepSchema), v.minLength(1), v.maxLength(STEPS_MAX))

const standing = v.object({
  step: count,
  messagesPerSecond: number,
  isHeld: v.boolean(),
  latency: v.nullable(
    v.object({ p50: number, p90: number, p99: number, p99_9: number, max: number }),
  ),
  verdict: v.object({
    value: verdict,
    reasons: v.pipe(v.array(text), v.maxLength(100), v.readonly()),
  }),
  late: number,
  threads: v.nullable(
    v.object({
      cpuShare: unknownOr,
      waitShare: unknownOr,
      loopLagUsP99: unknownOr,
      gcPauseUsMax: unknownOr,
    }),
  ),
  gcCount: number,
  host: v.object({
    time_wait: unknownOr,
    retransmits: unknownOr,
    listen_overflows: unknownOr,
    softnet_drops: unknownOr,
    cpu_percent: unknownOr,
  }),
  failures: v.pipe(
    v.array(v.object({ phase: text, cause: text, count })),
    v.maxLength(1_024),
    v.readonly(),
  ),
})

const progressEntries = {
  phase,
  elapsedMs: number,
  totalMs: unknownOr,
  connections: count,
  connectionsTarget: count,
  sentPerSecond: number,
  receivedPerSecond: number,
  p50: unknownOr,
  p99: unknownOr,
  verdict: v.exactOptional(verdict),
  standing: v.exactOptional(standing),
}

export const progressMessage = v.object({
  type: v.literal('progress'),
  ...progressEntries,
}) satisfies v.GenericSchema<RunProgress>

const totals = {
  attempted: number,
  established: number,
  failed: number,
  sent: number,
  received: number,
} satisfies Record<keyof Totals, v.GenericSchema<number>>

/** Running totals, for whoever watches the target beside. */
export const momentMessage = v.object({
  type: v.literal('moment'),
  phase,
  connections: count,
  generatorBytes: positive,
  ...totals,
})

/** Of the record of a run that may be killed. */
export const headerMessage = v.object({
  type: v.literal('header'),
  header: v.pipe(v.string(), v.maxLength(1024 * 1024)),
})
export const rowMessage = v.object({
  type: v.literal('row'),
  row: v.pipe(v.string(), v.maxLength(ROW_BYTES_MAX)),
  /** Base64 of HDR V2. */
  latencies: v.pipe(v.string(), v.maxLength(ROW_BYTES_MAX)),
})
export type RowMessage = v.InferOutput<typeof rowMessage>

export const STEERING = ['hold', 'release', 'end-step', 'stop'] as const

export const steerMessage = v.object({ type: v.literal('steer'), what: v.picklist(STEERING) })

/** What follows the step that ended; null: nothing. */
export const stepMessage = v.object({
  type: v.literal('step'),
  step: v.nullable(stepSchema),
  isLast: v.boolean(),
})
export type StepOrder = v.InferOutput<typeof stepMessage>
