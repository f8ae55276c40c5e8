/**
 * A run as Prometheus text (exposition format 0.0.4), for a push gateway or the textfile collector.
 * Everything is a gauge or a summary of one finished run: scraped twice it is the same.
 */
import {
  type DistributionReport,
  type MetricReport,
  METRIC_NAMES,
  type RunReport,
  type Verdict,
} from '../stats/run-report.ts'

const QUANTILES = [
  ['0.5', 'p50'],
  ['0.75', 'p75'],
  ['0.9', 'p90'],
  ['0.95', 'p95'],
  ['0.99', 'p99'],
  ['0.999', 'p99_9'],
  ['0.9999', 'p99_99'],
  ['1', 'max'],
] as const satisfies readonly (readonly [string, keyof DistributionReport])[]
const VERDICTS: readonly Verdict[] = ['VALID', 'SUSPECT', 'INVALID']

type Labels = Readonly<Record<string, string>>
type Sample = readonly [suffix: string, labels: Labels, value: number]

export function prometheusText(report: RunReport): string {
  const { connections, messages, verdict, memory, thresholds } = report
  const run = { mode: report.mode }
  const gauge = (name: string, help: string, samples: readonly Sample[]) =>
    family(name, 'gauge', help, samples)
  return [
    gauge('verdict', 'Whether the numbers of the run count: 1 for the verdict it has.', [
      ...VERDICTS.map((value): Sample => ['', { ...run, value }, value === verdict.value ? 1 : 0]),
    ]),
    gauge('start_time_seconds', 'Unix time at which the run started.', [
      ['', run, Date.parse(report.started_at) / 1000],
    ]),
    gauge('duration_seconds', 'Measured time.', [['', run, report.duration_ms / 1000]]),
    gauge('connections', 'Connections, by what became of them.', countSamples(connections, run)),
    gauge('messages', 'Messages of the measured time.', countSamples(messages, run)),
    gauge('per_second', 'Rates: connecting, sending, receiving.', [
      ['', { ...run, what: 'connects' }, connections.connects_per_second],
      ['', { ...run, what: 'sent' }, messages.sent_per_second],
      ['', { ...run, what: 'received' }, messages.received_per_second],
    ]),
    gauge('memory_bytes_per_connection', 'Slope of memory over connections.', [
      ...known({ ...run, side: 'generator' }, memory.generator_bytes_per_connection),
      ...known({ ...run, side: 'target' }, memory.target_bytes_per_connection),
    ]),
    ...METRIC_NAMES.flatMap((name) => {
      const metric = report.metrics[name]
      return metric === undefined ? [] : [latencyFamily(name, metric, run)]
    }),
    gauge('threshold_held', '1: the threshold held; 0: it was crossed.', [
      ...thresholds.map(({ expression, held }): Sample => ['', { expression }, held ? 1 : 0]),
    ]),
  ].join('')
}

function latencyFamily(name: string, metric: MetricReport, run: Labels): string {
  const samples = (['response', 'service'] as const).flatMap((time): Sample[] => {
    const distribution = metric[time]
    if (distribution.count === 0) return []
    const labels = { ...run, time }
    return [
      ...QUANTILES.map(([quantile, key]): Sample => {
        return ['', { ...labels, quantile }, distribution[key] / 1e6]
      }),
      ['_sum', labels, (distribution.mean * distribution.count) / 1e6],
      ['_count', labels, distribution.count],
    ]
  })
  const help = 'response: from the intended time; service: from the write.'
  return family(`${name}_seconds`, 'summary', help, samples)
}

function countSamples(counts: Readonly<Record<string, unknown>>, run: Labels): Sample[] {
  return Object.entries(counts)
    .filter(([what, value]) => typeof value === 'number' && !what.endsWith('_per_second'))
    .map(([what, value]) => ['', { ...run, what }, value as number])
}

function known(labels: Labels, value: number | null): Sample[] {
  return value === null ? [] : [['', labels, value]]
}

/** Empty where there are no samples. */
function family(name: string, kind: string, help: string, samples: readonly Sample[]): string {
  if (samples.length === 0) return ''
  const full = `pushctl_bench_${name}`
  const lines = samples.map(
    ([suffix, labels, value]) => `${full}${suffix}{${labelText(labels)}} ${value}`,
  )
  return `# HELP ${full} ${help}\n# TYPE ${full} ${kind}\n${lines.join('\n')}\n`
}

function labelText(labels: Labels): string {
  return Object.entries(labels)
    .map(([name, value]) => `${name}="${escaped(value)}"`)
    .join(',')
}

function escaped(value: string): string {
  return value.replace(/\\/g, '\\\\').replace(/"/g, '\\"').replace(/\n/g, '\\n')
}
