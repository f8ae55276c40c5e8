/**
 * What the head of a run on several hosts and the workers on them say to each other: JSON lines
 * over standard input and output of `pushctl bench worker`, whatever carries them there (ssh,
 * kubectl exec). Each side takes the other for hostile until a line has passed its schema. All
 * times are µs on the worker's monotonic clock.
 *
 *   worker  hello ──────► pong … planned  at connect  at steady … progress … broadcasts  step
 *   head         ping … ► setup ►                  go ►       go ► clock, steer … ► broadcasts
 *
 *   and with each further step from "at connect" again, until
 *
 *   worker                         result
 *   head    step (none follows) ►         end
 */
import * as v from 'valibot'
import { printableTexts } from '../../config/printable.ts'
import {
  headerMessage,
  momentMessage,
  progressMessage,
  rowMessage,
  steerMessage,
  stepMessage,
  stepsSchema,
} from './course-messages.ts'

/** Raised with every change of a message: both sides refuse another one. */
export const CONTROL_VERSION = 2
/** A report of a day is 3 MB; with the columns of a hundred thousand broadcasts, ten. */
export const UP_LINE_BYTES_MAX = 64 * 1024 * 1024
/** Templates and headers; a hundred source addresses. */
export const DOWN_LINE_BYTES_MAX = 4 * 1024 * 1024

const TEXT_MAX = 4_096
const PLAN_BYTES_MAX = 1024 * 1024
const text = v.pipe(v.string(), v.maxLength(TEXT_MAX))
const count = v.pipe(v.number(), v.safeInteger(), v.minValue(0))
const number = v.pipe(v.number(), v.finite())
const gate = v.picklist(['connect', 'steady'])

const broadcastsSent = { sentInAll: count, warmupSent: count, sentBefore: count }
const clock = v.object({ shiftUs: number, errorUs: v.pipe(number, v.minValue(0)) })

/** Columns as base64 of little-endian f64. */
const column = v.pipe(v.string(), v.base64())

const evidence = v.object({
  firstSeq: count,
  owed: column,
  count: column,
  firstUs: column,
  lastUs: column,
  delayUs: column,
})
export type EvidenceText = v.InferOutput<typeof evidence>

/** What the shards of a host found. */
const found = {
  /** A report.json, checked by whoever reads those. */
  report: v.string(),
  /** When the run began. */
  startedUs: number,
  /** Latencies that were refused for clocks that do not agree. */
  refused: count,
  /** null: no broadcasts, or too many. */
  broadcasts: v.nullable(evidence),
}

const UP = v.variant('type', [
  v.object({
    type: v.literal('hello'),
    protocol: number,
    pushctl: text,
    name: text,
    /** Of the kernel's clock: hosts with the same one need no correction. */
    clockId: text,
    /** Of the network namespace: hosts with the same one share addresses and ports. */
    networkId: text,
    addresses: v.pipe(v.array(text), v.maxLength(10_000)),
    /** net.ipv4.ip_local_port_range, both ends included. */
    ports: v.tuple([count, count]),
  }),
  v.object({ type: v.literal('pong'), n: count, atUs: number }),
  v.object({
    type: v.literal('planned'),
    warnings: v.pipe(v.array(text), v.maxLength(100)),
    /** A RunPlan, checked by whoever reads it. */
    plan: v.pipe(v.string(), v.maxLength(PLAN_BYTES_MAX)),
  }),
  v.object({
    type: v.literal('at'),
    gate,
    leadUs: v.pipe(number, v.minValue(0), v.maxValue(60e6)),
  }),
  progressMessage,
  momentMessage,
  headerMessage,
  rowMessage,
  v.object({ type: v.literal('broadcasts'), ...broadcastsSent }),
  /** A step has ended, and waits for the next. */
  v.object({
    type: v.literal('step'),
    ...found,
    /** Of its measured time, from when the run began. */
    atMs: number,
    blockedMs: number,
  }),
  v.object({
    type: v.literal('failed'),
    code: v.nullable(text),
    message: text,
    why: text,
    tries: v.pipe(v.array(text), v.maxLength(20)),
  }),
  v.object({ type: v.literal('result'), ...found }),
])
export type UpMessage = v.InferOutput<typeof UP>
export type HelloMessage = Extract<UpMessage, { type: 'hello' }>
export type PlannedMessage = Extract<UpMessage, { type: 'planned' }>
export type MomentMessage = Extract<UpMessage, { type: 'moment' }>
export type StepEndMessage = Extract<UpMessage, { type: 'step' }>
export type ResultMessage = Extract<UpMessage, { type: 'result' }>
export type FailedMessage = Extract<UpMessage, { type: 'failed' }>

