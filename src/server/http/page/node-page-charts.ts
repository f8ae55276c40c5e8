/**
 * The drawings of the node page, as text that runs in the browser: a line of the last minutes, and
 * the bars of a histogram. SVG with classes, because the page's policy allows no style attributes.
 */
export const NODE_PAGE_CHARTS = `
const svgName = 'http://www.w3.org/2000/svg'

function drawn(name, attributes, text) {
  const made = document.createElementNS(svgName, name)
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value)
  if (text !== undefined) made.textContent = text
  return made
}

/** Values in order of time; the newest stands at the right edge, wherever the line begins. */
function sparkline(values, pointsMax) {
  const box = { viewBox: '0 0 100 24', preserveAspectRatio: 'none', 'aria-hidden': 'true' }
  const svg = drawn('svg', box)
  const top = Math.max(...values, 0)
  const at = (value, i) => {
    const x = 100 - ((values.length - 1 - i) * 100) / (pointsMax - 1)
    return x.toFixed(2) + ',' + (23 - (top > 0 ? (value / top) * 21 : 0)).toFixed(2)
  }
  const points = values.map(at)
  if (points.length < 2) return svg
  const left = points[0].split(',')[0]
  svg.append(
    drawn('polygon', { class: 'fill', points: left + ',24 ' + points.join(' ') + ' 100,24' }),
    drawn('polyline', { class: 'stroke', points: points.join(' ') }),
  )
  return svg
}

/** Bars of counts by upper bound in seconds; empty ends are left out. */
function histogram(counts, bounds, label) {
  const some = counts.map((value, i) => (value > 0 ? i : -1)).filter((i) => i >= 0)
  const first = Math.max(0, some[0] - 1)
  const last = Math.min(counts.length - 1, some[some.length - 1] + 1)
  const shown = counts.slice(first, last + 1)
  const top = Math.max(...shown)
  const width = 320
  const step = width / Math.max(6, shown.length)
  const svg = drawn('svg', { class: 'histogram', viewBox: '0 0 ' + width + ' 96', role: 'img' })
  svg.append(drawn('title', {}, label))
  shown.forEach((value, i) => {
    const height = value === 0 ? 0 : Math.max(1.5, (value / top) * 70)
    const x = i * step
    const bar = { class: 'bar', x: x + 1, width: step - 2, y: 80 - height, height, rx: 1.5 }
    svg.append(drawn('rect', bar))
    const text = { class: 'axis', x: x + step / 2, y: 92, 'text-anchor': 'middle' }
    svg.append(drawn('text', text, boundText(bounds[first + i])))
  })
  return svg
}

function boundText(seconds) {
  if (seconds === undefined) return 'more'
  if (seconds < 0.001) return Math.round(seconds * 1e6) + 'µs'
  return seconds < 1 ? +(seconds * 1e3).toFixed(1) + 'ms' : seconds + 's'
}
`
