/** Memory of both sides over connections while they came up, and the line fitted to it. */
import { axis, bytes, color, count, drawPlot, line } from './plot-parts.js'

export function drawMemory(place, { memory }) {
  if (place === null) return []
  return memory.map(({ side, bytesPerConnection, points }) => {
    const sorted = points.toSorted(([a], [b]) => a - b)
    const slope =
      bytesPerConnection === null ? 'no slope' : `${count(bytesPerConnection)} bytes a connection`
    return drawPlot({
      place,
      title: `Memory of the ${side} while connecting: ${slope}`,
      height: 190,
      data: [
        sorted.map(([connections]) => connections),
        sorted.map(([, memoryBytes]) => memoryBytes),
        fitted(sorted, bytesPerConnection),
      ],
      options: {
        scales: { x: { time: false } },
        axes: [
          axis({ size: 26, values: (_plot, splits) => splits.map(count) }),
          axis({ values: (_plot, splits) => splits.map(bytes) }),
        ],
        series: [
          { label: 'connections', value: (_plot, value) => count(value) },
          {
            ...line('memory', 'first', { value: (_plot, value) => bytes(value) }),
            paths: () => null,
            points: { show: true, size: 5, fill: color('first') },
          },
          line('fit', 'second', { value: (_plot, value) => bytes(value), dash: [5, 4] }),
        ],
      },
    })
  })
}

/** A line of that slope through the middle of the points. */
function fitted(points, slope) {
  if (slope === null) return points.map(() => null)
  const mean = (index) => points.reduce((sum, point) => sum + point[index], 0) / points.length
  const [connections, memoryBytes] = [mean(0), mean(1)]
  return points.map(([x]) => memoryBytes + (x - connections) * slope)
}
