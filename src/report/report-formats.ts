/** What `report show --format` can print, in one table. */
import { PushctlError } from '../errors/pushctl-error.ts'
import type { DistributionReport, RunReport } from '../stats/run-report.ts'
import { hgrmText } from './hgrm.ts'
import { intervalCsv } from './interval-csv.ts'
import { jsonReport } from './json-report.ts'
import { junitXml } from './junit.ts'
import { prometheusText } from './prometheus-text.ts'
import type { ReportFormat } from './report-format-names.ts'
import type { SavedRun } from './result-folder.ts'
import { type TextReportOptions, textReport } from './text-report.ts'

export interface FormatOptions extends TextReportOptions {
  /** Of hgrm: `push_latency.service`; undefined: the messages' response time. */
  readonly metric: string | undefined
}

type Render = (saved: SavedRun, options: FormatOptions) => string | Promise<string>

const RENDERERS: Readonly<Record<ReportFormat, Render>> = {
  text: ({ report }, options) => textReport(report, options),
  json: ({ report }) => jsonReport(report),
  csv: ({ report }) => intervalCsv(report),
  hgrm: ({ report }, { metric }) => hgrmText(distributionNamed(report, metric)),
  hlog: ({ hlog }) => hlog ?? noIntervalHistograms(),
  junit: ({ report }) => junitXml(report),
  prometheus: ({ report }) => prometheusText(report),
  html: async ({ report }) => {
    const { htmlReport } = await import('./html/html-report.ts')
    const { pageAssets } = await import('./html/page-assets.ts')
    return htmlReport(report, pageAssets())
  },
}

/** @throws PushctlError PUSHCTL_CONFIG where the run does not have what the format shows */
export async function formatRun(
  format: ReportFormat,
  saved: SavedRun,
  options: FormatOptions,
): Promise<string> {
  return RENDERERS[format](saved, options)
}

/** What a run is most likely about, first. */
const LIKELY_METRICS = ['push_latency', 'echo_latency', 'broadcast_all'] as const

function distributionNamed(report: RunReport, name: string | undefined): DistributionReport {
  const known = new Map(
    Object.entries(report.metrics).flatMap(([metric, { response, service }]) => [
      [`${metric}.response`, response],
      [`${metric}.service`, service],
    ]),
  )
  const measured = [...known].filter(([, { count }]) => count > 0)
  const wanted =
    name === undefined
      ? (LIKELY_METRICS.find((likely) => report.metrics[likely] !== undefined) ??
        Object.keys(report.metrics)[0])
      : name
  const found = measured.find(([each]) => each === wanted || each === `${wanted}.response`)
  if (found !== undefined) return found[1]
  throw new PushctlError(
    'PUSHCTL_CONFIG',
    name === undefined
      ? 'the run measured no latency, so there is no percentile file of it'
      : `--metric must name what the run measured, got "${name.slice(0, 60)}"`,
    { tries: measured.map(([each]) => `--metric ${each}`).slice(0, 4) },
  )
}

function noIntervalHistograms(): never {
  throw new PushctlError(
    'PUSHCTL_CONFIG',
    '--format hlog needs the folder that --out wrote: report.json has no histogram per interval',
    { tries: ['pushctl report show DIR --format hlog'] },
  )
}
