/**
 * Who should have received the pushes to rooms: the choice of rooms is made again from the seed,
 * and each push is owed to those of its room that were up when it was due.
 */
import { pacerFrom } from '../pacing/arrival-model.ts'
import type { RoomPushCounts, ShardResult, SteadyStage } from '../shard-messages.ts'
import type { Population } from './population.ts'
import { TagChoice } from './tag-choice.ts'

export interface PlannedPopulation {
  readonly seed: number
  readonly population?: Population | undefined
}

/** Deliveries in all. */
export function countRoomPushes(
  results: readonly ShardResult[],
  stage: SteadyStage,
  { seed, population }: PlannedPopulation,
  pushes: RoomPushCounts | undefined,
): number {
  const rooms = population?.rooms
  const members = membersAtEnd(results)
  if (rooms === undefined || pushes === undefined || stage.arrivals === null) return 0
  const ends = endsOf(results)
  for (const { room } of ends) members[room] += 1
  const choice = new TagChoice(seed, rooms.pushShare, members.length)
  const pacer = pacerFrom(stage.arrivals)
  let ended = 0
  let deliveries = 0
  for (let push = 0; push < pushes.chosen; push++) {
    const dueUs = stage.startUs + pacer.intendedUs(push)
    const room = choice.next()
    for (; ended < ends.length && ends[ended].us < dueUs; ended++) members[ends[ended].room] -= 1
    if (room >= 0 && dueUs >= stage.measureFromUs) deliveries += members[room]
  }
  return deliveries
}

function membersAtEnd(results: readonly ShardResult[]): Float64Array {
  const members = new Float64Array(results.find(({ rooms }) => rooms)?.rooms?.members.length ?? 0)
  for (const { rooms } of results) rooms?.members.forEach((count, at) => (members[at] += count))
  return members
}

/** Connections that ended, in order of time. */
function endsOf(results: readonly ShardResult[]): { us: number; room: number }[] {
  const ends = results.flatMap(({ endedUs, rooms }) =>
    rooms === undefined ? [] : [...rooms.ended].map((room, at) => ({ us: endedUs[at], room })),
  )
  return ends.sort((one, other) => one.us - other.us)
}
