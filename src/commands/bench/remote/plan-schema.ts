/** The plan of another host, as far as it is drawn and summed; what else it has is kept. */
import * as v from 'valibot'
import { printableTexts } from '../../../config/printable.ts'
import type { RunPlan } from '../../../loadgen/plan/run-plan.ts'
import { LIFETIMES } from '../../../loadgen/turnover.ts'
import { WORKLOAD_MODES } from '../../../loadgen/workload.ts'

const number = v.number()
const unknownOr = v.nullable(number)

const limit = v.object({
  name: v.string(),
  unit: v.picklist(['count', 'bytes']),
  need: number,
  have: unknownOr,
  source: v.string(),
})

const schedule = v.looseObject({
  connectsPerSecond: number,
  connectSeconds: number,
  messagesPerSecond: number,
  messageBytes: number,
  unicastCount: unknownOr,
  broadcastCount: unknownOr,
  churn: v.nullable(v.object({ perSecond: number, lifetime: v.picklist(LIFETIMES) })),
  heartbeatSeconds: number,
  warmupSeconds: number,
  steadySeconds: number,
  arrivals: v.string(),
})

const plan = v.looseObject({
  headline: v.string(),
  mode: v.picklist(WORKLOAD_MODES),
  connections: number,
  targets: v.array(
    v.object({ url: v.string(), address: v.string(), port: number, connections: number }),
  ),
  engine: v.picklist(['epoll', 'node']),
  shards: v.object({
    kind: v.picklist(['thread', 'process']),
    count: number,
    connections: v.pipe(v.array(number), v.minLength(1)),
    lanes: number,
    reason: v.string(),
  }),
  descriptors: v.object({ perProcess: unknownOr, reserved: number, needed: number }),
  ports: v.object({
    first: number,
    last: number,
    usablePerSource: number,
    sources: v.array(v.string()),
    neededPerSource: number,
    inTimeWait: number,
  }),
  memory: v.object({
    processBytes: number,
    kernelBytes: number,
    kernelBytesPerConnection: number,
    kernelBasis: v.picklist(['slabinfo', 'protocols', 'constants']),
    availableBytes: number,
  }),
  limits: v.array(limit),
  warnings: v.array(v.string()),
  schedule,
  seed: number,
})

/** null for a text that is no plan. */
export function planFromText(text: string): RunPlan | null {
  let value: unknown
  try {
    value = JSON.parse(text, printableTexts)
  } catch {
    return null
  }
  const checked = v.safeParse(plan, value)
  return checked.success ? (checked.output as unknown as RunPlan) : null
}
