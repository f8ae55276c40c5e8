/** Latency over load, a point a stage: where the curve bends is what the target can do. */
import { axis, count, drawPlot, duration, line, logAxis, logScale } from './plot-parts.js'

export function drawStages(place, { stages }) {
  if (place === null || stages.length < 2) return []
  const isOfRate = new Set(stages.map(({ perSecond }) => perSecond)).size > 1
  const load = ({ perSecond, connections }) => (isOfRate ? perSecond : connections)
  const sorted = stages.toSorted((a, b) => load(a) - load(b))
  const [p50, p99] = ['p50', 'p99'].map((name) => sorted.map((stage) => stage[name]))
  const value = (format) => (_plot, each) => format(each)
  const points = { show: true, size: 6 }
  return [
    drawPlot({
      place,
      title: `Latency over ${isOfRate ? 'messages per second' : 'connections'}`,
      height: 220,
      data: [sorted.map(load), p50, p99],
      options: {
        scales: { x: { time: false }, y: logScale([...p50, ...p99]) },
        axes: [
          axis({ size: 26, values: (_plot, splits) => splits.map(count) }),
          logAxis({ values: (_plot, splits) => splits.map(duration) }),
        ],
        series: [
          { label: isOfRate ? 'per second' : 'connections', value: value(count) },
          line('p50', 'first', { value: value(duration), points }),
          line('p99', 'second', { value: value(duration), points }),
        ],
      },
    }),
  ]
}
