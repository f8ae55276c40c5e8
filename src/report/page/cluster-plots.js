/**
 * Nodes of a cluster over time, on the axis of the run: devices of each, devices told to move, and
 * what was done to the cluster as lines across; then how long devices were without service.
 */
import { axis, color, count, drawPlot, duration, line, logAxis, steps } from './plot-parts.js'
import { fromZero, labels, text, timePlot } from './time-plots.js'

const COLORS = ['first', 'second', 'third', 'bad', 'good', 'ink', 'muted', 'warn']

export function drawCluster(place, { cluster, time }) {
  if (place === null || cluster === null) return []
  const { seconds, moves, events, absence } = cluster
  const ends = [
    seconds.at(-1),
    moves.at(-1)?.[0] / 1000,
    events.at(-1)?.seconds,
    time?.seconds.at(-1),
  ]
  const end = Math.max(1, ...ends.filter((each) => each > 0))
  const draw = (title, height, plot) => drawPlot(timePlot(place, end, title, height, plot))
  return [
    ...(seconds.length === 0 ? [] : [draw(...devicesPlot(cluster, end))]),
    ...(moves.length === 0 ? [] : [draw(...movesPlot(cluster, end))]),
    ...(absence === null ? [] : [absencePlot(place, absence)]),
  ]
}

function devicesPlot({ seconds, nodes, more, events }, end) {
  const rest = more === 0 ? '' : `, and ${count(more)} more that changed less`
  const held = (devices) => [...devices, devices.at(-1)]
  return [
    `Devices of each node${rest}`,
    200,
    {
      data: [[...seconds, end], ...nodes.map(({ devices }) => held(devices))],
      scales: { y: fromZero(1) },
      series: nodes.map(({ name }, index) =>
        line(name, COLORS[index % COLORS.length], { value: text(count), paths: steps }),
      ),
      hooks: { draw: [(plot) => drawEvents(plot, events)] },
    },
  ]
}

function movesPlot({ moves, events }, end) {
  const seconds = moves.map(([at]) => at / 1000)
  const counts = moves.map(([, moved]) => moved)
  const bars = (plot) => {
    for (const [index, moved] of counts.entries()) {
      bar(plot, seconds[index], seconds[index] + 1, moved)
    }
  }
  return [
    'Devices told to move, in each second',
    130,
    {
      data: [
        [...seconds, Math.max(end, seconds.at(-1) + 1)],
        [...counts, null],
      ],
      scales: { y: fromZero(1) },
      series: [line('moved', 'second', { value: text(count), paths: () => null })],
      hooks: { drawClear: [bars], draw: [(plot) => drawEvents(plot, events)] },
    },
  ]
}

function absencePlot(place, { edgesUs, counts }) {
  const ends = [edgesUs[0] * 0.9, edgesUs.at(-1) * 1.1]
  const bars = (plot) => {
    for (const [index, devices] of counts.entries()) {
      bar(plot, edgesUs[index], edgesUs[index + 1], devices)
    }
  }
  return drawPlot({
    place,
    title: 'Devices by how long they were without service',
    height: 170,
    data: [edgesUs, [...counts, null]],
    options: {
      scales: { x: { time: false, distr: 3, range: () => ends }, y: fromZero(1) },
      axes: [logAxis({ size: 32, values: labels(duration) }), axis({ values: labels(count) })],
      series: [
        { label: 'from', value: text(duration) },
        line('devices', 'second', { value: text(count), paths: () => null }),
      ],
      cursor: { drag: { x: false, y: false } },
      hooks: { drawClear: [bars] },
    },
  })
}

/** Zero has no height, anything else at least a pixel. */
function bar(plot, from, to, value) {
  if (value === 0) return
  const { ctx, bbox } = plot
  const x = (each) =>
    Math.min(bbox.left + bbox.width, Math.max(bbox.left, plot.valToPos(each, 'x', true)))
  const floor = bbox.top + bbox.height
  const top = Math.min(floor - devicePixelRatio, plot.valToPos(value, 'y', true))
  const width = x(to) - x(from)
  if (width <= 0) return
  ctx.fillStyle = color('second')
  ctx.fillRect(x(from), top, Math.max(devicePixelRatio, width - devicePixelRatio), floor - top)
}

function drawEvents(plot, events) {
  const { ctx, bbox } = plot
  ctx.save()
  ctx.strokeStyle = ctx.fillStyle = color('muted')
  ctx.lineWidth = devicePixelRatio
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio])
  ctx.textBaseline = 'top'
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`
  for (const { seconds, text: label } of events) {
    const left = plot.valToPos(seconds, 'x', true)
    if (left < bbox.left || left > bbox.left + bbox.width) continue
    ctx.beginPath()
    ctx.moveTo(left, bbox.top)
    ctx.lineTo(left, bbox.top + bbox.height)
    ctx.stroke()
    const isRight = left > bbox.left + bbox.width / 2
    ctx.textAlign = isRight ? 'right' : 'left'
    ctx.fillText(label, left + (isRight ? -4 : 4) * devicePixelRatio, bbox.top)
  }
  ctx.restore()
}
