/**
 * The script of the node page, as text: it runs in the browser. All values are written as text,
 * never as markup. The token stays in the tab's session storage and goes nowhere but to this node.
 * Rates come from two answers; what the page draws over time, it has seen itself.
 */
import { BUCKET_SECONDS } from '../../../stats/bucket-histogram.ts'
import { NODE_PAGE_CHARTS } from './node-page-charts.ts'

export const NODE_PAGE_SCRIPT = `
const at = (id) => document.getElementById(id)
const pollMs = 2000
const pointsMax = 60
const bounds = ${JSON.stringify(BUCKET_SECONDS)}
const sections = ['figures', 'latency', 'answers', 'pauses', 'byes', 'errors', 'states', 'shards']
/** Oldest first: what was answered, with the time of this page. */
let seen = []
let series = {}
let timer = 0
${NODE_PAGE_CHARTS}
function headers() {
  const token = sessionStorage.getItem('pushctl-token')
  return token ? { authorization: 'Bearer ' + token } : {}
}

async function poll() {
  clearTimeout(timer)
  try {
    const answer = await fetch('/v1/node', { headers: headers() })
    at('login').classList.toggle('asked', answer.status === 401)
    const body = await answer.json()
    at('notice').textContent = answer.ok ? '' : body.detail
    if (answer.ok) show(body, performance.now())
    markOld(!answer.ok)
    if (answer.status === 401) return
  } catch {
    at('notice').textContent = 'The node does not answer. What is below is old.'
    at('state').textContent = 'no answer'
    markOld(true)
  }
  timer = setTimeout(poll, pollMs)
}

function show(node, nowMs) {
  // A node that started anew counts from 0: no rates over that.
  if (seen.length > 0 && seen[seen.length - 1].node.startedAtMs !== node.startedAtMs) {
    seen = []
    series = {}
  }
  const before = seen.length > 0 ? seen[seen.length - 1] : null
  seen = [...seen, { node, nowMs }].slice(-pointsMax)
  at('title').textContent = node.name
  document.title = node.name + ' – pushctl node'
  const up = Math.max(0, Math.round(node.health.upSeconds))
  at('state').textContent = node.state + ', pushctl ' + node.version + ', up ' + span(up)
  showLevel(node)
  showFigures(node, before, nowMs)
  showLatency(node)
  showPauses(node)
  showByes(node, nowMs)
  table('errors', ['source', 'so far'], rowsOf(node.errors, true))
  table('states', ['connections', ''], [
    ...rowsOf(node.health.connections.states, true),
    ...rowsOf(node.health.connections.carriers, false).map(([name, n]) => ['over ' + name, n]),
  ])
  const shardHead = ['shard', 'state', 'kind', 'engine', 'connections', 'devices', 'restarts']
  table('shards', [...shardHead, 'CPU s'],
    node.shards.map((row) => [row.index, row.state, row.kind, row.engine,
      count(row.connectionsOpen), count(row.devicesOnline), row.restarts,
      (row.cpuUs / 1e6).toFixed(1)]))
}

/** Degradation, where the node tells it, and whether new devices may come. */
function showLevel(node) {
  const level = node.load ? node.load.level : null
  const badge = at('level')
  const reason = node.notReadyBecause || (node.load && node.load.reason) || ''
  const word = level === null || level === 0 ? 'all is served' : 'degraded, level ' + level
  badge.textContent = (node.ready ? word : 'takes no new devices') + (reason ? ': ' + reason : '')
  badge.className = !node.ready ? 'bad' : level ? 'warn' : 'good'
}

function showFigures(node, before, nowMs) {
  const { counters } = node
  const rate = (read) => {
    if (!before) return null
    return (read(node) - read(before.node)) / ((nowMs - before.nowMs) / 1000)
  }
  const total = (counts) => Object.values(counts).reduce((sum, n) => sum + n, 0)
  const lag = before ? meanSince(node.gc.loop_lag, before.node.gc.loop_lag) : null
  const stored = node.store ? node.store.messagesPending : null
  const sent = rate((n) => n.counters.bytesSent)
  const perSecond = (value) => (value === null ? '…' : short(value) + '/s')
  tiles([
    ['connections open', count(counters.connectionsOpen) + ' of ' + count(node.connectionsMax),
      counters.connectionsOpen],
    ['devices online', count(counters.devicesOnline), counters.devicesOnline],
    ...[
      ['connects', (n) => n.counters.connectionsAccepted],
      ['pushes accepted', (n) => n.counters.pushesAccepted],
      ['messages sent', (n) => n.counters.messagesSent],
      ['heartbeats', (n) => n.counters.heartbeats],
      ['errors', (n) => total(n.errors)],
    ].map(([name, read]) => [name, perSecond(rate(read)), rate(read)]),
    ['bytes sent', sent === null ? '…' : bytes(sent) + '/s', sent],
    ['waiting for devices', bytes(counters.bufferedBytes), counters.bufferedBytes],
    ['stored pushes', stored === null ? '–' : count(stored), stored],
    ['memory', bytes(node.memory.rssBytes), node.memory.rssBytes],
    ['event loop late by', lag === null ? '…' : milliseconds(lag), lag],
  ])
}

/** Mean of what was recorded between two answers, in µs. */
function meanSince(now, then) {
  if (!now || !then || now.count <= then.count) return null
  return Math.max(0, (now.mean * now.count - then.mean * then.count) / (now.count - then.count))
}

function showLatency(node) {
  const sums = bounds.map(() => 0).concat(0)
  for (const { latency } of node.api.routes) {
    if (latency) latency.counts.forEach((value, i) => { sums[i] += value })
  }
  bars('latency', sums, 'Answers of the API by how long they took')
  bars('answers', node.health.shardAnswers.counts, 'Answers of shards by how long they took')
}

function bars(id, counts, label) {
  const isEmpty = !counts.some((value) => value > 0)
  at(id).replaceChildren(isEmpty ? empty('none yet') : histogram(counts, bounds, label))
}

function showPauses(node) {
  const rows = node.gc.known ? node.gc.kinds.map(({ kind, pauses }) => [
    kind,
    count(pauses.count),
    ...[pauses.p50, pauses.p99, pauses.max].map(milliseconds),
  ]) : []
  table('pauses', ['collection', 'count', 'p50', 'p99', 'longest'], rows)
}

/** What connections ended by: in the last minutes that this page has seen, and since the start. */
function showByes(node, nowMs) {
  const oldest = seen[0]
  const minutes = Math.max(1, Math.round((nowMs - oldest.nowMs) / 60000))
  const rows = Object.entries(node.counters.closes)
    .map(([cause, all]) => [cause, all - (oldest.node.counters.closes[cause] || 0), all])
    .sort((a, b) => b[1] - a[1] || b[2] - a[2])
  table('byes', ['reason', 'last ' + minutes + ' min', 'so far'],
    rows.map(([cause, recent, all]) => [cause, count(recent), count(all)]))
}

function markOld(isOld) {
  for (const id of sections) at(id).classList.toggle('old', isOld)
}

function rowsOf(counts, onlySome) {
  return Object.entries(counts)
    .filter(([, value]) => value > 0 || !onlySome)
    .map(([name, value]) => [name, count(value)])
}

function count(value) {
  return Math.round(value).toLocaleString('en')
}

function short(value) {
  return value > 0 && value < 10 ? value.toFixed(1) : count(value)
}

function bytes(value) {
  const units = ['B', 'KiB', 'MiB', 'GiB']
  let unit = 0
  while (value >= 1024 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return (value < 10 && unit > 0 ? value.toFixed(1) : Math.round(value)) + ' ' + units[unit]
}

function milliseconds(us) {
  return (us / 1000).toFixed(us < 10000 ? 2 : 0) + ' ms'
}

function span(seconds) {
  const minutes = Math.floor(seconds / 60)
  const hours = Math.floor(minutes / 60)
  if (hours >= 24) return Math.floor(hours / 24) + ' d ' + (hours % 24) + ' h'
  if (hours > 0) return hours + ' h ' + (minutes % 60) + ' min'
  return minutes > 0 ? minutes + ' min' : seconds + ' s'
}

/** name, text, and the number that its line is drawn of. */
function tiles(rows) {
  at('figures').replaceChildren(...rows.map(([name, text, value]) => {
    if (value !== null) series[name] = [...(series[name] || []), value].slice(-pointsMax)
    const box = element('div', name)
    box.prepend(element('b', text))
    box.append(sparkline(series[name] || [], pointsMax))
    return box
  }))
}

function table(id, head, rows) {
  if (rows.length === 0) return at(id).replaceChildren(empty('none yet'))
  const line = (cells, kind) => {
    const row = document.createElement('tr')
    row.append(...cells.map((cell) => element(kind, cell)))
    return row
  }
  const made = document.createElement('table')
  made.append(line(head, 'th'), ...rows.map((cells) => line(cells, 'td')))
  at(id).replaceChildren(made)
}

function empty(text) {
  const made = element('p', text)
  made.className = 'empty'
  return made
}

function element(kind, text) {
  const made = document.createElement(kind)
  made.textContent = text
  return made
}

at('login').addEventListener('submit', (event) => {
  event.preventDefault()
  sessionStorage.setItem('pushctl-token', at('token').value)
  poll()
})
poll()
`
