/** What reporting.js found, as a Markdown section and as text: medians, and ratios by round. */
import { markdownTable, spread, spreadText, textTable } from './tables.js'
import { VARIANTS } from './work/reporting.js'

const RATIO_MIN = 0.95
const PAGE_BYTES_MAX = 3_000_000
const DRAWN_MS_MAX = 1_000
const FIND_S_MAX = 300

const thousands = (value) => `${(value / 1000).toFixed(1)} k`
const times = (value) => `${value.toFixed(3)} ×`
const seconds = (value) => value.toFixed(2)
const whole = (value) => Math.round(value).toLocaleString('en-US')

function figure(rounds, name, id) {
  return spread(rounds.map((round) => round[name]?.[id]))
}

function verdictOf(isQuick, value, holds) {
  return isQuick || value === null ? '–' : holds ? 'yes' : 'no'
}

/** Rows of cells; the first is the head. */
function loadRows({ rounds, isQuick }) {
  const rows = [
    [
      ...['reporting', 'echoes per CPU-second of the generator', 'ratio to none', 'target', 'held'],
      'CPU of the whole run, s',
    ],
  ]
  for (const [name, { title }] of Object.entries(VARIANTS)) {
    const ratio = spread(rounds.map((round) => round[name]?.perCpuS / round.off?.perCpuS))
    const isBase = name === 'off'
    rows.push([
      title,
      spreadText(figure(rounds, name, 'perCpuS'), thousands),
      isBase ? '–' : spreadText(ratio, times),
      isBase ? '–' : `≥ ${RATIO_MIN} ×`,
      isBase ? '–' : verdictOf(isQuick, ratio, ratio?.median >= RATIO_MIN),
      spreadText(figure(rounds, name, 'wholeCpuS'), seconds),
    ])
  }
  return rows
}

function pageRows({ page, isQuick }) {
  const drawn = spread(page.drawnMs)
  const held = (holds) => verdictOf(isQuick, drawn, holds)
  return [
    ['report.html of 24 hours', 'measured', 'target', 'held'],
    ['bytes', whole(page.bytes), `< ${whole(PAGE_BYTES_MAX)}`, held(page.bytes < PAGE_BYTES_MAX)],
    [
      'all plots drawn in Chromium, ms',
      spreadText(drawn, whole),
      `< ${whole(DRAWN_MS_MAX)}`,
      held(drawn.median < DRAWN_MS_MAX),
    ],
    ['from navigation to the load event, ms', spreadText(spread(page.loadedMs), whole), '–', '–'],
    ['made from report.json by pushctl, ms', whole(page.writtenMs), '–', '–'],
  ]
}

function findRows({ find, isQuick }) {
  const { tookS, steps, passed, failed, limit, confirmed } = find
  const answer = passed === null ? 'nothing held' : `${whole(passed)}/s`
  const above = failed === null ? '' : `, ${whole(failed)}/s did not hold`
  return [
    ['--find rate on a node of its own', 'measured', 'target', 'held'],
    ['seconds', whole(tookS), `< ${FIND_S_MAX}`, verdictOf(isQuick, tookS, tookS < FIND_S_MAX)],
    ['steps', String(steps), '–', '–'],
    ['answer', `${answer}${above}; limit: ${limit}${confirmed ? '' : ', not confirmed'}`, '–', '–'],
  ]
}

function tablesOf(run) {
  return [
    ...(run.rounds.length > 0 ? [loadRows(run)] : []),
    ...(run.page ? [pageRows(run)] : []),
    ...(run.find ? [findRows(run)] : []),
  ]
}

function notes({ failures, isQuick }) {
  const lines = failures.map((failure) => `not run: ${failure}`)
  if (isQuick) lines.push('quick: one short round, so these figures mean nothing')
  return lines
}

export function renderMarkdown(run) {
  const { host, startedAt, command, rounds, sizes, find } = run
  const parts = [
    `Measured ${startedAt.slice(0, 10)} on ${host.cpu}, ${host.memoryGiB} GiB, Linux ` +
      `${host.kernel}, Node ${host.node}. Generator on core 1, all its threads and processes ` +
      `counted, target on core 0; 70,000 echoes of 64 B a second over ${sizes.connections} ` +
      `connections, ${sizes.measureS} s each, ${rounds.length} interleaved rounds: median ` +
      '(lowest–highest), ratios within a round. Latency is recorded by all. The CPU of the whole ' +
      'run has its end in it, where the files are written.',
    `\`\`\`\n${command}\n\`\`\``,
    ...tablesOf(run).map(markdownTable),
  ]
  if (find) parts.push(`The search was \`${find.command}\`.`)
  const remarks = notes(run)
  if (remarks.length > 0) parts.push(remarks.map((line) => `- **${line}**`).join('\n'))
  return parts.join('\n\n')
}

export function renderText(run) {
  const parts = [...tablesOf(run).map(textTable), notes(run).join('\n')]
  return `${parts.filter(Boolean).join('\n\n')}\n`
}
