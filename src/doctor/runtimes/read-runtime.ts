/** Which runtimes a page of metrics speaks of: a page may hold several, a proxy's often does. */
import { type Fact, pickFact } from '../fact.ts'
import type { Facts } from '../facts.ts'
import { readGoMetrics } from './go-metrics.ts'
import { readJvmMetrics } from './jvm-metrics.ts'
import { readNodeMetrics } from './node-metrics.ts'
import { readPushctlMetrics } from './pushctl-metrics.ts'
import type { MetricPair, RuntimeReading } from './runtime-reading.ts'

const RUNTIMES = [readPushctlMetrics, readNodeMetrics, readJvmMetrics, readGoMetrics] as const

export interface MetricsPage {
  readonly url: string
  readonly runtimes: Fact<readonly RuntimeReading[]>
}

/** Empty where no runtime is known by the names of the page. */
export function readRuntimes(pair: MetricPair): RuntimeReading[] {
  return RUNTIMES.flatMap((read) => read(pair) ?? [])
}

export function metricsPages(facts: Facts): MetricsPage[] {
  return Object.entries(facts.after.metrics).map(([url, page]) => ({
    url,
    runtimes: pickFact(
      page,
      (after) => {
        const earlier = facts.before.metrics[url]
        const before = facts.sampling === 'window' && earlier?.known ? earlier.value : null
        const pair = { before, after, windowMs: facts.windowMs }
        const readings = readRuntimes(pair)
        return readings.length > 0 ? readings : null
      },
      'has no metric of Node, a JVM, Go or pushctl',
    ),
  }))
}
