/**
 * From the settings of `pushctl doctor` to the target that the checks judge by: units, and what is
 * derived.
 */
import type { OptionsOf } from '../../config/option-table.ts'
import type { Target } from '../../doctor/target.ts'
import type { DOCTOR_OPTIONS } from '../doctor-options.ts'

export type DoctorOptions = OptionsOf<typeof DOCTOR_OPTIONS>

export function targetOf(options: DoctorOptions): Target {
  const { role, connections, connectsPerSecond, messagesPerSecond, messageBytes } = options
  const { serverCloseFraction, listeners, workers, sourceAddresses, destinations } = options
  const { bindMode, processBytesPerConnection, ports, heartbeatMs } = options
  return {
    role,
    connections,
    connectsPerSecond,
    messagesPerSecond,
    messageBytes,
    serverCloseFraction,
    dirtySockets: options.broadcast ? connections : null,
    acceptStallSeconds: options.acceptStallMs / 1_000,
    listeners,
    sourceAddresses,
    destinations,
    bindMode,
    heartbeatSeconds: heartbeatMs === undefined ? null : heartbeatMs / 1_000,
    roundTripSecondsP99: options.roundTripMsP99 / 1_000,
    processBytesPerConnection,
    workers,
    ports,
  }
}
