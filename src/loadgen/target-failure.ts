/**
 * The error of a run in which no connection came up: what failed, in which phase, and what that
 * usually means.
 */
import { PushctlError } from '../errors/pushctl-error.ts'
import type { FailureRow } from './failure-tally.ts'
import type { ShardGroup } from './shard-group.ts'
import { protocolTitle, type ResolvedTarget } from './target/target-address.ts'
import { isWrongProtocol } from './target/wrong-protocol.ts'

/** By what failed most on the shards. */
export function connectFailure(shards: ShardGroup, targets: readonly ResolvedTarget[]) {
  const failures = shards.states.map(({ progress }) => progress?.topFailure ?? null)
  const top = failures.reduce((most, row) => ((row?.count ?? 0) > (most?.count ?? 0) ? row : most))
  const failed = shards.sum((progress) => progress.failed)
  const urls = targets.map(({ url }) => url)
  return targetFailure(failed, top, urls, protocolTitle(targets[0].carrier))
}

const SAMPLE_CHARACTERS_MAX = 160

/** A sample is what a stranger sent: one line, nothing that a terminal would obey. */
function printable(sample: string): string {
  const text = sample.replace(/[^\x21-\x7e]+/g, ' ').trim()
  return text.length <= SAMPLE_CHARACTERS_MAX ? text : `${text.slice(0, SAMPLE_CHARACTERS_MAX)}…`
}

export function targetFailure(
  failed: number,
  top: FailureRow | null,
  targets: readonly string[],
  protocol = 'the push protocol',
): PushctlError {
  const shown = targets.join(', ')
  if (top === null) {
    return new PushctlError('PUSHCTL_TARGET_UNREACHABLE', `no connection to ${shown} came up`)
  }
  const seen = `all of the first ${failed} connections failed in phase ${top.phase}: ${top.cause}`
  const sample = printable(top.sample)
  const why = sample === '' ? seen : `${seen} (${sample})`
  if (top.cause === 'EADDRNOTAVAIL') {
    return new PushctlError('PUSHCTL_PORTS', `no local port or source address to reach ${shown}`, {
      why,
      tries: ['--source-ip with addresses of this host', 'wait a minute for TIME_WAIT to pass'],
    })
  }
  if (top.cause === 'EMFILE' || top.cause === 'ENFILE') {
    return new PushctlError('PUSHCTL_DESCRIPTORS', 'no descriptor left for a connection', {
      why,
      tries: ['--processes 2', 'fewer --connections'],
    })
  }
  if (top.phase === 'connect') {
    return new PushctlError('PUSHCTL_TARGET_UNREACHABLE', `${shown} cannot be reached`, {
      why,
      tries: ['check address and port, and that the target listens'],
    })
  }
  if (isWrongProtocol(top.cause)) {
    return new PushctlError('PUSHCTL_TARGET_PROTOCOL', `${shown} ${top.cause}`, {
      why: seen,
      tries: ['check that scheme and port are those of one listener'],
    })
  }
  if (/^(bye|close|http|connack|suback|disconnect) /.test(top.cause)) {
    return new PushctlError('PUSHCTL_TARGET_REFUSED', `${shown} refused every connection`, { why })
  }
  return new PushctlError('PUSHCTL_TARGET_PROTOCOL', `${shown} does not speak ${protocol}`, {
    why,
    tries: ['check that the scheme fits the port: tcp:// and ws:// are different listeners'],
  })
}
