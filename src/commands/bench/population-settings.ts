/**
 * From the options of bench to the population of a run and its bad clients: what goes together, and
 * shares of the connections as counts.
 */
import type { OptionsOf } from '../../config/option-table.ts'
import { formatBytes } from '../../config/quantities.ts'
import { type SizeDistribution, sizeBoundsOf } from '../../config/size-distribution.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'
import { badClientCount } from '../../loadgen/bad-clients/bad-client-kinds.ts'
import {
  PAYLOAD_TEXT_BYTES_MAX,
  payloadBytesNeeded,
  payloadTextFault,
} from '../../loadgen/population/payload-text.ts'
import {
  fixedSize,
  meanBytesOf,
  type SizeClasses,
  sizeClassesOf,
} from '../../loadgen/population/size-classes.ts'
import { isPush, type TargetAddress } from '../../loadgen/target/target-address.ts'
import { activitiesOf, type BenchSettings, type WorkloadMode } from '../../loadgen/workload.ts'
import type { POPULATION_OPTIONS } from './population-options.ts'

export interface PopulationOptions extends OptionsOf<typeof POPULATION_OPTIONS> {
  readonly mode: WorkloadMode
  readonly connections: number
  readonly messageSizes: SizeDistribution
}

/** 24 bytes say when a message was due; a frame has at most 64 KiB. */
export const MESSAGE_BYTES = { min: 24, max: 60 * 1024 } as const

export function populationFrom(
  options: PopulationOptions,
): Pick<BenchSettings, 'messageBytes' | 'population' | 'badClients'> {
  const sizes = classesOf(options)
  const { tags, tagSkew, tagShare, payloadText, publishers } = options
  const rooms = tags === 0 ? undefined : { count: tags, skew: tagSkew, pushShare: tagShare }
  const isPlain = rooms === undefined && payloadText === undefined && publishers === 1
  const badClients = badClientsFrom(options)
  return {
    messageBytes: Math.round(meanBytesOf(sizes)),
    ...(isPlain && sizes.bytes.length === 1
      ? {}
      : { population: { sizes, payloadText, rooms, publishers } }),
    ...(badClientCount(badClients) === 0 ? {} : { badClients }),
  }
}

export function populationFaults(
  options: PopulationOptions,
  targets: readonly TargetAddress[],
): readonly PushctlError[] {
  const { mode, payloadText, messageSizes, tags } = options
  const { echo, unicast } = activitiesOf(mode)
  const faults: PushctlError[] = []
  const fault = (message: string, ...tries: string[]): void => {
    faults.push(new PushctlError('PUSHCTL_USAGE', message, { tries }))
  }
  const stranger = targets.find(({ carrier }) => !isPush(carrier))
  if (stranger !== undefined && tags > 0) {
    fault(`--tags goes with push nodes (tcp://, ws://), got "${stranger.url}"`)
  }
  if (stranger !== undefined && echo && messageSizes.kind !== 'fixed') {
    fault(`several sizes in --message-size do not go with --mode echo and "${stranger.url}"`)
  }
  if (stranger !== undefined && echo && payloadText !== undefined) {
    fault(
      `--payload does not go with --mode echo and "${stranger.url}"`,
      "--template '…{payload}…'",
    )
  }
  if (options.publishers > 1 && !unicast) {
    fault(`--publishers does not go with --mode ${mode}`, '--mode unicast', '--mode mixed')
  }
  if (tags > 0 && !unicast) {
    fault(`--tags does not go with --mode ${mode}`, '--mode unicast', '--mode mixed')
  }
  const encrypted = targets.find(({ tls }) => tls !== undefined)
  if (encrypted !== undefined && badClientCount(badClientsFrom(options)) > 0) {
    fault(`bad clients speak plain TCP and WebSocket, got "${encrypted.url}"`)
  }
  faults.push(...payloadFaults(options))
  return faults
}

function payloadFaults({ payloadText, messageSizes, connections }: PopulationOptions) {
  const faults: PushctlError[] = []
  if (payloadText === undefined) return faults
  const reason = payloadTextFault(payloadText)
  if (reason !== null) {
    faults.push(new PushctlError('PUSHCTL_USAGE', `the text of --payload ${reason}`))
    return faults
  }
  const bytes = Buffer.byteLength(payloadText)
  if (bytes > PAYLOAD_TEXT_BYTES_MAX) {
    const most = formatBytes(PAYLOAD_TEXT_BYTES_MAX)
    const message = `the text of --payload must be at most ${most}, got ${formatBytes(bytes)}`
    return [new PushctlError('PUSHCTL_USAGE', message)]
  }
  const needed = payloadBytesNeeded(payloadText, connections)
  const [smallest] = sizeBoundsOf(messageSizes)
  if (smallest >= needed) return faults
  const message = `--payload needs a --message-size of at least ${needed} bytes, got ${smallest}`
  return [new PushctlError('PUSHCTL_USAGE', message, { tries: [`--message-size ${needed}`] })]
}

/** With a text no size is below what it needs. */
function classesOf({ messageSizes, payloadText, connections }: PopulationOptions): SizeClasses {
  if (messageSizes.kind === 'fixed') return fixedSize(messageSizes.bytes)
  const needed = payloadText === undefined ? 0 : payloadBytesNeeded(payloadText, connections)
  const bytesMin = Math.max(MESSAGE_BYTES.min, needed)
  return sizeClassesOf(messageSizes, { bytesMin, bytesMax: MESSAGE_BYTES.max })
}

/** A share that is not 0 is one client at least. */
function badClientsFrom(options: PopulationOptions): NonNullable<BenchSettings['badClients']> {
  const countOf = (share: number): number => Math.ceil(share * options.connections - 1e-9)
  return {
    slowReaders: countOf(options.slowReaders),
    readBytesPerSecond: options.slowReadBytes,
    neverReaders: countOf(options.neverReaders),
    droppers: countOf(options.droppers),
    upMs: options.dropUpMs,
    awayMs: options.dropAwayMs,
    halfOpen: countOf(options.halfOpen),
  }
}
