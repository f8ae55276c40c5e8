/**
 * pushctl report: what bench left behind, shown in any format, drawn as a page, compared with
 * another run, or merged with the runs of other generators. A FILE may always be the folder that
 * --out wrote, also one of a run that was killed.
 */
import { basename, dirname, join } from 'node:path'
import { type CommandContext, defineCommand } from '../config/command.ts'
import { nearestName } from '../config/nearest.ts'
import { EXIT } from '../errors/exit-codes.ts'
import { PushctlError } from '../errors/pushctl-error.ts'
import { REPORT_OPTIONS, type ReportOptions } from './report-options.ts'

type Context = CommandContext<ReportOptions>

interface Action {
  readonly filesMin: number
  readonly filesMax: number
  /** Keys of the options that mean something for it. */
  readonly options: readonly (keyof ReportOptions)[]
  run(context: Context, files: readonly string[]): Promise<number>
}

const ACTIONS: Readonly<Record<string, Action>> = {
  show: { filesMin: 1, filesMax: 1, options: ['format', 'metric'], run: show },
  html: { filesMin: 1, filesMax: 1_000, options: ['out'], run: drawPages },
  compare: { filesMin: 2, filesMax: 2, options: ['anyway', 'failIfWorsePercent'], run: compare },
  baseline: { filesMin: 2, filesMax: 2, options: [], run: keep },
  merge: { filesMin: 2, filesMax: 1_000, options: ['out'], run: merge },
}

export const command = defineCommand({
  name: 'report',
  summary: 'show, draw, compare or merge reports of bench',
  description:
    'FILE is a report.json, the folder of bench --out, or @NAME as kept by baseline.\n' +
    'A run that was killed has a report too: of what it had measured by then.',
  arguments: [
    { name: 'ACTION', help: 'show, html, compare, merge or baseline', required: true },
    {
      name: 'FILE',
      help: 'report.json, a folder with one, or @NAME',
      required: true,
      repeatable: true,
    },
  ],
  options: REPORT_OPTIONS,
  examples: [
    { line: 'pushctl report show out', help: 'the report as bench printed it' },
    { line: 'pushctl report show out --format junit', help: 'thresholds as tests, for a CI' },
    { line: 'pushctl report html out', help: 'out/report.html: one file, for any browser' },
    { line: 'pushctl report compare before after --fail-if-worse 5', help: 'a gate for a change' },
    { line: 'pushctl report baseline main out', help: 'from now on @main is this run' },
    { line: 'pushctl report merge host-1 host-2 --out all.json', help: 'generators of one load' },
  ],
  check: faultsOf,
  async run(context) {
    const [name = '', ...files] = context.positional
    return ACTIONS[name].run(context, files)
  },
})

function faultsOf(options: ReportOptions, [name = '', ...files]: readonly string[]) {
  const fault = (message: string, ...tries: string[]): PushctlError =>
    new PushctlError('PUSHCTL_CONFIG', message, { tries })
  const names = Object.keys(ACTIONS)
  if (!names.includes(name)) {
    const nearest = nearestName(name, names) ?? 'show'
    const got = name.slice(0, 60)
    return [
      fault(`ACTION must be ${names.join(', ')}, got "${got}"`, `pushctl report ${nearest} FILE`),
    ]
  }
  const { filesMin, filesMax, options: taken } = ACTIONS[name]
  const faults: PushctlError[] = []
  if (files.length < filesMin || files.length > filesMax) {
    const wanted = filesMin === filesMax ? `${filesMin}` : `at least ${filesMin}`
    const plural = filesMin === 1 ? 'FILE' : 'FILEs'
    faults.push(fault(`report ${name} needs ${wanted} ${plural}, got ${files.length}`))
  }
  for (const [key, row] of Object.entries(REPORT_OPTIONS)) {
    const isSet = 'default' in row ? options[key as keyof ReportOptions] !== row.default : false
    const isGiven =
      isSet || (!('default' in row) && options[key as keyof ReportOptions] !== undefined)
    if (isGiven && !taken.includes(key as keyof ReportOptions)) {
      faults.push(fault(`--${row.flag} means nothing for report ${name}`))
    }
  }
  if (options.metric !== undefined && options.format !== 'hgrm') {
    faults.push(fault('--metric goes with --format hgrm'))
  }
  if (options.out !== undefined && name === 'html' && files.length > 1) {
    faults.push(fault('--out names one page, so it goes with one FILE'))
  }
  return faults
}

