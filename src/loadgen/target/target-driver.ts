/**
 * What a protocol has to say so that bench can drive it: how a connection is greeted, how bytes
 * become received messages, how one is sent. One file per protocol beside this one; the worker
 * knows only this interface. A driver serves all connections of a shard to one target and keeps
 * what it must remember of each in columns, never in objects.
 */
import type { Slot } from '../../engine/socket-engine.ts'
import type { ConnectionEnd } from '../back-off.ts'
import type { DeviceNames } from '../device-names.ts'
import type { SizeClasses } from '../population/size-classes.ts'
import type { TagRooms } from '../population/tag-rooms.ts'
import type { TemplateNames } from './message-template.ts'

/** What a driver reports to the worker, from inside greet() and receive(). */
export interface ConnectionEvents {
  /** The carrier is ready and the greeting sent (after a WebSocket upgrade). */
  onGreeting(slot: Slot): void
  /** The target has accepted the device. */
  onWelcome(slot: Slot, heartbeatSeconds: number): void
  /** A message; its payload is bytes[start, end), good until this call returns. */
  onMessage(slot: Slot, bytes: Uint8Array, start: number, end: number): void
  /** The answer to ping(); heartbeatSeconds is a new grant, or -1. */
  onPong(slot: Slot, heartbeatSeconds: number): void
  /**
   * The target ended the connection with a reason, or broke the protocol (`isFault`). The worker
   * closes it. `end` is what the target said about coming back.
   */
  onEnd(slot: Slot, cause: string, sample: string, isFault: boolean, end?: ConnectionEnd): void
}

export interface TargetDriver {
  /**
   * The TCP connection stands. Returns true when the device was greeted at once, false where an
   * upgrade comes first.
   */
  greet(slot: Slot, connection: number): boolean
  /** Reads bytes[start, end); returns from where they must be kept and presented again. */
  receive(slot: Slot, connection: number, bytes: Uint8Array, start: number, end: number): number
  /** Sends one upstream message that the target sends back. */
  sendUpstream(
    slot: Slot,
    seq: number,
    intendedUs: number,
    writtenUs: number,
    connection: number,
  ): void
  ping(slot: Slot): void
  /** What politeness asks for before the connection is closed: a close frame, or nothing. */
  sayGoodbye(slot: Slot): void
}

export interface DriverOptions {
  readonly runId: number
  readonly messageBytes: number
  readonly devicePrefix: string
  readonly deviceDigits: number
  /** Requested of the target, 0: let it choose. */
  readonly heartbeatSeconds: number
  /** Stored messages of the push protocol are acknowledged, once for each read. */
  readonly acks: boolean
  /** Signs the device tokens of the push protocol; missing: devices have none. */
  readonly deviceSecret?: Uint8Array | undefined
  /** Whether messages to all will come, where a device must ask for them. */
  readonly broadcast: boolean
  /** What the devices of push nodes say and are; missing: one size, filler, no tags. */
  readonly sizes?: SizeClasses | undefined
  readonly payloadText?: string | undefined
  readonly rooms?: DeviceRooms | undefined
  /** Of what is random in messages. */
  readonly seed?: number
}

/** The tag that each device asks for in its HELLO. */
export interface DeviceRooms {
  readonly names: DeviceNames
  readonly rooms: TagRooms
}

export function namesOf({ runId, devicePrefix, deviceDigits }: DriverOptions): TemplateNames {
  return { runId, devices: { prefix: devicePrefix, digits: deviceDigits } }
}
