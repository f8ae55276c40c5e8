/**
 * The summary as a Markdown section (docs/measurements.md) and as plain text for the terminal:
 * the same rows, so that no figure exists in one and not in the other.
 */
import { METRICS, whole } from './metrics.js'
import { SERVERS } from './servers.js'
import { CLIENT_BUSY_MAX } from './summary.js'

const titleOf = (name) => SERVERS[name].title
const metricOf = (id) => METRICS.find((metric) => metric.id === id)

function spreadText(value, show) {
  if (!value) return '–'
  if (value.count === 1) return show(value.median)
  return `${show(value.median)} (${show(value.min)}–${show(value.max)})`
}

/** Rows of text cells; the first is the head. */
function ratioRows(ratios) {
  const rows = [['what', 'of', 'measured', 'target', 'held']]
  for (const ratio of ratios) {
    if (!ratio.value) continue
    const metric = metricOf(ratio.metric)
    const show = ratio.over ? (value) => `${value.toFixed(2)} ×` : metric.show
    rows.push([
      metric.title,
      ratio.over ? `${titleOf(ratio.of)} : ${titleOf(ratio.over)}` : titleOf(ratio.of),
      spreadText(ratio.value, show),
      ratio.limit === undefined ? '–' : `${ratio.isLess ? '≤' : '≥'} ${show(ratio.limit)}`,
      ratio.isHeld === null ? '–' : ratio.isHeld ? 'yes' : 'no',
    ])
  }
  return rows
}

function figureRows(figures, names) {
  const rows = [['', ...names.map(titleOf)]]
  for (const { metric, byServer } of figures) {
    rows.push([metric.title, ...names.map((name) => spreadText(byServer[name], metric.show))])
  }
  return rows
}

function markdownTable(rows) {
  const line = (cells) => `| ${cells.join(' | ')} |`
  const rule = `|${rows[0].map(() => '---').join('|')}|`
  return [line(rows[0]), rule, ...rows.slice(1).map(line)].join('\n')
}

function textTable(rows) {
  const widths = rows[0].map((_, i) => Math.max(...rows.map((cells) => cells[i].length)))
  return rows
    .map((cells) =>
      cells
        .map((cell, i) => cell.padEnd(widths[i]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}

function notes({ summary, failures, isQuick }) {
  const lines = failures.map(({ server, work, round, reason }) => {
    const where = work ? `${work}, round ${round}` : 'all work'
    return `${titleOf(server)} not run (${where}): ${reason}`
  })
  for (const { server, work, busy } of summary.busy) {
    lines.push(
      `${titleOf(server)}, ${work}: the load client was ${Math.round(busy * 100)} % busy (over ` +
        `${CLIENT_BUSY_MAX * 100} %), so the rate per second is the client's; CPU figures hold`,
    )
  }
  for (const { server, work, share } of summary.foreign) {
    lines.push(
      `${titleOf(server)}, ${work}: ${Math.round(share * 100)} % of the server's core went to other ` +
        'processes or to the host: run it again on a quiet machine',
    )
  }
  if (isQuick) lines.push('quick: the counts are small, so these figures mean nothing')
  return lines
}

function conditions({ works, sizes }) {
  const { idle, broadcast, echo, connect } = sizes
  const lines = {
    idle: () =>
      `Idle: RSS at ${whole(idle.high)} connections less RSS at ${whole(idle.low)}, over the ` +
      'difference, HELLO answered on all; after a forced collection where the server can be asked ' +
      'for one (pushctl is waited for instead, 10 s), and once RSS stood still. GC: longest pause, ' +
      `forced ones left out, until then and over ${idle.broadcasts} more broadcasts to all.`,
    broadcast: () =>
      `Broadcast: ${broadcast.bytes} B to ${whole(broadcast.connections)} connections, ` +
      `${broadcast.broadcasts} times; the next one starts when all have the last one, so nothing ` +
      'can be folded into fewer writes.',
    echo: () =>
      `Echo: ${echo.bytes} B on ${echo.connections} connections, ${whole(echo.messages)} ` +
      'messages, closed loop.',
    connect: () =>
      `Connect: ${whole(connect.connections)} at a time, ${connect.cycles} times, 256 under way, ` +
      'each with a 40-byte HELLO and its answer, reset between. The peers answer HELLO without ' +
      'keeping a session.',
  }
  return works.map((work) => lines[work]())
}

export function renderMarkdown(run) {
  const { host, summary, names, command, versions, startedAt } = run
  const ratios = ratioRows(summary.ratios)
  const parts = [
    `Measured ${startedAt.slice(0, 10)} on ${host.cpu}, ${host.memoryGiB} GiB, Linux ${host.kernel}, ` +
      `Node ${host.node}, ${versions}. ${run.pinning} ` +
      `${run.rounds.length} interleaved rounds: median (lowest–highest). ` +
      'CPU and memory of every server are read from /proc.',
    `\`\`\`\n${command}\n\`\`\``,
    ...(ratios.length > 1 ? [markdownTable(ratios)] : []),
    markdownTable(figureRows(summary.figures, names)),
    conditions(run)
      .map((line) => `- ${line}`)
      .join('\n'),
  ]
  const remarks = notes(run)
  if (remarks.length > 0) parts.push(remarks.map((line) => `- **${line}**`).join('\n'))
  return parts.join('\n\n')
}

export function renderText(run) {
  const ratios = ratioRows(run.summary.ratios)
  const parts = [textTable(figureRows(run.summary.figures, run.names))]
  if (ratios.length > 1) parts.push(textTable(ratios))
  const remarks = notes(run)
  if (remarks.length > 0) parts.push(remarks.join('\n'))
  return `${parts.join('\n\n')}\n`
}
