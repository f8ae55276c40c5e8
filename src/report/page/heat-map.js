/**
 * How many messages took how long in each interval: a cell per interval and coarse bucket, darker
 * for more, on a logarithmic scale, so that one slow message still shows.
 */
import { color } from './plot-parts.js'

const ALPHA_MIN = 0.12

export function drawHeat(plot, { rows, spans, countMax, bucketFirst, edgesUs }, seconds) {
  const { ctx, bbox } = plot
  const tops = edgesUs.map((us) => plot.valToPos(us, 'y', true))
  ctx.save()
  ctx.beginPath()
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height)
  ctx.clip()
  ctx.fillStyle = color('heat')
  for (const [row, first, ...counts] of rows) {
    const left = plot.valToPos(seconds[row] - spans[row], 'x', true)
    const width = plot.valToPos(seconds[row], 'x', true) - left
    for (const [index, count] of counts.entries()) {
      if (count === 0) continue
      const edge = first - bucketFirst + index
      const share = Math.log1p(count) / Math.log1p(countMax)
      ctx.globalAlpha = ALPHA_MIN + (1 - ALPHA_MIN) * share * share
      ctx.fillRect(left, tops[edge + 1], Math.max(1, width), tops[edge] - tops[edge + 1])
    }
  }
  ctx.restore()
}
