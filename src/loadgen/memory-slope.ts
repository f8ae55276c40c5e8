/**
 * Bytes per connection as the slope of memory over connections while they are opened: heaps, code
 * and histograms are there before the first connection and cancel out. Least squares over the
 * samples; null where there are too few connections for the noise of a garbage-collected heap
 * (megabytes) to vanish in the quotient.
 */
import type { MemoryPoint } from '../stats/run-report.ts'

export interface MemorySample {
  readonly connections: number
  readonly bytes: number
}

/** Enough to see a bend in the line. */
const POINTS_MAX = 120
const CONNECTIONS_MIN = 5_000
const SAMPLES_MIN = 3

export function bytesPerConnection(samples: readonly MemorySample[]): number | null {
  const most = Math.max(0, ...samples.map(({ connections }) => connections))
  if (most < CONNECTIONS_MIN || samples.length < SAMPLES_MIN) return null
  const meanConnections = mean(samples.map(({ connections }) => connections))
  const meanBytes = mean(samples.map(({ bytes }) => bytes))
  let covariance = 0
  let variance = 0
  for (const { connections, bytes } of samples) {
    covariance += (connections - meanConnections) * (bytes - meanBytes)
    variance += (connections - meanConnections) ** 2
  }
  // Memory that did not grow says that something else shrank, not that a connection is free.
  return covariance > 0 ? Math.round(covariance / variance) : null
}

/** The samples for a picture: evenly thinned out, the last one kept. */
export function memoryPoints(samples: readonly MemorySample[]): MemoryPoint[] {
  const step = Math.ceil(samples.length / POINTS_MAX)
  return samples
    .filter((_, index) => (samples.length - 1 - index) % step === 0)
    .map(({ connections, bytes }) => [connections, bytes])
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
