/**
 * Closes devices for good (BYE 4002), wherever in the cluster they are: any node passes it on. A
 * node that cannot be reached is passed over, because which one is asked does not matter.
 */
import { PushctlError } from '../../errors/pushctl-error.ts'
import type { ClusterWork } from './cluster-work.ts'
import { askNode } from './node-requests.ts'

export interface KickOutcome {
  readonly device: string
  /** false: no node had it. */
  readonly kicked: boolean
}

export async function kickDevices(
  work: ClusterWork,
  deviceIds: readonly string[],
): Promise<readonly KickOutcome[]> {
  const nodes = await work.source.read()
  const urls = nodes.filter(({ state }) => state !== 'fenced').map(({ http }) => http)
  if (urls.length === 0) {
    const message = `a node must hold its lease to pass a kick on, got ${nodes.length} fenced ones`
    throw new PushctlError('PUSHCTL_TARGET_UNREACHABLE', message, {
      tries: ['pushctl cluster status'],
    })
  }
  const outcomes: KickOutcome[] = []
  for (const device of deviceIds) {
    outcomes.push({ device, kicked: await kickThroughAny(work, urls, device) })
  }
  return outcomes
}

async function kickThroughAny(
  work: ClusterWork,
  urls: readonly string[],
  deviceId: string,
): Promise<boolean> {
  let failure: unknown = null
  for (const url of urls) {
    try {
      const path = `/v1/devices/${encodeURIComponent(deviceId)}`
      const { status } = await askNode(work.access, ['DELETE', url, path], null, [204, 404])
      return status !== 404
    } catch (error) {
      if (!(error instanceof PushctlError)) throw error
      if (error.code !== 'PUSHCTL_TARGET_UNREACHABLE') throw error
      failure ??= error
    }
  }
  throw failure
}
