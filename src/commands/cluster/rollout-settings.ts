/** The options of a rollout as what the rollout works with; they were checked before. */
import type { ClusterOptions } from '../cluster-options.ts'
import type { RolloutSettings } from './rollout.ts'
import { parseStages, type StageSize } from './rollout-stages.ts'
import { DEFAULT_THRESHOLDS, parseThreshold } from './rollout-thresholds.ts'

/** A check is a test of the user, which may be a bench of an hour. */
const CHECK_MS_MAX = 86_400_000

export function rolloutSettings(
  options: ClusterOptions,
): Omit<RolloutSettings, 'stages'> & { readonly sizes: readonly StageSize[] } {
  const { restart = '', revert, thresholds, remoteShell = null, readyTimeoutMs, check } = options
  const commandOf = (text: string) => ({ text, remoteShell, timeLimitMs: readyTimeoutMs })
  const rules = thresholds.length > 0 ? thresholds : DEFAULT_THRESHOLDS
  return {
    sizes: parseStages(options.stages) ?? [],
    restart: commandOf(restart),
    revert: revert === undefined ? null : commandOf(revert),
    drainPerSecond: options.drain ? options.drainRate : null,
    readyMs: readyTimeoutMs,
    soakMs: options.soakMs,
    thresholds: rules.map(parseThreshold).filter((rule) => typeof rule !== 'string'),
    check: check ?? null,
    checkMs: CHECK_MS_MAX,
  }
}
