/** From the settings of serve-guard-options.ts to what protects a node; every fault at once. */
import type { OptionsOf } from '../config/option-table.ts'
import type { PushctlError } from '../errors/pushctl-error.ts'
import { type NodeGuardSettings, NO_GUARD } from '../server/guard/guard-settings.ts'
import type { GUARD_OPTIONS } from './serve-guard-options.ts'

export interface PlannedGuard {
  readonly guard: NodeGuardSettings
  readonly faults: readonly PushctlError[]
}

export function planGuard(options: OptionsOf<typeof GUARD_OPTIONS>): PlannedGuard {
  const guard = {
    ...NO_GUARD,
    connectsPerSecond: options.connectsPerSecondMax,
    memoryBytesMax: options.memoryBytesMax ?? 0,
    loopLagMsMax: options.loopLagMsMax,
    deviceFramesPerSecond: options.deviceFramesPerSecond,
    deviceBytesPerSecond: options.deviceBytesPerSecond,
    devicePushesPerSecond: options.devicePushesPerSecond,
  }
  return { guard, faults: [] }
}
