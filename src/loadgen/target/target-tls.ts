/**
 * TLS to a target: whom to trust, and one handshake before the run that says in words what a
 * thousand failed connections would only count. Names are checked against the certificate; devices
 * of a run resume no sessions, so each connect pays for a whole handshake, as a new device does.
 */
import { isIP } from 'node:net'
import { connect } from 'node:tls'
import { PushctlError } from '../../errors/pushctl-error.ts'
import type { ResolvedTarget, TargetAddress } from './target-address.ts'

/** Plain values: they travel to shards. */
export interface TargetTls {
  /** PEM of whom to trust instead of the usual authorities; null: those. */
  readonly ca: string | null
  /** false: any certificate will do. */
  readonly isVerified: boolean
}

const PROBE_LIMIT_MS = 5_000
/** Of many targets the first ones stand for all. */
const PROBES_MAX = 4
const UNTRUSTED = new Set([
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'CERT_UNTRUSTED',
])

/** What node:tls is told; a name is asked for (SNI) and checked, an address only checked. */
export function tlsOptionsOf({ host, tls }: Pick<TargetAddress, 'host' | 'tls'>) {
  if (tls === undefined) return undefined
  return {
    rejectUnauthorized: tls.isVerified,
    ...(isIP(host) === 0 ? { serverName: host } : {}),
    ...(tls.ca === null ? {} : { ca: tls.ca }),
  }
}

/**
 * @throws PushctlError PUSHCTL_TARGET_PROTOCOL where a target answers otherwise than in TLS that is
 * trusted; one that does not answer at all is for the run to find
 */
export async function probeTls(targets: readonly ResolvedTarget[]): Promise<void> {
  const secure = targets.filter(({ tls }) => tls !== undefined).slice(0, PROBES_MAX)
  const faults = await Promise.all(secure.map(faultOf))
  const fault = faults.find((each) => each !== null)
  if (fault != null) throw fault
}

function faultOf(target: ResolvedTarget): Promise<PushctlError | null> {
  const { serverName, ...options } = tlsOptionsOf(target) ?? { rejectUnauthorized: true }
  return new Promise((resolve) => {
    const socket = connect({
      host: target.address,
      port: target.port,
      ...options,
      ...(serverName === undefined ? {} : { servername: serverName }),
    })
    const settle = (fault: PushctlError | null): void => {
      socket.destroy()
      resolve(fault)
    }
    socket.setTimeout(PROBE_LIMIT_MS, () => settle(silentFault(target)))
    socket.once('secureConnect', () => settle(null))
    socket.once('error', (error: NodeJS.ErrnoException) => settle(faultFrom(target, error)))
  })
}

/** null: nobody listens there, which has an error of its own. */
function faultFrom({ url }: ResolvedTarget, error: NodeJS.ErrnoException): PushctlError | null {
  const { code = '', message } = error
  const refuse = (what: string, ...tries: string[]): PushctlError =>
    new PushctlError('PUSHCTL_TARGET_PROTOCOL', `${url} ${what}`, {
      why: message.replace(/^[0-9A-F]{8,}:error:/, '').trim(),
      tries,
      cause: error,
    })
  if (UNTRUSTED.has(code)) {
    return refuse(
      'has a certificate of nobody who is trusted',
      '--ca-file FILE   (the PEM of who signed it)',
      '--insecure-target   (trusts anybody: for tests only)',
    )
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return refuse('has a certificate for another name', 'name the target as its certificate does')
  }
  if (code.startsWith('CERT_')) {
    return refuse('has a certificate that is not valid', '--insecure-target   (for tests only)')
  }
  const isHandshake = code === 'EPROTO' || /^ERR_(SSL|TLS)/.test(code)
  if (isHandshake || /before secure TLS connection/.test(message)) {
    return refuse('does not speak TLS that is understood', 'check that scheme and port fit')
  }
  return null
}

function silentFault({ url }: ResolvedTarget): PushctlError {
  return new PushctlError('PUSHCTL_TARGET_PROTOCOL', `${url} does not answer in TLS`, {
    why: `the handshake was not over after ${PROBE_LIMIT_MS / 1000} s`,
    tries: ['check that scheme and port fit'],
  })
}
