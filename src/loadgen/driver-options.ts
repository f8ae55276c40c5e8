/** What the drivers of a shard need of its setup. */
import type { ShardSetup } from './shard-messages.ts'

export function driverOptions(setup: ShardSetup) {
  return {
    runId: setup.runId,
    messageBytes: setup.messageBytes,
    devicePrefix: setup.devices.prefix,
    deviceDigits: setup.devices.digits,
    heartbeatSeconds: setup.heartbeatSeconds,
    acks: setup.qos === 1,
    broadcast: setup.activities.broadcast,
    deviceSecret: setup.deviceSecret,
  }
}
