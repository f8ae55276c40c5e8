/**
 * The run over time, all plots on one axis of seconds with one cursor: connections, rates, latency
 * over a heat map of its distribution, pauses, and what the host did.
 */
import {
  axis,
  clock,
  color,
  count,
  drawPlot,
  duration,
  line,
  logAxis,
  logScale,
  rightAxis,
  wholeUntilZoomed,
} from './plot-parts.js'
import { drawHeat } from './heat-map.js'

const PAUSE_COLORS = ['bad', 'third', 'second', 'first', 'muted']

export function drawTime(place, { time, pauses, spikeUs }) {
  if (place === null || time === null) return []
  const end = time.seconds.at(-1)
  const draw = (title, height, plot) => drawPlot(timePlot(place, end, title, height, plot))
  const { seconds } = time
  return [
    draw('Connections', 150, {
      data: [seconds, time.connections],
      scales: { y: fromZero(1) },
      series: [line('connections', 'first', { fill: color('first-pale'), value: text(count) })],
    }),
    draw('Messages per second', 170, {
      data: [seconds, time.sentPerSecond, time.receivedPerSecond],
      scales: { y: fromZero(1) },
      series: [
        line('sent', 'second', { value: text(count) }),
        line('received', 'first', { value: text(count) }),
      ],
    }),
    ...latencyPlot(draw, time, spikeUs),
    ...pausePlot(draw, pauses, end),
    ...hostPlots(draw, time),
  ]
}

export function text(format) {
  return (_plot, value) => format(value)
}

export function labels(format) {
  return (_plot, splits) => splits.map((value) => (value === null ? '' : format(value)))
}

/** A plot on the axis of seconds that all plots over time share, with one cursor. */
export function timePlot(place, end, title, height, plot) {
  const { data, series, scales = {}, axes = [], hooks = {}, ...more } = plot
  return {
    place,
    title,
    height,
    data,
    options: {
      scales: { x: { time: false, range: wholeUntilZoomed(data[0], [0, end]) }, ...scales },
      axes: [
        axis({ size: 26, values: labels(clock), incrs: CLOCK_STEPS, space: 70 }),
        ...(axes.length > 0 ? axes : [axis({ values: labels(count) })]),
      ],
      series: [{ label: 'at', value: text(clock) }, ...series],
      cursor: { sync: { key: 'time' } },
      hooks,
      ...more,
    },
  }
}

const CLOCK_STEPS = [
  1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14_400, 21_600, 43_200, 86_400,
]

function latencyPlot(draw, { seconds, p50, p99, max, heat }, spikeUs) {
  if (max.every((us) => us === null)) return []
  const values = [...p50, ...max, ...(heat === null ? [] : heat.edgesUs)]
  const spike = spikeUs === null ? [] : [(plot) => drawLevel(plot, spikeUs)]
  const title = `Latency: median, p99, maximum${heat === null ? '' : ', and how many took how long'}`
  return [
    draw(title, 300, {
      data: [seconds, p50, p99, max],
      scales: { y: logScale(values) },
      axes: [logAxis({ values: labels(duration) })],
      series: [
        line('p50', 'ink', { value: text(duration) }),
        line('p99', 'second', { value: text(duration) }),
        line('max', 'bad', { value: text(duration), width: 1 }),
      ],
      hooks: {
        drawClear: heat === null ? [] : [(plot) => drawHeat(plot, heat, seconds)],
        draw: spike,
      },
    }),
  ]
}

/** A pause is a stem as high as it was long. */
function pausePlot(draw, pauses, end) {
  const during = pauses.filter(({ seconds }) => seconds <= end)
  if (during.length === 0) return []
  const names = [...new Set(during.map(({ side, kind }) => `${side} ${kind}`))]
  const seconds = during.map((pause) => pause.seconds)
  const columns = names.map((name) =>
    during.map(({ side, kind, us }) => (`${side} ${kind}` === name ? us : null)),
  )
  const stems = (plot) => {
    const floor = plot.bbox.top + plot.bbox.height
    for (const [index, column] of columns.entries()) {
      plot.ctx.fillStyle = color(PAUSE_COLORS[index % PAUSE_COLORS.length])
      for (const [row, us] of column.entries()) {
        if (us === null) continue
        const top = plot.valToPos(us, 'y', true)
        const left = plot.valToPos(seconds[row], 'x', true)
        if (left < plot.bbox.left || left > plot.bbox.left + plot.bbox.width) continue
        plot.ctx.fillRect(left - devicePixelRatio, top, 2 * devicePixelRatio, floor - top)
      }
    }
  }
  return [
    draw('Pauses of garbage collectors', 150, {
      data: [seconds, ...columns],
      scales: { y: { range: (_plot, _least, most) => [0, most * 1.1] } },
      axes: [axis({ values: labels(duration) })],
      series: names.map((name, index) => ({
        ...line(name, PAUSE_COLORS[index % PAUSE_COLORS.length]),
        value: text(duration),
        paths: () => null,
        points: { show: true, size: 4, fill: color(PAUSE_COLORS[index % PAUSE_COLORS.length]) },
      })),
      hooks: { draw: [stems] },
    }),
  ]
}

function hostPlots(draw, { seconds, timeWait, retransmitsPerSecond, dropsPerSecond, cpuPercent }) {
  const isKnown = (column) => column.some((value) => value !== null)
  const plots = []
  if (isKnown(retransmitsPerSecond) || isKnown(timeWait)) {
    plots.push(
      draw('TCP of the generator’s host', 170, {
        data: [seconds, retransmitsPerSecond, dropsPerSecond, timeWait],
        // Its second axis stands where others have their margin.
        padding: [10, 0, 0, 0],
        scales: { y: fromZero(1), sockets: fromZero(10) },
        axes: [
          axis({ values: labels((value) => `${count(value)}/s`) }),
          rightAxis({ scale: 'sockets', values: labels(count) }),
        ],
        series: [
          line('retransmits/s', 'bad', { value: text(count) }),
          line('drops and overflows/s', 'second', { value: text(count) }),
          line('TIME_WAIT (right)', 'first', {
            value: text(count),
            scale: 'sockets',
            dash: [5, 4],
          }),
        ],
      }),
    )
  }
  if (isKnown(cpuPercent)) {
    const percent = (value) => (value === null ? '–' : `${count(value)} %`)
    plots.push(
      draw('CPU of the generator’s host', 130, {
        data: [seconds, cpuPercent],
        scales: { y: { range: () => [0, 100] } },
        axes: [axis({ values: labels(percent) })],
        series: [line('CPU', 'third', { value: text(percent), fill: color('third-pale') })],
      }),
    )
  }
  return plots
}

/** A flat zero is drawn at the bottom, not in the middle. */
export function fromZero(leastTop) {
  return { range: (_plot, _least, most) => [0, Math.max(leastTop, (most ?? 0) * 1.1)] }
}

function drawLevel(plot, us) {
  const { ctx, bbox } = plot
  const top = plot.valToPos(us, 'y', true)
  if (top < bbox.top || top > bbox.top + bbox.height) return
  ctx.save()
  ctx.strokeStyle = color('muted')
  ctx.lineWidth = devicePixelRatio
  ctx.setLineDash([2 * devicePixelRatio, 4 * devicePixelRatio])
  ctx.beginPath()
  ctx.moveTo(bbox.left, top)
  ctx.lineTo(bbox.left + bbox.width, top)
  ctx.stroke()
  ctx.restore()
}
