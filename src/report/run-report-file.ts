/**
 * Reads a report.json back, for `report show`, `compare` and `merge`. A file comes from anybody, so
 * its shape is checked before the drawing code meets it. What a later pushctl adds is kept as it
 * is; what is missing is named with its path in the file.
 */
import * as v from 'valibot'
import { PushctlError } from '../errors/pushctl-error.ts'
import { METRIC_NAMES, type RunReport } from '../stats/run-report.ts'
import {
  badClients,
  cluster,
  estimate,
  generator,
  search,
  steering,
  targetSource,
} from './part-schemas.ts'

const number = v.number()
const unknownOr = v.nullable(number)

const distribution = v.looseObject({
  count: number,
  min: number,
  mean: number,
  p50: number,
  p75: number,
  p90: number,
  p95: number,
  p99: number,
  p99_9: number,
  p99_99: number,
  max: number,
  hdr: v.string(),
})

const gcSide = v.looseObject({
  known: v.boolean(),
  kinds: v.array(
    v.looseObject({
      kind: v.string(),
      pauses: distribution,
      longest: v.optional(
        v.array(v.looseObject({ at_ms: number, us: number, within_ms: v.optional(number) })),
      ),
    }),
  ),
  loop_lag: v.nullable(distribution),
  loop_lag_steady: v.optional(distribution),
})

const hostCounters = v.objectWithRest(
  {
    time_wait: unknownOr,
    retransmits: unknownOr,
    listen_overflows: unknownOr,
    softnet_drops: unknownOr,
    cpu_percent: unknownOr,
  },
  unknownOr,
)

const gauges = v.record(v.string(), unknownOr)

const hostFindings = v.looseObject({
  host: v.string(),
  role: v.picklist(['loadgen', 'server', 'both']),
  failure: v.nullable(v.string()),
  window_ms: number,
  readings: number,
  before: gauges,
  peaks: gauges,
  after: gauges,
  findings: v.array(
    v.looseObject({
      id: v.string(),
      subject: v.nullable(v.string()),
      title: v.string(),
      status: v.picklist(['critical', 'warn', 'unknown', 'info']),
      observed: v.string(),
      needed: v.string(),
      why: v.string(),
      fix_now: v.string(),
      fix_for_good: v.string(),
    }),
  ),
})

const hostMoment = v.looseObject({
  time_wait: unknownOr,
  retransmits: unknownOr,
  listen_overflows: unknownOr,
  softnet_drops: unknownOr,
  cpu_percent: unknownOr,
})

export const intervalSchema = v.looseObject({
  at_ms: number,
  span_ms: v.optional(number),
  connections: number,
  sent: number,
  received: number,
  p50: number,
  p99: number,
  max: number,
  latency: v.optional(v.string()),
  host: v.optional(hostMoment),
})

const points = v.optional(v.array(v.tuple([number, number])))

/** What a run has as a whole, and each stage of it. */
const outcome = {
  verdict: v.looseObject({
    value: v.picklist(['VALID', 'SUSPECT', 'INVALID']),
    reasons: v.array(v.string()),
  }),
  connections: v.looseObject({
    requested: number,
    attempted: number,
    established: number,
    failed: number,
    alive_at_end: number,
    connects_per_second: number,
    replaced: v.optional(
      v.looseObject({
        planned: number,
        done: number,
        late: number,
        away: number,
        undone: number,
      }),
    ),
    failures: v.array(
      v.looseObject({
        phase: v.string(),
        cause: v.string(),
        count: number,
        first_ms: number,
        sample: v.string(),
      }),
    ),
  }),
  messages: v.looseObject({
    planned: number,
    sent: number,
    late: number,
    unsent: number,
    expected: number,
    received: number,
    lost: number,
    duplicated: number,
    reordered: number,
    sent_per_second: number,
    received_per_second: number,
  }),
  metrics: v.partial(
    v.looseObject(
      v.entriesFromList(
        METRIC_NAMES,
        v.looseObject({ unit: v.literal('us'), response: distribution, service: distribution }),
      ),
    ),
  ),
  thresholds: v.array(
    v.looseObject({
      expression: v.string(),
      observed: unknownOr,
      limit: number,
      held: v.boolean(),
    }),
  ),
}

