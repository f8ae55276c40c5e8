/**
 * The script of the node page, as text: it runs in the browser. All values are written as text,
 * never as markup. The token stays in the tab's session storage and goes nowhere but to this node.
 */
export const NODE_PAGE_SCRIPT = `
const at = (id) => document.getElementById(id)
const pollMs = 2000
let before = null
let timer = 0

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
  const { counters } = node
  at('title').textContent = node.name
  document.title = node.name + ' – pushctl node'
  const up = Math.max(0, Math.round((Date.now() - node.startedAtMs) / 1000))
  at('state').textContent = node.state + ', pushctl ' + node.version + ', up ' + up + ' s'
  const rate = (name) => {
    if (!before) return '…'
    const seconds = (nowMs - before.nowMs) / 1000
    return count((counters[name] - before.counters[name]) / seconds) + '/s'
  }
  const pauses = node.gc.kinds.map((row) => row.pauses.max)
  figures({
    'connections open': count(counters.connectionsOpen) + ' of ' + count(node.connectionsMax),
    'devices online': count(counters.devicesOnline),
    'connects': rate('connectionsAccepted'),
    'pushes accepted': rate('pushesAccepted'),
    'messages sent': rate('messagesSent'),
    'heartbeats': rate('heartbeats'),
    'bytes sent': rate('bytesSent'),
    'memory': count(node.memory.rssBytes / 1048576) + ' MiB',
    'longest GC pause': node.gc.known && pauses.length ? milliseconds(pauses) : '–',
  })
  table('shards', ['shard', 'kind', 'pid', 'engine', 'connections', 'devices', 'CPU s'],
    node.shards.map((row) => [row.index, row.kind, row.pid, row.engine,
      count(row.connectionsOpen), count(row.devicesOnline), (row.cpuUs / 1e6).toFixed(1)]))
  table('closes', ['cause', 'connections'],
    closeRows(counters.closes))
  before = { counters, nowMs }
}

function milliseconds(pausesUs) {
  return (Math.max(...pausesUs) / 1000).toFixed(1) + ' ms'
}

function markOld(isOld) {
  for (const id of ['figures', 'shards', 'closes']) at(id).classList.toggle('old', isOld)
}

function closeRows(closes) {
  const rows = Object.entries(closes).map(([cause, closed]) => [cause, count(closed)])
  return rows.length > 0 ? rows : [['none yet', '']]
}

function count(value) {
  return Math.round(value).toLocaleString('en')
}

function figures(values) {
  at('figures').replaceChildren(...Object.entries(values).map(([name, value]) => {
    const box = element('div', name)
    box.prepend(element('b', value))
    return box
  }))
}

function table(id, head, rows) {
  const line = (cells, kind) => {
    const row = document.createElement('tr')
    row.append(...cells.map((cell) => element(kind, cell)))
    return row
  }
  at(id).replaceChildren(line(head, 'th'), ...rows.map((cells) => line(cells, 'td')))
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
