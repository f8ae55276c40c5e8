/**
 * What is wrong between two ends where one of them wants TLS, in words: who signed the certificate,
 * for whom it is, whether one of ours is wanted, or whether the other end speaks TLS at all. Looked
 * at with bare sockets, because whoever writes too early loses the alert that tells why.
 */
import { connect as connectPlain } from 'node:net'
import { type ConnectionOptions, connect as connectSecure } from 'node:tls'
import { addressName, type ClusterAddress, type RedisHost } from './cluster-address.ts'
import { refused } from './cluster-error.ts'
import type { PushctlError } from '../errors/pushctl-error.ts'

const LOOK_MS_MAX = 2_000
/** With TLS 1.3 a server looks at our certificate when we think that all is done. */
const ALERT_MS_MAX = 500
const UNTRUSTED = /^(?:DEPTH_ZERO_SELF_SIGNED_CERT|SELF_SIGNED_CERT_IN_CHAIN|UNABLE_TO_|CERT_UNTR)/

/** An error of TLS, as Node has them. */
interface TlsError extends Error {
  readonly code?: string
  /** Words of OpenSSL. */
  readonly reason?: string
  readonly cert?: { readonly subjectaltname?: string }
}

/** null where TLS, or its lack, is not what is wrong with this host. */
export async function tlsFaultOf(
  address: ClusterAddress,
  host: RedisHost,
): Promise<PushctlError | null> {
  const name = addressName(address)
  if (address.tls === null) {
    const isSecure = (await handshakeOf(host, { rejectUnauthorized: false })) === 'done'
    if (!isSecure) return null
    const message = `expected a Redis without TLS at ${name}, got one with TLS`
    return refused(message, [`--cluster ${name.replace(/^redis/, 'rediss')}`])
  }
  const outcome = await handshakeOf(host, address.tls)
  const fault = typeof outcome === 'string' ? null : faultFrom(address, host, outcome)
  if (fault !== null || outcome === 'done' || !(await answersInPlain(host))) return fault
  const message = `expected a Redis with TLS at ${name}, got one without`
  return refused(message, [
    `--cluster ${name.replace(/^rediss/, 'redis')}`,
    'tls-port in redis.conf',
  ])
}

function faultFrom(address: ClusterAddress, { host }: RedisHost, error: TlsError) {
  const name = addressName(address)
  const { code = '', cert } = error
  if (UNTRUSTED.test(code)) {
    return refused(
      `expected a certificate at ${name} that somebody trusted has signed, got: ${error.message}`,
      ['--cluster-ca-file FILE   (PEM of who signed it)'],
    )
  }
  if (code === 'ERR_TLS_CERT_ALTNAME_INVALID') {
    return refused(
      `expected a certificate for ${host} at ${name}, got one for ${cert?.subjectaltname}`,
      ['the host as the certificate names it', ...namesOf(address.kind)],
    )
  }
  if (code.startsWith('CERT_')) {
    const message = `expected a certificate at ${name} that is valid now, got: ${error.message}`
    return refused(message, ['a new certificate for Redis', 'the clock of this host'])
  }
  if (/ALERT_|HANDSHAKE_FAILURE/.test(code)) {
    const has = address.tls?.cert === undefined ? 'none' : 'one that it refuses'
    return refused(
      `expected the Redis at ${name} to take this client's certificate, which is ${has}, ` +
        `got: ${error.reason}`,
      [
        '--cluster-cert-file FILE --cluster-key-file FILE',
        'tls-auth-clients no in redis.conf, where a password is enough',
      ],
    )
  }
  return null
}

/** How the servers of this kind learn to name themselves. */
function namesOf(kind: ClusterAddress['kind']): string[] {
  if (kind === 'sentinel') return ['sentinel resolve-hostnames and announce-hostnames yes']
  if (kind === 'cluster') return ['cluster-announce-hostname, in redis.conf of each server']
  return []
}

function handshakeOf(
  { host, port }: RedisHost,
  options: ConnectionOptions,
): Promise<'done' | 'silent' | TlsError> {
  return new Promise((resolve) => {
    const socket = connectSecure({ host, port, ...options })
    const settle = (outcome: 'done' | 'silent' | TlsError): void => {
      socket.destroy()
      resolve(outcome)
    }
    let isSecure = false
    socket.setTimeout(LOOK_MS_MAX, () => settle(isSecure ? 'done' : 'silent'))
    socket.once('secureConnect', () => {
      isSecure = true
      socket.setTimeout(ALERT_MS_MAX)
    })
    socket.on('error', settle)
    socket.once('end', () => settle('silent'))
  })
}

/** Redis takes a command without any framing, and answers with a line. */
function answersInPlain({ host, port }: RedisHost): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connectPlain({ host, port })
    const settle = (isAnswer: boolean): void => {
      socket.destroy()
      resolve(isAnswer)
    }
    socket.setTimeout(LOOK_MS_MAX, () => settle(false))
    socket.once('connect', () => socket.write('PING\r\n'))
    socket.once('data', (chunk) => settle(/^[+-]/.test(chunk.toString('latin1'))))
    socket.on('error', () => settle(false))
    socket.once('end', () => settle(false))
  })
}
