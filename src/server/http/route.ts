/**
 * One route of the API: what it answers to, who may call it, how OpenAPI describes it, and what it
 * does, side by side, so that the description cannot outlive the code.
 */
import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Dispatcher } from '../../cluster/dispatch/dispatcher.ts'
import type { ClusterView } from '../../cluster/node-record.ts'
import type { Scope } from '../auth/admin-grants.ts'
import type { NodeControl } from '../node-control.ts'
import type { OriginList } from '../guard/origin-list.ts'
import type { HttpDevices } from '../http-devices/http-devices.ts'
import type { ProbeSettings } from '../probe-delay.ts'
import type { UpstreamRouter } from '../upstream/upstream-router.ts'
import type { HttpLimits } from './limits.ts'
import type { Operation } from './operation.ts'
import type { OwnView } from './own-view.ts'
import type { RequestMeter } from './request-meter.ts'

/** What every route may use. */
export interface ApiContext {
  readonly control: NodeControl
  readonly upstream: UpstreamRouter | null
  /** null: this node serves none over HTTP. */
  readonly devices: HttpDevices | null
  /** Pages that may be devices. */
  readonly origins: OriginList
  /** null, and the dispatcher too: the node is alone, and dispatches to itself. */
  readonly cluster: ClusterView | null
  readonly dispatcher: Dispatcher | null
  readonly ownView: OwnView
  readonly probe: ProbeSettings
  readonly limits: HttpLimits
  /** Streams that are open now; the server ends them when it closes. */
  readonly batches: Set<{ stop(): void }>
  /** Counts and times what the API is asked. */
  readonly meter: RequestMeter
  /** The OpenAPI document of all routes. */
  readonly openApi: object
  /** Told of failures that are faults of the node, never with payloads or tokens. */
  readonly reportFailure: (failure: unknown, where: string) => void
}

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE'
  /** As OpenAPI writes it: /v1/devices/{id}. */
  readonly path: string
  /**
   * open: no token. admin: the admin token where one is set. metrics: like admin with
   * --metrics-auth, else open. device: the route checks the token of the device.
   */
  readonly access: 'open' | 'admin' | 'metrics' | 'device'
  /** What a token must be good for; default: read for GET, kick for DELETE, push for POST. */
  readonly scope?: Scope
  /** A stream is not held to the body limits of HttpLimits. */
  readonly streams?: boolean
  readonly operation: Operation
  /** The answer to send, or undefined where the route has written it itself. */
  handle(context: ApiContext, request: FastifyRequest, reply: FastifyReply): Promise<unknown>
}
