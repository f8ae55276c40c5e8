/** The parts of a report.json that only some runs have, as they are checked when it is read. */
import * as v from 'valibot'

const number = v.number()
const unknownOr = v.nullable(number)

export const estimate = v.looseObject({ value: number, error: number })

export const search = v.looseObject({
  of: v.picklist(['connections', 'rate']),
  passed: unknownOr,
  failed: unknownOr,
  limit: v.picklist(['target', 'generator', 'bound']),
  confirmed: v.boolean(),
})

export const targetSource = v.looseObject({
  name: v.string(),
  runtime: v.nullable(v.string()),
  readings: number,
  failed: number,
  failure: v.nullable(v.string()),
  memory_of: v.picklist(['resident', 'heap']),
  memory_bytes: v.nullable(v.looseObject({ first: number, highest: number, last: number })),
  cpu_percent: v.nullable(v.looseObject({ idle: unknownOr, mean: number, highest: number })),
  bytes_per_connection: v.nullable(estimate),
  cpu_us_per_message: v.nullable(estimate),
  cpu_us_per_connect: v.nullable(estimate),
  cpu_us_per_connection_second: v.nullable(estimate),
  bytes_per_hour: v.nullable(estimate),
  points: v.array(v.tuple([number, number, unknownOr, unknownOr])),
})

export const steering = v.looseObject({
  at_ms: number,
  what: v.picklist(['hold', 'release', 'rate', 'stage', 'stop']),
  rate_wanted: v.optional(number),
  of: v.optional(v.string()),
})

export const generator = v.looseObject({
  host: v.string(),
  hostname: v.nullable(v.string()),
  failure: v.nullable(v.string()),
  sends_broadcasts: v.boolean(),
  connections: v.looseObject({ requested: number, established: number, alive_at_end: number }),
  sent: number,
  received: number,
  lost: number,
  p99_us: unknownOr,
  verdict: v.nullable(v.picklist(['VALID', 'SUSPECT', 'INVALID'])),
  clock_error_us: unknownOr,
  latencies_refused: number,
})

export const badClients = v.looseObject({
  pushed: number,
  ended_by_node: v.optional(v.record(v.string(), number)),
  kinds: v.array(
    v.looseObject({
      kind: v.picklist(['slow-reader', 'never-reader', 'dropper', 'half-open']),
      wanted: number,
      connected: number,
      failed: number,
      cut: number,
      alive_at_end: number,
      received: number,
      dropped: v.optional(number),
      came_back: v.optional(number),
      ends: v.array(
        v.looseObject({
          cause: v.string(),
          count: number,
          after_ms: v.looseObject({ min: number, p50: number, max: number, hdr: v.string() }),
        }),
      ),
    }),
  ),
})

const timedCounts = v.optional(v.array(v.tuple([number, number])))

export const cluster = v.looseObject({
  nodes: v.array(
    v.looseObject({
      node: v.string(),
      site: v.string(),
      devices_at_start: number,
      devices_at_end: number,
      welcomed: number,
      lost: number,
      moved: number,
      failed: number,
      over_time: timedCounts,
    }),
  ),
  devices_affected: number,
  devices_away_at_end: number,
  moves: number,
  moves_per_second: number,
  moves_per_second_max: number,
  moves_over_time: timedCounts,
  scenario: v.optional(v.string()),
  events: v.optional(
    v.array(
      v.looseObject({ at_ms: number, what: v.string(), node: v.string(), failure: v.string() }),
    ),
  ),
})
