/**
 * Tells a target that is not there from one whose HTTP API is somewhere else. The API is asked
 * before the first connection, so where nothing runs at all it fails first, at a port that nobody
 * has named.
 */
import { connect } from 'node:net'
import { PushctlError } from '../errors/pushctl-error.ts'
import type { ResolvedTarget } from './target/target-address.ts'

const PROBE_LIMIT_MS = 2_000
/** Of many targets the first ones stand for all. */
const PROBES_MAX = 4

/**
 * @param error why the API did not answer
 * @throws PushctlError that a target cannot be reached, else the error itself
 */
export async function blameTarget(
  error: unknown,
  targets: readonly ResolvedTarget[],
): Promise<never> {
  const probed = targets.slice(0, PROBES_MAX)
  const causes = await Promise.all(probed.map(whyUnreachable))
  const index = causes.findIndex((cause) => cause !== null)
  const isSilent = error instanceof PushctlError && error.code === 'PUSHCTL_TARGET_UNREACHABLE'
  if (!isSilent || index < 0) throw error
  const { url } = probed[index]
  throw new PushctlError('PUSHCTL_TARGET_UNREACHABLE', `${url} cannot be reached`, {
    why: `connect: ${causes[index]}`,
    tries: ['check address and port, and that the target listens'],
    cause: error,
  })
}

/** null where somebody listens; else the code of the error, or "timeout". */
function whyUnreachable({ address, port }: ResolvedTarget): Promise<string | null> {
  return new Promise((resolve) => {
    const socket = connect({ host: address, port })
    const settle = (cause: string | null): void => {
      socket.destroy()
      resolve(cause)
    }
    socket.setTimeout(PROBE_LIMIT_MS, () => settle('timeout'))
    socket.once('connect', () => settle(null))
    socket.once('error', (error: NodeJS.ErrnoException) => settle(error.code ?? error.message))
  })
}
