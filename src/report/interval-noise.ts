/**
 * Whether two series of interval values differ by more than their own scatter. Intervals of one run
 * are no independent samples: a slow second is followed by a slow second. So the number of samples
 * is reduced by the autocorrelation of the series (n / (1 + 2 Σ ρ), summed up to the first lag that
 * is not positive), and the means are compared by Welch's test at 99 %. Medians are not used: a
 * change that shows in a third of the seconds is a change.
 */

/** Fewer intervals say nothing of their scatter. */
const INTERVALS_MIN = 8
/** A quarter of the series: longer lags are estimated from too few pairs. */
const LAG_SHARE_MAX = 0.25

/** null: too few intervals to tell. */
export function differsMoreThanNoise(a: readonly number[], b: readonly number[]): boolean | null {
  if (a.length < INTERVALS_MIN || b.length < INTERVALS_MIN) return null
  const left = momentsOf(a)
  const right = momentsOf(b)
  const difference = Math.abs(left.mean - right.mean)
  const error = Math.sqrt(left.varianceOfMean + right.varianceOfMean)
  if (error === 0) return difference > 0
  return difference > criticalValue(left, right) * error
}

interface Moments {
  readonly mean: number
  readonly varianceOfMean: number
  readonly effectiveCount: number
}

export function effectiveCountOf(values: readonly number[]): number {
  const mean = meanOf(values)
  const variance = sumOf(values, (value) => (value - mean) ** 2)
  if (variance === 0) return values.length
  let sum = 0
  const lagMax = Math.floor(values.length * LAG_SHARE_MAX)
  for (let lag = 1; lag <= lagMax; lag++) {
    let covariance = 0
    for (let at = lag; at < values.length; at++) {
      covariance += (values[at] - mean) * (values[at - lag] - mean)
    }
    if (covariance <= 0) break
    sum += covariance / variance
  }
  return Math.max(2, values.length / (1 + 2 * sum))
}

function momentsOf(values: readonly number[]): Moments {
  const mean = meanOf(values)
  const variance = sumOf(values, (value) => (value - mean) ** 2) / (values.length - 1)
  const effectiveCount = effectiveCountOf(values)
  return { mean, varianceOfMean: variance / effectiveCount, effectiveCount }
}

/** Two-sided, 99 %: degrees of freedom → Student's t. Between rows the higher value is taken. */
const STUDENT_T_99 = [
  [1, 63.66],
  [2, 9.925],
  [3, 5.841],
  [4, 4.604],
  [5, 4.032],
  [6, 3.707],
  [8, 3.355],
  [10, 3.169],
  [15, 2.947],
  [20, 2.845],
  [30, 2.75],
  [60, 2.66],
  [120, 2.617],
] as const

/** Welch and Satterthwaite's degrees of freedom. */
function criticalValue(a: Moments, b: Moments): number {
  const term = ({ varianceOfMean, effectiveCount }: Moments): number =>
    varianceOfMean ** 2 / (effectiveCount - 1)
  const freedom = (a.varianceOfMean + b.varianceOfMean) ** 2 / (term(a) + term(b))
  const row = STUDENT_T_99.findLast(([least]) => least <= freedom) ?? STUDENT_T_99[0]
  return row[1]
}

function meanOf(values: readonly number[]): number {
  return sumOf(values, (value) => value) / values.length
}

function sumOf(values: readonly number[], read: (value: number) => number): number {
  return values.reduce((sum, value) => sum + read(value), 0)
}
