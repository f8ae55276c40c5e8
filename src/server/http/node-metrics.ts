/**
 * Draws the metric table as Prometheus text. prom-client does the format and the escaping; its own
 * counters are not used, because the node counts already and a second copy could disagree.
 */
import { type Metric as PromMetric, Registry } from 'prom-client'
import type { NodeControl } from '../node-control.ts'
import { countErrors } from './error-sources.ts'
import type { MetricSource, Sample } from './metric-shapes.ts'
import { METRICS } from './metric-table.ts'
import type { RequestMeter } from './request-meter.ts'

export class NodeMetrics {
  readonly #control: NodeControl
  readonly #meter: RequestMeter
  readonly #registry = new Registry()
  #samples = new Map<string, readonly Sample[]>()

  constructor(control: NodeControl, meter: RequestMeter) {
    this.#control = control
    this.#meter = meter
    for (const { name, type, help } of METRICS) {
      // The registry asks a metric for its name and get(), nothing else.
      const metric = { name, get: async () => ({ name, type, help, values: this.#values(name) }) }
      this.#registry.registerMetric(metric as unknown as PromMetric)
    }
  }

  get contentType(): string {
    return this.#registry.contentType
  }

  async render(): Promise<string> {
    const source = await readMetricSource(this.#control, this.#meter)
    this.#samples = new Map(METRICS.map(({ name, read }) => [name, read(source)]))
    return this.#registry.metrics()
  }

  #values(name: string): object[] {
    const samples = this.#samples.get(name) ?? []
    return samples.map(({ labels, value, suffix }) => ({
      labels,
      value,
      ...(suffix === undefined ? {} : { metricName: `${name}${suffix}` }),
    }))
  }
}

/** The node as a whole with its API: what /metrics and GET /v1/node tell of. */
export async function readMetricSource(
  control: NodeControl,
  meter: RequestMeter,
): Promise<MetricSource> {
  const node = await control.describe()
  const api = meter.report()
  const { shardsLost, shardQuestionsUnanswered } = node.health
  const errors = countErrors(node.counters.closes, api, shardsLost + shardQuestionsUnanswered)
  return { node, readiness: control.readiness(), api, errors }
}