const secret = v.nullable(v.pipe(v.string(), v.maxLength(64 * 1024)))

const DOWN = v.variant('type', [
  v.object({ type: v.literal('ping'), n: count }),
  v.object({
    type: v.literal('setup'),
    part: v.object({
      runId: v.pipe(count, v.minValue(1), v.maxValue(0xffff_ffff)),
      deviceScope: v.pipe(v.string(), v.regex(/^[a-z0-9-]{0,16}$/)),
      sendsBroadcasts: v.boolean(),
    }),
    /** Settings by key, as they would be typed. */
    options: v.record(v.string(), v.union([v.string(), v.array(v.string())])),
    targets: v.pipe(v.array(text), v.maxLength(1_000)),
    adminToken: secret,
    /** Base64. */
    deviceSecret: secret,
    /** Certificates of --ca-file; null: those that Node knows. */
    authorities: v.nullable(v.pipe(v.string(), v.maxLength(1024 * 1024))),
    /** Ports of the kernel's range that are this host's; null: all. */
    ports: v.nullable(v.tuple([count, count])),
    /** Says what it plans, and does nothing of it. */
    isPlanOnly: v.boolean(),
    /** The head keeps a record, and wants its rows. */
    isRecorded: v.boolean(),
    /** As far as they are known; more come as "step". */
    steps: stepsSchema,
    isLast: v.boolean(),
  }),
  v.object({
    type: v.literal('go'),
    gate,
    startUs: number,
    clock: v.optional(clock),
    /** Another rate than that of the step: it was asked for meanwhile. */
    messagesPerSecond: v.optional(v.pipe(number, v.minValue(0))),
  }),
  stepMessage,
  steerMessage,
  /** For a fresh "moment". */
  v.object({ type: v.literal('ask') }),
  v.object({ type: v.literal('clock'), clock }),
  v.object({ type: v.literal('broadcasts'), ...broadcastsSent }),
  v.object({ type: v.literal('broadcasts-lost'), reason: text }),
  v.object({ type: v.literal('stop') }),
  v.object({ type: v.literal('end') }),
])
export type DownMessage = v.InferOutput<typeof DOWN>
export type SetupMessage = Extract<DownMessage, { type: 'setup' }>
export type Gate = v.InferOutput<typeof gate>

export type Parsed<Message> =
  | { readonly message: Message }
  /** What is wrong, for people. */
  | { readonly fault: string }

const anyHello = v.looseObject({ protocol: number, pushctl: text })

/** Why a hello is not that of `pushctl`; null: it is, or it is none, which parseUp() will say. */
export function versionFault(line: string, pushctl: string): string | null {
  const parsed = parse(anyHello, line)
  if ('fault' in parsed) return null
  const { protocol, pushctl: theirs } = parsed.message
  if (theirs !== pushctl) return `has pushctl ${theirs}, and this is ${pushctl}`
  return protocol === CONTROL_VERSION
    ? null
    : `speaks version ${protocol} of the control protocol, and this is ${CONTROL_VERSION}`
}

export function parseUp(line: string): Parsed<UpMessage> {
  return parse(UP, line)
}

export function parseDown(line: string): Parsed<DownMessage> {
  return parse(DOWN, line)
}

function parse<Message>(
  schema: v.BaseSchema<unknown, Message, v.BaseIssue<unknown>>,
  line: string,
): Parsed<Message> {
  let value: unknown
  try {
    value = JSON.parse(line, printableTexts)
  } catch {
    return { fault: `expected a JSON line, got ${JSON.stringify(line.slice(0, 80))}` }
  }
  const checked = v.safeParse(schema, value, { abortEarly: true })
  if (checked.success) return { message: checked.output }
  const [issue] = checked.issues
  const where = v.getDotPath(issue) ?? 'the line'
  return { fault: `${where} must be ${issue.expected}, got ${issue.received.slice(0, 80)}` }
}
