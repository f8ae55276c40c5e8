/**
 * Latency by percentile on HdrHistogram's scale: each step to the right is a tenth of the samples
 * that are left. Response and service time are laid over each other; the gap is what waited in the
 * generator or behind other messages. Thresholds are lines with a mark where they apply.
 */
import {
  color,
  drawPlot,
  duration,
  line,
  logAxis,
  logScale,
  wholeUntilZoomed,
} from './plot-parts.js'

/** @param {number} height of each plot */
export function drawPercentiles(place, curves, height) {
  if (place === null) return []
  return curves.map((curve) =>
    drawPlot({
      place,
      title: curve.metric.replaceAll('_', ' '),
      height,
      data: [curve.x, curve.response, curve.service],
      options: optionsOf(curve),
    }),
  )
}

function optionsOf({ x, response, service, limits }) {
  const values = [...response, ...service.filter((us) => us !== null)]
  return {
    scales: {
      x: { time: false, distr: 3, range: wholeUntilZoomed(x, [1, x.at(-1)]) },
      y: logScale([...values, ...limits.map(({ us }) => us)]),
    },
    axes: [
      logAxis({ size: 32, mantissas: [1], values: (_plot, splits) => splits.map(percentile) }),
      logAxis({ values: (_plot, splits) => splits.map(duration) }),
    ],
    series: [
      { label: 'percentile', value: (_plot, each) => (each == null ? '–' : percentile(each)) },
      line('response', 'first', { value: (_plot, us) => duration(us), width: 2 }),
      line('service', 'second', { value: (_plot, us) => duration(us), dash: [5, 4] }),
    ],
    hooks: { draw: [(plot) => limits.forEach((limit) => drawLimit(plot, limit))] },
  }
}

function isDecade(value) {
  return Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 1e-6
}

/** 1 → 0 %, 10 → 90 %, 1000 → 99.9 %. */
function percentile(x) {
  const nines = Math.max(0, Math.ceil(Math.log10(x)) - 1)
  return `${((1 - 1 / x) * 100).toFixed(x <= 10 ? 0 : nines - 1 + (isDecade(x) ? 0 : 1))} %`
}

function drawLimit(plot, { x, us, held, expression }) {
  const { ctx, bbox } = plot
  const top = plot.valToPos(us, 'y', true)
  const at = Math.min(bbox.left + bbox.width, plot.valToPos(x, 'x', true))
  ctx.save()
  ctx.strokeStyle = ctx.fillStyle = color(held ? 'good' : 'bad')
  ctx.lineWidth = devicePixelRatio
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio])
  ctx.beginPath()
  ctx.moveTo(bbox.left, top)
  ctx.lineTo(bbox.left + bbox.width, top)
  ctx.stroke()
  ctx.beginPath()
  ctx.arc(at, top, 4 * devicePixelRatio, 0, 2 * Math.PI)
  ctx.fill()
  ctx.textAlign = 'left'
  ctx.textBaseline = 'bottom'
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`
  ctx.fillText(expression, bbox.left + 6 * devicePixelRatio, top - 2 * devicePixelRatio)
  ctx.restore()
}
