/**
 * pushctl plan: from devices and their habits to nodes, memory, network, storms and Redis, with
 * every assumption and its source. Arithmetic only: it opens no socket and reads no host; what it
 * promises is worth as much as the reports that it is given.
 */
import { assumptionFrom } from '../capacity/assume-word.ts'
import { assumptionsWith } from '../capacity/assumption-table.ts'
import { planCapacity } from '../capacity/capacity-plan.ts'
import { evidenceOf, type MeasuredReport, measuredCosts } from '../capacity/measured-evidence.ts'
import type { PlanInput } from '../capacity/plan-input.ts'
import { sensitivityOf } from '../capacity/sensitivity.ts'
import { defineCommand } from '../config/command.ts'
import { EXIT } from '../errors/exit-codes.ts'
import { PushctlError } from '../errors/pushctl-error.ts'
import { nodeSettings } from './plan/node-settings.ts'
import { planHeadline, type PlanSection, planSections } from './plan/plan-sections.ts'
import { capacityText } from './plan/plan-text.ts'
import { PLAN_OPTIONS, type PlanOptions } from './plan-options.ts'

export const command = defineCommand({
  name: 'plan',
  summary: 'say how many nodes, of what size, a number of devices takes',
  description:
    'Arithmetic, not measurement: give it reports of bench (--from) to replace its assumptions.\n' +
    'docs/planning.md has the formulas and worked examples.',
  arguments: [],
  options: PLAN_OPTIONS,
  examples: [
    { line: 'pushctl plan --devices 25m --push-rate 6m/m', help: 'six million pushes a minute' },
    {
      line: 'pushctl plan --devices 400m --online 50 --sites 3 --survive site --from out',
      help: 'three sites of which one may be lost, with measured costs',
    },
    { line: 'pushctl plan --devices 1m --node-memory 8GiB --node-cores 2', help: 'small machines' },
  ],
  check: planFaults,
  async run({ options, result, note }) {
    const reports = await readReports(options)
    const overrides = [...measuredCosts(reports), ...options.assume.map(assumptionFrom)]
    const plan = planCapacity(inputFrom(options), assumptionsWith(overrides))
    const evidence = reports.map(evidenceOf)
    const sensitivity = sensitivityOf(plan)
    const settings = nodeSettings(plan)
    const document = { schema: 'pushctl.plan/1', ...plan, settings, sensitivity, evidence }
    const headline = planHeadline(plan)
    const sections = planSections(plan, settings, sensitivity, evidence)
    for (const path of await writePlan(options, document, headline, sections)) note(`wrote ${path}`)
    await result(document, capacityText(headline, sections))
    return EXIT.OK
  },
})

/** --html FILE, and --out DIR with plan.json and plan.html in it; what was written. */
async function writePlan(
  { html: page, out }: PlanOptions,
  document: object,
  headline: string,
  sections: readonly PlanSection[],
): Promise<string[]> {
  if (page === undefined && out === undefined) return []
  const [{ planPage }, { writeOutputFolder, writeResultFile }] = await Promise.all([
    import('./plan/plan-page.ts'),
    import('../report/output-folder.ts'),
  ])
  const text = planPage(headline, sections)
  const written: string[] = []
  if (page !== undefined) {
    await writeResultFile(page, text)
    written.push(page)
  }
  if (out === undefined) return written
  const files: [string, string][] = [
    ['plan.json', `${JSON.stringify(document, null, 2)}\n`],
    ['plan.html', text],
  ]
  return [...written, ...(await writeOutputFolder(out, files))]
}

function inputFrom(options: PlanOptions): PlanInput {
  const { devices } = options
  return {
    devices,
    onlineShare: options.onlinePercent / 100,
    heartbeatSeconds: options.heartbeatMs / 1000,
    pushesPerSecond: options.pushesPerSecond ?? devices / 3_600,
    peakFactor: options.peakFactor,
    messageBytes: options.messageBytes,
    broadcastShare: options.broadcastPercent / 100,
    broadcastSeconds: options.broadcastMs / 1000,
    qos: options.qos === '1' ? 1 : 0,
    storeSeconds: options.storeMs / 1000,
    reconnectSeconds: options.reconnectMs / 1000,
    sites: options.sites,
    spareNodes: options.spareNodes,
    survive: options.survive,
    node: {
      memoryBytes: options.nodeMemoryBytes,
      cores: options.nodeCores,
      nicBitsPerSecond: options.nodeBitsPerSecond,
      connectionsMax: options.nodeConnectionsMax,
    },
  }
}

function planFaults(options: PlanOptions): readonly PushctlError[] {
  const faults: PushctlError[] = []
  if (options.survive === 'site' && options.sites < 2) {
    const message = `--survive site needs at least 2 sites, got ${options.sites}`
    faults.push(new PushctlError('PUSHCTL_CONFIG', message, { tries: ['--sites 2'] }))
  }
  if (options.slo.length > 0 && options.from.length === 0) {
    faults.push(
      new PushctlError(
        'PUSHCTL_CONFIG',
        '--slo is held against reports: expected --from, got none',
        {
          why: 'arithmetic proves no latency',
          tries: ["pushctl bench --slo 'push_latency:p99<100ms' --out out   (then --from out)"],
        },
      ),
    )
  }
  for (const word of options.assume) {
    try {
      assumptionFrom(word)
    } catch (error) {
      if (!(error instanceof PushctlError)) throw error
      faults.push(error)
    }
  }
  return faults
}

/** The reports of --from, each held to the thresholds of --slo too. */
async function readReports(options: PlanOptions): Promise<MeasuredReport[]> {
  if (options.from.length === 0) return []
  const { readSavedRun } = await import('../report/result-folder.ts')
  const { evaluateThresholds, parseThresholds } = await import('../report/thresholds.ts')
  const slos = parseThresholds(options.slo)
  return Promise.all(
    options.from.map(async (source) => {
      const { report } = await readSavedRun(source)
      const thresholds = [...report.thresholds, ...evaluateThresholds(slos, report)]
      return { source, report: { ...report, thresholds } }
    }),
  )
}
