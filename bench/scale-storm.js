/**
 * A reconnect storm as a fluid: how many devices try in each tenth of a second, by how often they
 * have tried, with the back-off of src/loadgen/back-off.ts (full jitter over 1 s × 2^attempts, at
 * most 30 s) or none; what is over the capacity is refused and tries again. Expectations, not
 * dice: 300 million devices cost what 300 do.
 */
const TICK_MS = 100
const ATTEMPTS_MAX = 16
const LIMIT_MS = 4 * 3_600_000

/**
 * `lost` devices come back through `perSecond` logins in all. `retryAfterMs` is what a refusal (4100)
 * names on top of the back-off; `firstMs` is what the first attempts are spread over; `jittered` false:
 * all try at once, and who is refused again after 1 s sharp.
 */
export function simulateStorm({
  lost,
  perSecond,
  retryAfterMs = 5_000,
  jittered = true,
  firstMs = 1_000,
}) {
  const ticks = LIMIT_MS / TICK_MS
  // due[tick % ring][attempts]: devices that try then.
  const ring = Math.ceil((Math.max(30_000, firstMs) + 2 * retryAfterMs) / TICK_MS) + 2
  const due = Array.from({ length: ring }, () => new Float64Array(ATTEMPTS_MAX + 1))
  const spread = (tick, attempts, count, afterMs) => {
    const backOffMs = attempts === 0 ? firstMs : Math.min(30_000, 1_000 * 2 ** attempts) + afterMs
    const windowMs = jittered ? backOffMs : TICK_MS
    const first = tick + 1 + Math.floor((attempts > 0 ? (jittered ? afterMs : 1_000) : 0) / TICK_MS)
    const width = Math.max(1, Math.floor(windowMs / TICK_MS))
    for (let i = 0; i < width; i++) due[(first + i) % ring][attempts] += count / width
  }
  spread(0, 0, lost, 0)
  const capacity = (perSecond * TICK_MS) / 1_000
  const marks = { 0.5: null, 0.9: null, 0.99: null, 0.999: null }
  let back = 0
  let attempted = 0
  let peak = 0
  for (let tick = 1; tick < ticks; tick++) {
    const now = due[tick % ring]
    const trying = now.reduce((sum, count) => sum + count, 0)
    attempted += trying
    peak = Math.max(peak, trying)
    const admitted = Math.min(trying, capacity)
    back += admitted
    const refusedShare = trying === 0 ? 0 : 1 - admitted / trying
    const refused = Float64Array.from(now, (count) => count * refusedShare)
    now.fill(0)
    for (let attempts = 0; attempts <= ATTEMPTS_MAX; attempts++) {
      if (refused[attempts] > 0) {
        spread(tick, Math.min(ATTEMPTS_MAX, attempts + 1), refused[attempts], retryAfterMs)
      }
    }
    for (const mark of Object.keys(marks)) {
      if (marks[mark] === null && back >= lost * Number(mark))
        marks[mark] = (tick * TICK_MS) / 1_000
    }
    if (marks[0.999] !== null) break
  }
  return {
    lost,
    perSecond,
    seconds: marks,
    idealSeconds: lost / perSecond,
    attemptsPerDevice: attempted / lost,
    peakPerSecond: (peak * 1_000) / TICK_MS,
  }
}
