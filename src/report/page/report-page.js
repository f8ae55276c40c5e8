/**
 * The script of report.html: draws the plots from the series in the page, again whenever colours
 * change (dark, light, paper). JavaScript, because src has no types of a browser; bundled with
 * uPlot by scripts/build.js.
 */
import { drawCluster } from './cluster-plots.js'
import { drawMemory } from './memory-plot.js'
import { drawPercentiles } from './percentile-plot.js'
import { drawStages } from './stage-plot.js'
import { drawTime } from './time-plots.js'

const series = JSON.parse(document.getElementById('series').textContent)
let plots = []

function drawAll() {
  for (const plot of plots) plot.destroy()
  plots = [
    ...drawStages(emptied('stage-curve'), series),
    ...drawPercentiles(emptied('percentiles'), series.curves.filter(isOfMessages), 280),
    ...drawTime(emptied('time'), series),
    ...drawCluster(emptied('cluster'), series),
    ...drawPercentiles(emptied('stages'), series.curves.filter(isOfConnecting), 190),
    ...drawMemory(emptied('memory'), series),
  ]
}

function isOfConnecting({ metric }) {
  return /^(connect|upgrade|handshake|reconnect)_time$/.test(metric)
}

function isOfMessages(curve) {
  return !isOfConnecting(curve)
}

/** null where the report has no such place. */
function emptied(id) {
  const place = document.getElementById(id)
  place?.replaceChildren()
  return place
}

const startMs = performance.now()
drawAll()
document.documentElement.dataset.drawnMs = String(Math.round(performance.now() - startMs))

for (const query of ['(prefers-color-scheme: dark)', 'print']) {
  matchMedia(query).addEventListener('change', drawAll)
}
// On paper nobody can unfold what doctor advises.
addEventListener('beforeprint', () => {
  for (const finding of document.querySelectorAll('details.finding')) finding.open = true
})
let width = document.body.clientWidth
addEventListener('resize', () => {
  if (document.body.clientWidth === width) return
  width = document.body.clientWidth
  drawAll()
})
