/**
 * Who may call: compares bearer tokens in constant time, and keeps web pages out of a node that has
 * no token.
 *
 * A node on loopback without a token trusts everybody on the host, but not every web page that a
 * browser on the host shows: a page may point its own name at 127.0.0.1 and talk to the node as its
 * own origin (DNS rebinding). Such a request carries the page's name as Host, so without a token a
 * loopback listener answers to loopback names only.
 */
import { createHash, timingSafeEqual } from 'node:crypto'
import { isLoopbackHost } from '../auth/loopback-host.ts'
import { ProblemError } from './problem.ts'

export class BearerGate {
  readonly #tokenDigest: Buffer | null
  readonly #checksHost: boolean

  constructor(adminToken: string | null, listenHost: string) {
    this.#tokenDigest = adminToken === null ? null : digestOf(adminToken)
    this.#checksHost = adminToken === null && isLoopbackHost(listenHost)
  }

  /** Throws unauthorized (401) unless the header carries the token, or no token is set. */
  checkToken(authorization: string | undefined): void {
    if (this.#tokenDigest === null) return
    const token = /^Bearer +([^ ]+) *$/i.exec(authorization ?? '')?.[1]
    if (token === undefined) {
      const detail = 'send the admin token of this node as "Authorization: Bearer …"'
      throw new ProblemError('unauthorized', detail)
    }
    // Digests have one length, so that neither the length nor the first difference can be timed.
    if (!timingSafeEqual(digestOf(token), this.#tokenDigest)) {
      throw new ProblemError('unauthorized', 'the bearer token is not the admin token of this node')
    }
  }

  /** Throws host-not-allowed (403) for a foreign Host on a loopback listener without a token. */
  checkHost(host: string | undefined): void {
    if (!this.#checksHost) return
    const name = (host ?? '').replace(/:\d*$/, '').replace(/^\[(.*)\]$/, '$1')
    if (isLoopbackHost(name)) return
    const detail = 'without an admin token this node answers to localhost only'
    throw new ProblemError('host-not-allowed', detail)
  }
}

function digestOf(token: string): Buffer {
  return createHash('sha256').update(token).digest()
}
