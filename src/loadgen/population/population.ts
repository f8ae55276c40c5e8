/**
 * Who there is in a run beside the count of its devices, and what is said to them: rooms that
 * devices share, how many publish, how large payloads are and what is in them. Plain, may be
 * posted; a part that is missing is as it was without a population.
 */
import type { SizeClasses } from './size-classes.ts'
import type { RoomSettings } from './tag-rooms.ts'

export interface Population {
  /** Missing: all payloads have the run's one size. */
  readonly sizes?: SizeClasses | undefined
  /** What is in a payload after its marker, a template; missing: filler. */
  readonly payloadText?: string | undefined
  /** Missing: devices have no tags. */
  readonly rooms?: RoomPushes | undefined
  /** Connections that pushes to devices come in over; missing: one. */
  readonly publishers?: number | undefined
}

export interface RoomPushes extends RoomSettings {
  /** So many of the pushes, 0 to 1, go to all devices of a room instead of to one device. */
  readonly pushShare: number
}