const stage = v.looseObject({
  ...outcome,
  at_ms: number,
  duration_ms: number,
  connections_wanted: number,
  rate_wanted: number,
  outcome: v.optional(v.picklist(['passed', 'failed', 'generator'])),
})

const SCHEMA = 'pushctl.bench/1'

const runReport = v.looseObject({
  schema: v.literal(SCHEMA),
  started_at: v.string(),
  duration_ms: number,
  interrupted: v.boolean(),
  partial: v.optional(v.boolean()),
  mode: v.string(),
  targets: v.array(v.string()),
  engine: v.string(),
  ...outcome,
  bad_clients: v.optional(badClients),
  gc: v.looseObject({ generator: gcSide, target: gcSide }),
  host: v.looseObject({
    before: hostCounters,
    after: hostCounters,
    delta: hostCounters,
    peaks: gauges,
  }),
  hosts: v.array(hostFindings),
  memory: v.looseObject({
    generator_bytes_per_connection: unknownOr,
    target_bytes_per_connection: unknownOr,
    generator_points: points,
    target_points: points,
    generator_bytes_per_hour: v.optional(estimate),
    target_bytes_per_hour: v.optional(estimate),
  }),
  target: v.optional(v.looseObject({ sources: v.array(targetSource) })),
  cluster: v.optional(cluster),
  generators: v.optional(v.array(generator)),
  stages: v.optional(v.array(stage)),
  search: v.optional(search),
  steered: v.optional(v.array(steering)),
  intervals: v.array(intervalSchema),
  environment: v.record(v.string(), v.nullable(v.union([v.string(), number, v.boolean()]))),
  plan: v.record(v.string(), v.unknown()),
})

/**
 * @param source what the text is called in messages, usually its path
 * @throws PushctlError PUSHCTL_FILE_UNREADABLE when it is no run report of this version.
 */
export function parseRunReport(text: string, source: string): RunReport {
  let parsed: unknown
  try {
    parsed = JSON.parse(text)
  } catch (error) {
    const isCut = text.trimStart().startsWith('{') && !text.trimEnd().endsWith('}')
    throw unreadable(source, isCut ? 'it ends in the middle: half-written' : 'it is no JSON', error)
  }
  const { schema } = Object(parsed) as { schema?: unknown }
  if (typeof schema === 'string' && schema !== SCHEMA) throw otherSchema(source, schema)
  const checked = v.safeParse(runReport, parsed, { abortEarly: true })
  if (checked.success) return checked.output as RunReport
  const [issue] = checked.issues
  const where = v.getDotPath(issue) ?? 'the document'
  throw unreadable(
    source,
    issue.received === 'undefined'
      ? `${where} is missing`
      : `${where} must be ${issue.expected}, got ${issue.received}`,
  )
}

function otherSchema(source: string, schema: string): PushctlError {
  const got = schema.slice(0, 60)
  const isOfBench = /^pushctl\.bench\/\d+$/.test(schema)
  return new PushctlError(
    'PUSHCTL_FILE_UNREADABLE',
    `expected a report.json of pushctl bench in "${source}": ` +
      `it is "${got}", and this pushctl reads "${SCHEMA}"`,
    isOfBench ? { tries: ['read it with the version of pushctl that wrote it'] } : {},
  )
}

export function unreadable(source: string, what: string, cause?: unknown): PushctlError {
  return new PushctlError(
    'PUSHCTL_FILE_UNREADABLE',
    `expected a report.json of pushctl bench in "${source}": ${what}`,
    { cause },
  )
}
