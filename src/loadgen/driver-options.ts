/** What the drivers of a shard need of its setup. */
import { TagRooms } from './population/tag-rooms.ts'
import type { ShardSetup } from './shard-messages.ts'
import type { DeviceRooms, DriverOptions } from './target/target-driver.ts'

export function driverOptions(setup: ShardSetup, rooms: DeviceRooms | null): DriverOptions {
  const { share, population = {}, seed = 0 } = setup
  return {
    runId: setup.runId,
    messageBytes: setup.messageBytes,
    devicePrefix: setup.devices.prefix,
    deviceDigits: setup.devices.digits,
    heartbeatSeconds: setup.heartbeatSeconds,
    acks: setup.qos === 1,
    broadcast: setup.activities.broadcast,
    deviceSecret: setup.deviceSecret,
    sizes: population.sizes,
    payloadText: population.payloadText,
    rooms: rooms ?? undefined,
    seed: (seed + share.shard) >>> 0,
  }
}

/** null: devices have no tags. */
export function deviceRooms({ share, population, roomNames }: ShardSetup): DeviceRooms | null {
  const rooms = population?.rooms
  if (rooms === undefined || roomNames === undefined) return null
  return { names: roomNames, rooms: new TagRooms(rooms, share.connections) }
}
