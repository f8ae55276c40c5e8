/** The rounds of generator.js as a Markdown section and as text: medians, and ratios by round. */
import { markdownTable, spread, spreadText, textTable } from './tables.js'
import { WORKS } from './work/generate.js'

/** Below this share of the rate that was asked for, the generator or the target was full. */
const RATE_HELD_MIN = 0.97
const NAMES = ['pushctl', 'c', 'cTicks']

const thousands = (value) => `${(value / 1000).toFixed(1)} k`
const times = (value) => `${value.toFixed(2)} ×`
const two = (value) => value.toFixed(2)

function figure(rounds, work, name, id) {
  return spread(rounds.map((round) => round[work]?.[name]?.[id]))
}

function worksOf(rounds) {
  return Object.keys(WORKS).filter((work) => rounds.some((round) => round[work]))
}

/** Rows of cells; the first is the head. */
function ratioRows({ rounds, isQuick }) {
  const heads = [
    ...['pushctl', 'C, at once', 'C, once a ms'],
    ...['ratio to C at once', 'target', 'held', 'to C once a ms'],
  ]
  const rows = [['per CPU-second of the generator', ...heads]]
  for (const work of worksOf(rounds)) {
    const { title, limit } = WORKS[work]
    const ratioTo = (name) =>
      spread(rounds.map((round) => round[work]?.pushctl?.perCpuS / round[work]?.[name]?.perCpuS))
    const ratio = ratioTo('c')
    rows.push([
      title,
      ...NAMES.map((name) => spreadText(figure(rounds, work, name, 'perCpuS'), thousands)),
      spreadText(ratio, times),
      `≥ ${limit} ×`,
      isQuick || !ratio ? '–' : ratio.median >= limit ? 'yes' : 'no',
      spreadText(ratioTo('cTicks'), times),
    ])
  }
  return rows
}

function costRows({ rounds }) {
  const columns = ['pushctl', 'C, at once', 'C, once a ms'].flatMap((name) => [
    `${name}: user`,
    'system',
  ])
  const rows = [['CPU for one message, µs', ...columns, 'rate a second']]
  for (const work of worksOf(rounds)) {
    const cells = NAMES.flatMap((name) =>
      ['userUs', 'systemUs'].map((id) => spreadText(figure(rounds, work, name, id), two)),
    )
    const rate = figure(rounds, work, 'pushctl', 'perS')
    rows.push([WORKS[work].title, ...cells, rate ? thousands(rate.median) : '–'])
  }
  return rows
}

function notes({ rounds, failures, isQuick }) {
  const lines = failures.map((failure) => `not run: ${failure}`)
  for (const work of worksOf(rounds)) {
    const { title, rate, sourceRate = 0 } = WORKS[work]
    for (const name of NAMES) {
      const perS = figure(rounds, work, name, 'perS')
      if (!perS || perS.median >= (sourceRate || rate) * RATE_HELD_MIN) continue
      lines.push(
        `${title}, ${name}: only ${thousands(perS.median)} of ${thousands(sourceRate || rate)} a ` +
          'second came through, so work was done in larger batches',
      )
    }
  }
  if (isQuick) lines.push('quick: one short round, so these figures mean nothing')
  return lines
}

export function renderMarkdown(run) {
  const { host, startedAt, command, rounds, sizes } = run
  const parts = [
    `Measured ${startedAt.slice(0, 10)} on ${host.cpu}, ${host.memoryGiB} GiB, Linux ${host.kernel}, ` +
      `Node ${host.node}. Generator on core 1, all its threads and processes counted, target on core ` +
      `0; ${sizes.connections} connections, ${sizes.measureS} s each, ${rounds.length} interleaved ` +
      'rounds: median (lowest–highest), ratios within a round. Latency is recorded by all. *C, at ' +
      'once* looks at a socket as soon as it is ready, as pushctl does up to a tenth of a ' +
      'millisecond; *C, once a ms* does it in ticks, which saves wake-ups and makes latencies up to ' +
      'a millisecond wrong. How to hold tcpkali against it: [benchmarks.md](benchmarks.md#tcpkali).',
    `\`\`\`\n${command}\n\`\`\``,
    markdownTable(ratioRows(run)),
    markdownTable(costRows(run)),
  ]
  const remarks = notes(run)
  if (remarks.length > 0) parts.push(remarks.map((line) => `- **${line}**`).join('\n'))
  return parts.join('\n\n')
}

export function renderText(run) {
  const parts = [textTable(ratioRows(run)), textTable(costRows(run)), notes(run).join('\n')]
  return `${parts.filter(Boolean).join('\n\n')}\n`
}
