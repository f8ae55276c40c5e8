/**
 * What bad clients take of this host beside the connections: processes, descriptors, ports, and
 * above all memory of the kernel, which keeps what those do not read that are sent it.
 */
import { NODE_MEMORY, GENERATOR_MEMORY } from '../../stats/capacity/process-memory.ts'
import type { SocketMemory } from '../../stats/capacity/socket-memory.ts'
import { type BadClientSettings, badClientCount } from '../bad-clients/bad-client-kinds.ts'
import { isLoopback, type ResolvedTarget } from '../target/target-address.ts'
import { activitiesOf, type BenchSettings } from '../workload.ts'
import { DESCRIPTORS_RESERVED } from './shard-choice.ts'

/** More in one process would take turns of its loop from each other. */
const CLIENTS_PER_PROCESS_MAX = 8_000
/** node:net sockets, which they are made of (docs/populations.md#bad-clients). */
const BYTES_PER_CLIENT = 4 * 1024
/**
 * What kernels and the queue of a node hold of what a client does not read, at most: on loopback,
 * kernel 6.18, tcp_wmem up to 4 MB, a node cut such clients after 6.5 MB. On the client's end alone
 * half of it.
 */
const UNREAD_BYTES_MAX = 8 * 1024 * 1024

export interface BadClientDemand {
  readonly clients: number
  /** They are divided over so many. */
  readonly processes: number
  /** The most that one of these processes needs, reserve included. */
  readonly descriptors: number
  /** On this host: both ends where the target is here. */
  readonly sockets: number
  /** Of our processes. */
  readonly processBytes: number
  /** Of the kernel: their sockets, and what waits in them. */
  readonly kernelBytes: number
  /** The part of it that waits for clients which do not read, when they have been sent the most. */
  readonly unreadBytes: number
}

/** null where all clients behave. @param descriptorsPerProcess null: unlimited or unknown */
export function badClientDemand(
  settings: BenchSettings,
  targets: readonly ResolvedTarget[],
  descriptorsPerProcess: number | null,
  socket: SocketMemory,
): BadClientDemand | null {
  const { badClients } = settings
  const clients = badClientCount(badClients)
  if (badClients === undefined || clients === 0) return null
  const usable = (descriptorsPerProcess ?? Number.POSITIVE_INFINITY) - DESCRIPTORS_RESERVED
  const perProcess = Math.max(1, Math.min(CLIENTS_PER_PROCESS_MAX, usable))
  const processes = Math.ceil(clients / perProcess)
  const isTargetHere = targets.some(({ address }) => isLoopback(address))
  const unreadBytes = unreadOf(settings, badClients, isTargetHere)
  const nodeBytes = isTargetHere ? NODE_MEMORY.bytesPerConnection : 0
  const socketBytes = socket.dialledBytes + (isTargetHere ? socket.acceptedBytes : 0)
  return {
    clients,
    processes,
    descriptors: DESCRIPTORS_RESERVED + Math.ceil(clients / processes),
    sockets: clients * (isTargetHere ? 2 : 1),
    processBytes:
      processes * GENERATOR_MEMORY.bytesPerProcess + clients * (BYTES_PER_CLIENT + nodeBytes),
    kernelBytes: clients * socketBytes + unreadBytes,
    unreadBytes,
  }
}

/** No more than is sent, and no more than fits before a node cuts them. */
function unreadOf(
  settings: BenchSettings,
  { slowReaders, neverReaders, readBytesPerSecond }: BadClientSettings,
  isTargetHere: boolean,
): number {
  const seconds = (settings.warmupMs + settings.durationMs) / 1000
  const sentBytes = seconds * bytesPerSecondToOne(settings)
  const most = isTargetHere ? UNREAD_BYTES_MAX : UNREAD_BYTES_MAX / 2
  const readBytes = Math.min(sentBytes, seconds * readBytesPerSecond)
  return Math.round(
    neverReaders * Math.min(most, sentBytes) + slowReaders * Math.min(most, sentBytes - readBytes),
  )
}

/** What a client is sent, on average: pushes to itself, to its room, and to all. */
function bytesPerSecondToOne(settings: BenchSettings): number {
  const { mode, connections, messagesPerSecond, messageBytes, population } = settings
  const { unicast, broadcast } = activitiesOf(mode)
  const { rooms } = population ?? {}
  const roomShare = rooms === undefined ? 0 : rooms.pushShare
  const toOne = ((1 - roomShare) * messagesPerSecond) / connections
  const toRoom = rooms === undefined ? 0 : (roomShare * messagesPerSecond) / rooms.count
  const seconds = Math.max(1, settings.durationMs / 1000)
  const counted = (settings.broadcastCount ?? 0) / seconds
  const toAll = !broadcast ? 0 : unicast ? counted : Math.max(messagesPerSecond, counted)
  return messageBytes * ((unicast ? toOne + toRoom : 0) + toAll)
}
