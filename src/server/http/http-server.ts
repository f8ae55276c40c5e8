/**
 * The HTTP listener of a node: routes, limits, access and errors put together on fastify. It knows
 * the node as NodeControl and nothing else. Loading it costs some 100 ms (fastify, prom-client), so
 * callers import it when they need it. Streams live as long as their client; everything else is
 * held to HttpLimits.
 */
import Fastify, {
  type FastifyError,
  type FastifyInstance,
  type FastifyReply,
  type FastifyRequest,
  type RouteOptions,
} from 'fastify'
import { Dispatcher } from '../../cluster/dispatch/dispatcher.ts'
import type { ClusterView } from '../../cluster/node-record.ts'
import type { Scope } from '../auth/admin-grants.ts'
import type { NodeControl } from '../node-control.ts'
import { OriginList } from '../guard/origin-list.ts'
import { HTTP_DEVICES_MAX } from '../http-devices/node-http-devices.ts'
import type { HttpDevices } from '../http-devices/http-devices.ts'
import { DEFAULT_PROBE, type ProbeSettings } from '../probe-delay.ts'
import type { UpstreamRouter } from '../upstream/upstream-router.ts'
import { BearerGate } from './bearer-gate.ts'
import { takeJson, takeNdjson } from './body-parsers.ts'
import { watchBodyTime } from './body-time.ts'
import { answerPreflight, originHeaders } from './device-origin.ts'
import { problemFromFailure } from './failure-problem.ts'
import type { HttpLimits } from './limits.ts'
import { listenFailure } from './listen-failure.ts'
import { answerMalformedHttp } from './malformed-http.ts'
import { answerMissingPath } from './missing-path.ts'
import { openApiDocument } from './openapi-document.ts'
import { type OwnPlaces, OwnView } from './own-view.ts'
import { sendProblem } from './problem-reply.ts'
import { RequestMeter } from './request-meter.ts'
import type { ApiContext, Route } from './route.ts'
import { ROUTES } from './route-table.ts'

export interface HttpServerOptions {
  readonly control: NodeControl
  /** Where GET /v1/upstream listens; without it the route is unavailable. */
  readonly upstream?: UpstreamRouter
  /** Devices over HTTP; without it their routes are unavailable. */
  readonly devices?: HttpDevices
  /** Pages that may be devices; without it all of this node's own host. */
  readonly origins?: readonly string[]
  /** Without it the node dispatches to itself. */
  readonly cluster?: ClusterView
  /** How the node names itself then. */
  readonly places?: OwnPlaces
  readonly probe?: ProbeSettings
  readonly host: string
  /** 0 for any free port. */
  readonly port: number
  /** null: everybody who reaches the port may do everything. */
  readonly adminToken: string | null
  /** Whether /metrics needs the admin token too. */
  readonly metricsAuth: boolean
  readonly limits: HttpLimits
  /** Told of failures that are faults of the node. Never given payloads or tokens. */
  readonly reportFailure?: (failure: unknown, where: string) => void
}

export interface HttpServer {
  readonly host: string
  /** The port that was bound. */
  readonly port: number
  /** From the next request on; only where there was one before. */
  replaceAdminToken(adminToken: string): void
  /** Accepts no more, ends the streams, and cuts what is still open after graceMs. */
  close(graceMs: number): Promise<void>
}

/**
 * Fails with PUSHCTL_ADDRESS_IN_USE, PUSHCTL_ADDRESS_UNAVAILABLE or PUSHCTL_PRIVILEGE where it
 * cannot listen.
 */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const context: ApiContext = {
    control: options.control,
    upstream: options.upstream ?? null,
    devices: options.devices ?? null,
    origins: new OriginList(options.origins ?? []),
    cluster: options.cluster ?? null,
    dispatcher: options.cluster ? new Dispatcher(options.cluster) : null,
    ownView: new OwnView(options.control, options.places),
    probe: options.probe ?? DEFAULT_PROBE,
    limits: options.limits,
    batches: new Set(),
    meter: new RequestMeter(),
    openApi: openApiDocument(ROUTES),
    reportFailure: options.reportFailure ?? (() => {}),
  }
  const app = createApp(options.limits)
  if (options.devices) app.server.maxConnections += HTTP_DEVICES_MAX
  takeJson(app)
  context.meter.watch(app)
  addDevicePreflights(app, context)
  const gate = addGate(app, options)
  addFailureAnswers(app, context)
  for (const route of ROUTES) addRoute(app, route, context)
  try {
    await app.listen({
      host: options.host,
      port: options.port,
      backlog: options.limits.connectionsMax,
    })
  } catch (failure) {
    throw listenFailure(failure, options.host, options.port)
  }
  const address = app.server.address() as { address: string; port: number }
  return {
    host: address.address,
    port: address.port,
    replaceAdminToken: (adminToken) => gate.replaceToken(adminToken),
    close: (graceMs) => closeServer(app, context, graceMs),
  }
}

