/**
 * What a shard says about one of its devices. Allocates; asked for by people, one device at a time.
 */
import type { Slot, SocketEngine } from '../engine/socket-engine.ts'
import type { DeviceState } from './node-control.ts'
import { carrierNameOf } from './http-devices/http-engine.ts'
import type { SessionTable } from './session-table.ts'
import type { ShardDown } from './shard-messages.ts'
import type { TagIndex } from './tag-index.ts'

const NETWORK_NAMES = ['unknown', 'wifi', '2G', '3G', '4G', '5G', 'wired']

export interface DescriptionParts {
  readonly shard: number
  readonly engine: SocketEngine
  readonly addressOf: (slot: Slot) => string
  readonly sessions: SessionTable
  readonly tags: TagIndex
  readonly tick: number
  readonly tickMs: number
  readonly bootId: number
}

/** null where the slot is not, or no longer, that device's. */
export function describeDevice(
  parts: DescriptionParts,
  question: Extract<ShardDown, { kind: 'describe-device' }>,
): DeviceState | null {
  const { engine, sessions } = parts
  const { slot, generation, deviceId } = question
  if (engine.generationOf(slot) !== generation || !sessions.isJoined(slot)) return null
  if (new TextDecoder().decode(sessions.deviceIdOf(slot)) !== deviceId) return null
  const ticksToMs = (tick: number) => (parts.tick - tick) * parts.tickMs
  return {
    deviceId,
    online: true,
    sessionId: sessionIdText(parts.bootId, sessions.sessionIds[slot]),
    shard: parts.shard,
    carrier: carrierNameOf(engine, sessions, slot),
    address: parts.addressOf(slot),
    network: NETWORK_NAMES[sessions.networkOf[slot]] ?? 'unknown',
    heartbeatSeconds: sessions.heartbeatSeconds[slot],
    connectedAtMs: Date.now() - ticksToMs(sessions.joinedTicks[slot]),
    idleSeconds: Math.round(ticksToMs(sessions.lastSeenTicks[slot]) / 1000),
    queuedBytes: engine.queuedBytesOf(slot),
    tags: parts.tags.tagsOf(slot),
  }
}

/** 16 hexadecimal digits, as in the WELCOME. */
function sessionIdText(high: number, low: number): string {
  return high.toString(16).padStart(8, '0') + low.toString(16).padStart(8, '0')
}
