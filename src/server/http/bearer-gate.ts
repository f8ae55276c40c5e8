/**
 * Who may call: finds the scopes of bearer tokens in constant time, and keeps web pages out of a
 * node that has no token.
 *
 * A node on loopback without a token trusts everybody on the host, but not every web page that a
 * browser on the host shows: a page may point its own name at 127.0.0.1 and talk to the node as its
 * own origin (DNS rebinding). Such a request carries the page's name as Host, so without a token a
 * loopback listener answers to loopback names only.
 */
import { type AdminGrant, findGrant, grantsFromText, type Scope } from '../auth/admin-grants.ts'
import { isLoopbackHost } from '../auth/loopback-host.ts'
import { ProblemError } from './problem.ts'

export class BearerGate {
  /** null: everybody who reaches the port may do everything. */
  #grants: readonly AdminGrant[] | null
  readonly #checksHost: boolean

  /** `adminToken`: one token, or a line for each (auth/admin-grants.ts). */
  constructor(adminToken: string | null, listenHost: string) {
    this.#grants = adminToken === null ? null : grantsFromText(adminToken)
    this.#checksHost = adminToken === null && isLoopbackHost(listenHost)
  }

  /** The old tokens are refused from now on. */
  replaceToken(adminToken: string): void {
    if (this.#grants !== null) this.#grants = grantsFromText(adminToken)
  }

  /**
   * Throws unauthorized (401) unless the header carries a token, or none is set; and
   * scope-missing (403) where the token may do other things only.
   */
  checkToken(authorization: string | undefined, scope: Scope): void {
    if (this.#grants === null) return
    const token = /^Bearer +([^ ]+) *$/i.exec(authorization ?? '')?.[1]
    if (token === undefined) {
      const detail = 'send the admin token of this node as "Authorization: Bearer …"'
      throw new ProblemError('unauthorized', detail)
    }
    const grant = findGrant(this.#grants, token)
    if (grant === null) {
      throw new ProblemError('unauthorized', 'the bearer token is not the admin token of this node')
    }
    if (grant.scopes.includes(scope)) return
    throw new ProblemError('scope-missing', `the token must have the scope "${scope}" for this`)
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