async function show({ options, cwd, terminal, result }: Context, [file]: readonly string[]) {
  const { readRun } = await import('./report/baselines.ts')
  const { formatRun } = await import('../report/report-formats.ts')
  const saved = await readRun(cwd, file)
  const { columns, color, stdoutIsTty } = terminal
  const style = stdoutIsTty ? { width: columns, color } : { width: 100, color: false }
  const text = await formatRun(options.format, saved, { ...style, metric: options.metric })
  await result(saved.report, text.replace(/\r?\n$/, ''))
  return EXIT.OK
}

async function drawPages({ options, note, result }: Context, files: readonly string[]) {
  const { readSavedRun, REPORT_FILE } = await import('../report/result-folder.ts')
  const { htmlReport } = await import('../report/html/html-report.ts')
  const { pageAssets } = await import('../report/html/page-assets.ts')
  const { writeResultFile } = await import('../report/output-folder.ts')
  const { stat } = await import('node:fs/promises')
  const pages: string[] = []
  for (const file of files) {
    const { report } = await readSavedRun(file)
    const isFolder = (await stat(file)).isDirectory()
    const beside = isFolder
      ? join(file, 'report.html')
      : join(dirname(file), pageName(basename(file), REPORT_FILE))
    const page = options.out ?? beside
    await writeResultFile(page, htmlReport(report, pageAssets()))
    note(`wrote ${page}`)
    pages.push(page)
  }
  await result({ schema: 'pushctl.report-html/1', pages }, pages.join('\n'))
  return EXIT.OK
}

/** `report.json` → report.html, `before.json` → before.html. */
function pageName(file: string, reportFile: string): string {
  return file === reportFile ? 'report.html' : `${file.replace(/\.json$/, '')}.html`
}

async function compare({ options, cwd, terminal, result }: Context, [a, b]: readonly string[]) {
  const { readRun } = await import('./report/baselines.ts')
  const { compareReports, worseNumbers } = await import('../report/report-comparison.ts')
  const { comparisonText } = await import('../report/comparison-text.ts')
  const [left, right] = [await readRun(cwd, a), await readRun(cwd, b)]
  const comparison = compareReports(left.report, right.report)
  const crucial = comparison.differences.filter(({ matters }) => matters)
  if (crucial.length > 0 && !options.anyway) {
    const { clipText, plainText } = await import('../report/table.ts')
    const told = crucial.map(({ name, a: was, b: now }) => {
      return `${name} ${clipText(plainText(was), 40)} and ${clipText(plainText(now), 40)}`
    })
    throw new PushctlError('PUSHCTL_CONFIG', `${a} and ${b} are runs of another plan or host`, {
      why: `they differ in ${told.join('; ')}`,
      tries: [`pushctl report compare ${a} ${b} --anyway`],
    })
  }
  const limit = options.failIfWorsePercent
  const worse = limit === undefined ? [] : worseNumbers(comparison, limit)
  const color = terminal.color && terminal.stdoutIsTty
  const text = comparisonText(comparison, { a, b, color })
  const failed = worse.map(({ name }) => name)
  const sentence =
    limit === undefined
      ? ''
      : failed.length === 0
        ? `\n\nnothing is worse by ${limit} % or more, beyond noise`
        : `\n\nworse by ${limit} % or more, beyond noise: ${failed.join(', ')}`
  await result({ ...comparison, worse: failed }, text + sentence)
  return worse.length > 0 ? EXIT.THRESHOLD : EXIT.OK
}

async function keep({ cwd, note, result }: Context, [name, file]: readonly string[]) {
  const { isBaselineName, keepBaseline, nameRule } = await import('./report/baselines.ts')
  if (!isBaselineName(name)) throw new PushctlError('PUSHCTL_CONFIG', nameRule(name))
  const path = await keepBaseline(cwd, name, file)
  note(`kept as @${name}: ${path}`)
  await result({ schema: 'pushctl.report-baseline/1', name, path }, path)
  return EXIT.OK
}

async function merge({ options, terminal, note, result }: Context, files: readonly string[]) {
  const { readSavedRun } = await import('../report/result-folder.ts')
  const { mergeReports } = await import('../report/report-merge.ts')
  const { jsonReport } = await import('../report/json-report.ts')
  const { textReport } = await import('../report/text-report.ts')
  const named = []
  for (const name of files) named.push({ name, report: (await readSavedRun(name)).report })
  const { report, leftOut } = mergeReports(named)
  for (const line of leftOut) note(`left out: ${line}`)
  if (options.out !== undefined) {
    const { writeResultFile } = await import('../report/output-folder.ts')
    await writeResultFile(options.out, jsonReport(report))
    note(`wrote ${options.out}`)
  }
  const { columns: width, color, stdoutIsTty } = terminal
  const style = stdoutIsTty ? { width, color } : { width: 100, color: false }
  await result(report, textReport(report, style).trimEnd())
  return EXIT.OK
}
