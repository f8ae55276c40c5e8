/** What the plots share: colours from the style sheet, axes, numbers as people read them. */
import uPlot from 'uplot'

/** A colour of the style sheet, as it is now. */
export function color(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim()
}

/** The same on both sides of every plot over time, so that their seconds stand below each other. */
const AXIS_PIXELS = 58
const RIGHT_PIXELS = 46

/**
 * One plot below a heading. `options` are uPlot's; width, colours and axes get defaults.
 * @param {{place: Element, title: string, height?: number, data: unknown[], options: object}} plot
 */
export function drawPlot({ place, title, height = 230, data, options }) {
  const frame = document.createElement('figure')
  const caption = document.createElement('figcaption')
  caption.textContent = title
  frame.append(caption)
  place.append(frame)
  const shown = new uPlot(
    {
      width: frame.clientWidth,
      height,
      padding: [10, RIGHT_PIXELS, 0, 0],
      legend: { live: !matchMedia('print').matches },
      ...options,
      cursor: { drag: { x: true, y: false }, ...options.cursor },
    },
    data,
    frame,
  )
  shown.root.setAttribute('role', 'img')
  shown.root.setAttribute('aria-label', title)
  return shown
}

export function axis(more) {
  return {
    stroke: color('muted'),
    font: '11px system-ui, sans-serif',
    size: AXIS_PIXELS,
    grid: { stroke: color('grid'), width: 1 },
    ticks: { stroke: color('grid'), width: 1 },
    ...more,
  }
}

/**
 * A logarithmic axis in round numbers; lines only where there are labels, or they hide the curve.
 */
export function logAxis({ mantissas = null, ...more }) {
  return axis({
    splits: (_plot, _axis, least, most) => roundValues(least, most, mantissas),
    ...more,
  })
}

/** 1, 2 and 5 of each decade between two values; of many decades only 1. */
function roundValues(least, most, mantissas) {
  const shown = mantissas ?? (most / least > 1_000 ? [1] : [1, 2, 5])
  const values = []
  for (let decade = 10 ** Math.floor(Math.log10(least)); decade <= most; decade *= 10) {
    for (const mantissa of shown) {
      const value = decade * mantissa
      if (value >= least && value <= most) values.push(value)
    }
  }
  return values
}

/** All of it until somebody zooms; uPlot asks for the range of the data, or for what was chosen. */
export function wholeUntilZoomed(xs, whole) {
  return (_plot, least, most) => (least === xs[0] && most === xs.at(-1) ? whole : [least, most])
}

/** A second y axis in the room that every plot keeps on its right. */
export function rightAxis(more) {
  return axis({ side: 1, size: RIGHT_PIXELS, grid: { show: false }, ...more })
}

export function line(label, name, more) {
  return { label, stroke: color(name), width: 1.5, points: { show: false }, ...more }
}

/** Of a value that holds until the next. */
export const steps = uPlot.paths.stepped({ align: 1 })

/** A logarithmic scale with room for the values that only a hook draws. */
export function logScale(valuesUs) {
  const known = valuesUs.filter((value) => value > 0)
  const least = known.reduce((low, value) => Math.min(low, value), Infinity)
  const most = known.reduce((high, value) => Math.max(high, value), 0)
  return { distr: 3, range: () => [least * 0.9, Math.max(most, least * 2) * 1.15] }
}

export function duration(us) {
  if (us == null) return '–'
  if (us < 1_000) return `${digits(us)} µs`
  if (us < 1_000_000) return `${digits(us / 1_000)} ms`
  return `${digits(us / 1_000_000)} s`
}

export function count(value) {
  if (value == null) return '–'
  const steps = [
    [1e9, 'g'],
    [1e6, 'm'],
    [1e3, 'k'],
  ]
  const [size, unit] = steps.find(([least]) => Math.abs(value) >= least) ?? [1, '']
  return `${digits(value / size)}${unit}`
}

export function bytes(value) {
  if (value == null) return '–'
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB']
  const step = Math.min(4, Math.max(0, Math.floor(Math.log2(Math.max(1, value)) / 10)))
  return `${digits(value / 1024 ** step)} ${units[step]}`
}

/** Seconds from the start as 1:05 or 2:03:04. */
export function clock(seconds) {
  if (seconds == null) return '–'
  const whole = Math.round(seconds)
  const [h, m, s] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60, whole % 60]
  const two = (number) => String(number).padStart(2, '0')
  return h > 0 ? `${h}:${two(m)}:${two(s)}` : `${m}:${two(s)}`
}

function digits(value) {
  return String(Number(value.toPrecision(3)))
}