function createApp(limits: HttpLimits): FastifyInstance {
  const app = Fastify({
    logger: false,
    bodyLimit: limits.bodyBytesMax,
    // Percent-encoded, an id may be three times as long as its bytes.
    routerOptions: { maxParamLength: limits.deviceIdBytesMax * 3 },
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    http: {
      maxHeaderSize: limits.headerBytesMax,
      headersTimeout: limits.headersTimeoutMs,
      connectionsCheckingInterval: Math.min(limits.headersTimeoutMs, 1_000),
      keepAlive: true,
    },
    clientErrorHandler: answerMalformedHttp,
    frameworkErrors: (failure, _request, reply) => {
      sendProblem(reply as unknown as FastifyReply, problemFromFailure(failure).problem)
    },
  })
  app.server.maxConnections = limits.connectionsMax
  return app
}

/** Browsers ask before a page may send what a form could not. */
function addDevicePreflights(app: FastifyInstance, context: ApiContext): void {
  const paths = new Set(ROUTES.filter(({ access }) => access === 'device').map(({ path }) => path))
  app.addHook('onRequest', async (request, reply) => {
    if (request.method !== 'OPTIONS' || !paths.has(request.url.split('?', 1)[0])) return
    answerPreflight(reply, originHeaders(request, context.origins))
  })
}

function addGate(app: FastifyInstance, options: HttpServerOptions): BearerGate {
  const gate = new BearerGate(options.adminToken, options.host)
  app.addHook('onRequest', async (request, reply) => {
    const access = accessOf(request.routeOptions.config)
    gate.checkHost(request.headers.host)
    if (access === 'open' || access === 'device' || (access === 'metrics' && !options.metricsAuth))
      return
    gate.checkToken(request.headers.authorization, scopeOf(request))
    // Here, because the framework would read the body first and complain about that.
    if (request.is404) answerMissingPath(request.method, request.url, reply)
  })
  return gate
}

/** A path that is not served tells strangers nothing: it is treated like the guarded ones. */
function accessOf(config: unknown): Route['access'] {
  return (config as { access?: Route['access'] }).access ?? 'admin'
}

/** What is not said of a route follows from its method. */
function scopeOf(request: FastifyRequest): Scope {
  const { scope } = (request.routeOptions.config ?? {}) as { scope?: Scope }
  if (scope !== undefined) return scope
  if (request.method === 'GET' || request.method === 'HEAD') return 'read'
  return request.method === 'DELETE' ? 'kick' : 'push'
}

function addFailureAnswers(app: FastifyInstance, context: ApiContext): void {
  app.setErrorHandler((failure: FastifyError, request, reply) => {
    const { problem, unexpected } = problemFromFailure(failure)
    if (unexpected) {
      context.reportFailure(
        failure,
        `${request.method} ${request.routeOptions.url ?? '(no route)'}`,
      )
    }
    sendProblem(reply, problem)
  })
}

function addRoute(app: FastifyInstance, route: Route, context: ApiContext): void {
  const served: RouteOptions = {
    method: route.method,
    url: route.path.replace(/\{(\w+)\}/g, ':$1'),
    config: {
      access: route.access,
      scope: route.scope,
      meter: context.meter.addRoute(route.method, route.path, route.streams === true),
    } as object,
    handler: (request, reply) => route.handle(context, request, reply),
  }
  if (!route.streams) {
    app.route({ ...served, preParsing: watchBodyTime(context.limits.bodyTimeoutMs) })
    return
  }
  // A scope of its own, so that the stream takes NDJSON only and the other routes never do.
  app.register(async (scope) => {
    takeNdjson(scope)
    scope.route(served)
  })
}

async function closeServer(
  app: FastifyInstance,
  context: ApiContext,
  graceMs: number,
): Promise<void> {
  for (const batch of context.batches) batch.stop()
  const cut = setTimeout(() => app.server.closeAllConnections(), graceMs)
  await app.close()
  clearTimeout(cut)
}
