/**
 * Draws the metric table as Prometheus text. prom-client does the format and the escaping; its own
 * counters are not used, because the node counts already and a second copy could disagree.
 */
import { type Metric as PromMetric, Registry } from 'prom-client'
import type { NodeControl } from '../node-control.ts'
import { METRICS, type Sample } from './metric-table.ts'

export class NodeMetrics {
  readonly #control: NodeControl
  readonly #registry = new Registry()
  #samples = new Map<string, readonly Sample[]>()

  constructor(control: NodeControl) {
    this.#control = control
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
    const node = await this.#control.describe()
    const readiness = this.#control.readiness()
    this.#samples = new Map(METRICS.map(({ name, read }) => [name, read(node, readiness)]))
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
