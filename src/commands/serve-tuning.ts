/** From settings that were read again to what a running node changes; every fault at once. */
import type { OptionsOf } from '../config/option-table.ts'
import { ConfigFaults } from '../errors/pushctl-error.ts'
import type { PayloadKey } from '../protocol/payload-keys.ts'
import type { NodeTuning } from '../server/shard-tuning.ts'
import { planGuard } from './serve-guard.ts'
import type { SERVE_OPTIONS } from './serve-options.ts'

type ServeOptions = OptionsOf<typeof SERVE_OPTIONS>

/** Throws ConfigFaults where an address is none. */
export function planTuning(options: ServeOptions, payloadKeys: readonly PayloadKey[]): NodeTuning {
  const { guard, faults } = planGuard(options, [])
  if (faults.length > 0) throw new ConfigFaults(faults)
  return {
    handshakeMs: options.handshakeMs,
    heartbeatSecondsMin: Math.ceil(options.heartbeatMs.min / 1000),
    heartbeatSecondsMax: Math.ceil(options.heartbeatMs.max / 1000),
    broadcastPerSecond: options.broadcastPerSecond,
    guard,
    payloadKeys,
  }
}
