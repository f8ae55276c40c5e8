/**
 * From the rounds to what is said about them: median, lowest and highest of each figure, and of
 * each ratio. A ratio is taken within one round, where both servers met the same machine, and the
 * median is taken over those.
 */
import { METRICS, TARGETS } from './metrics.js'

/**
 * Busier than this, the client was the limit of rates by the clock; figures per CPU-second still
 * hold.
 */
export const CLIENT_BUSY_MAX = 0.9
/** More of the server's core than this used by others, and the run was not alone. */
export const FOREIGN_MAX = 0.1

/**
 * `rounds`: per round, server name → figures by metric id. `isJudged`: whether targets are held
 * against them.
 */
export function summarise(rounds, { isJudged }) {
  return {
    figures: summariseFigures(rounds),
    ratios: summariseRatios(rounds, isJudged),
    busy: busyClients(rounds),
    foreign: foreignWork(rounds),
  }
}

function spread(values) {
  const known = values.filter((value) => Number.isFinite(value)).sort((a, b) => a - b)
  if (known.length === 0) return null
  const middle = known.length >> 1
  const median = known.length % 2 ? known[middle] : (known[middle - 1] + known[middle]) / 2
  return { median, min: known[0], max: known.at(-1), count: known.length }
}

function summariseFigures(rounds) {
  const names = [...new Set(rounds.flatMap((round) => Object.keys(round)))]
  return METRICS.map((metric) => ({
    metric,
    byServer: Object.fromEntries(
      names.map((name) => [name, spread(rounds.map((round) => round[name]?.[metric.id]))]),
    ),
  })).filter(({ byServer }) => Object.values(byServer).some(Boolean))
}

function summariseRatios(rounds, isJudged) {
  return TARGETS.map((target) => {
    const value = spread(
      rounds.map((round) => {
        const own = round[target.of]?.[target.metric]
        return target.over ? own / round[target.over]?.[target.metric] : own
      }),
    )
    const isHeld =
      isJudged && value && target.limit !== undefined ? holds(target, value.median) : null
    return { ...target, value, isHeld }
  })
}

function holds({ isLess, limit }, value) {
  return isLess ? value <= limit : value >= limit
}

function busyClients(rounds) {
  return metricsOver(rounds, 'ClientBusy', CLIENT_BUSY_MAX).map(({ share, ...of }) => ({
    ...of,
    busy: share,
  }))
}

function foreignWork(rounds) {
  return metricsOver(rounds, 'Foreign', FOREIGN_MAX)
}

/** Servers and work whose figures of this kind have a median above the limit. */
function metricsOver(rounds, suffix, limit) {
  const found = []
  const names = new Set(rounds.flatMap((round) => Object.keys(round)))
  for (const server of names) {
    const figures = rounds.flatMap((round) => Object.keys(round[server] ?? {}))
    for (const id of new Set(figures.filter((each) => each.endsWith(suffix)))) {
      const value = spread(rounds.map((round) => round[server]?.[id]))
      if (value && value.median > limit) {
        found.push({ server, work: id.slice(0, -suffix.length), share: value.median })
      }
    }
  }
  return found
}
