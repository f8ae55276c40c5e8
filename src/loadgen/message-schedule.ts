/**
 * What is due when in a run, warm-up included. Rates run from the beginning of the warm-up; exact
 * counts lie in the measured time alone, so that the count is what the report says.
 */
import type { ArrivalModel } from './pacing/arrival-model.ts'
import { activitiesOf, type BenchSettings } from './workload.ts'

export interface MessageSchedule {
  /** Echoes or unicasts; null where there are none. */
  readonly arrivals: ArrivalModel | null
  readonly broadcasts: ArrivalModel | null
}

/**
 * Counted unicasts end this long before the measured time does, so that a publisher that is behind
 * at its end can still send them all.
 */
const UNICAST_TAIL_US = 1e6
const UNICAST_TAIL_SHARE_MAX = 0.1
/** Counted broadcasts leave the connections this time to settle. */
const BROADCAST_LEAD_US = 1e6
/**
 * Deliveries that two busy cores, shared by node and generator, manage at the least: the pace at
 * which our own node sends to so many (own-node-process.ts), and the time that a schedule leaves.
 */
export const DELIVERIES_PER_SECOND_MIN = 12_500
/** Of the measured time, at each end, where it is too short for the above. */
const BROADCAST_MARGIN_SHARE_MAX = 1 / 3

export function scheduleOf(settings: BenchSettings): MessageSchedule {
  const { echo, unicast, broadcast } = activitiesOf(settings.mode)
  const { unicastCount, broadcastCount, warmupMs, durationMs } = settings
  const fromUs = warmupMs * 1000
  const untilUs = fromUs + durationMs * 1000
  const byRate = modelByRate(settings)
  const unicasts: ArrivalModel | null =
    unicastCount === null
      ? byRate
      : {
          kind: 'spread',
          total: unicastCount,
          fromUs,
          untilUs: untilUs - Math.min(UNICAST_TAIL_US, (untilUs - fromUs) * UNICAST_TAIL_SHARE_MAX),
        }
  const counted: ArrivalModel | null =
    broadcastCount === null
      ? null
      : {
          kind: 'spread',
          total: broadcastCount,
          ...broadcastWindow(settings.connections, fromUs, untilUs),
        }
  return {
    arrivals: echo ? byRate : unicast ? unicasts : null,
    broadcasts: broadcast ? (counted ?? (unicast ? null : byRate)) : null,
  }
}

/**
 * The part of the measured time in which broadcasts are due: the last one can be received in full.
 */
export function broadcastWindow(connections: number, fromUs: number, untilUs: number) {
  const marginUsMax = (untilUs - fromUs) * BROADCAST_MARGIN_SHARE_MAX
  const receiveUs = (connections / DELIVERIES_PER_SECOND_MIN) * 1e6
  return {
    fromUs: fromUs + Math.min(BROADCAST_LEAD_US, marginUsMax),
    untilUs: untilUs - Math.min(Math.max(BROADCAST_LEAD_US, receiveUs), marginUsMax),
  }
}

function modelByRate(settings: BenchSettings): ArrivalModel | null {
  const { messagesPerSecond, warmupMs, durationMs, arrivals, seed } = settings
  if (messagesPerSecond <= 0) return null
  const stageUs = (warmupMs + durationMs) * 1000
  return arrivals === 'poisson'
    ? { kind: 'poisson', eventsPerSecond: messagesPerSecond, stageUs, seed }
    : { kind: 'constant', eventsPerSecond: messagesPerSecond, stageUs }
}
