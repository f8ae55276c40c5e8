/**
 * What the HTTP API is asked and how long it takes: one row per route and method, made when the
 * routes are, so that a path of a stranger never becomes a series. A stream counts as one request
 * and has no latency: it lives as long as its client.
 */
import type { FastifyInstance, FastifyRequest } from 'fastify'
import { BucketHistogram, type BucketReport } from '../../stats/bucket-histogram.ts'
import { nowUs } from '../../stats/clock.ts'

export interface RouteReport {
  readonly method: string
  /** As OpenAPI writes it; "other" for whatever is not served. */
  readonly route: string
  readonly statuses: Readonly<Record<string, number>>
  /** null for streams. */
  readonly latency: BucketReport | null
}

export interface ApiReport {
  readonly inFlight: number
  readonly streams: number
  readonly routes: readonly RouteReport[]
}

interface RouteRow {
  readonly method: string
  readonly route: string
  readonly statuses: Record<string, number>
  readonly latency: BucketHistogram | null
}

/** What a request's route carries to say which row it belongs to. */
export interface MeteredRoute {
  readonly meter?: RouteRow
}

export class RequestMeter {
  readonly #rows: RouteRow[] = []
  readonly #other = this.addRoute('any', 'other', false)
  #inFlight = 0
  #streams = 0

  /** To be put into the `config` of the route, as `meter`. */
  addRoute(method: string, route: string, streams: boolean): RouteRow {
    const latency = streams ? null : new BucketHistogram()
    const row: RouteRow = { method, route, statuses: {}, latency }
    this.#rows.push(row)
    return row
  }

  watch(app: FastifyInstance): void {
    app.addHook('onRequest', async (request, reply) => {
      const row = this.#rowOf(request)
      const startUs = nowUs()
      const { raw } = reply
      if (row.latency === null) this.#streams++
      else this.#inFlight++
      // Comes also where the client has gone before the answer.
      raw.once('close', () => {
        if (row.latency === null) this.#streams--
        else this.#inFlight--
        const status = raw.writableFinished ? String(raw.statusCode) : 'aborted'
        row.statuses[status] = (row.statuses[status] ?? 0) + 1
        row.latency?.recordUs(nowUs() - startUs)
      })
    })
  }

  report(): ApiReport {
    return {
      inFlight: this.#inFlight,
      streams: this.#streams,
      routes: this.#rows.map(({ method, route, statuses, latency }) => ({
        method,
        route,
        statuses: { ...statuses },
        latency: latency?.report() ?? null,
      })),
    }
  }

  #rowOf(request: FastifyRequest): RouteRow {
    if (request.is404) return this.#other
    return (request.routeOptions.config as MeteredRoute).meter ?? this.#other
  }
}
