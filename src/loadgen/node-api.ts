/**
 * What bench asks a push node over HTTP: whether pushes can be injected there, and its own memory
 * and pauses.
 */
import { request } from 'undici'
import { PushctlError } from '../errors/pushctl-error.ts'
import { nowUs } from '../stats/clock.ts'
import type { GcSideReport, TimedPause } from '../stats/run-report.ts'

/** A node of a hundred processes that all start on busy cores takes its time. */
const ANSWER_LIMIT_MS = 20_000

/** The part of GET /v1/node that a report needs. */
export interface NodeFacts {
  readonly rssBytes: number | null
  readonly gc: GcSideReport | null
  readonly engine: string | null
  /** Connections that ended since it began, by its name for why; null: it does not say. */
  readonly closes: Readonly<Record<string, number>> | null
  /** When it answered, on the clock of this host. */
  readonly answeredUs: number
}

export class NodeApi {
  readonly #url: string
  readonly #adminToken: string | null

  constructor(url: string, adminToken: string | null) {
    this.#url = url
    this.#adminToken = adminToken
  }

  /**
   * @throws PushctlError PUSHCTL_TARGET_UNREACHABLE, PUSHCTL_TARGET_REFUSED,
   * PUSHCTL_TARGET_PROTOCOL
   */
  async describe(): Promise<NodeFacts> {
    const { status, text } = await this.#get('/v1/node')
    if (status === 401 || status === 403) {
      throw new PushctlError('PUSHCTL_TARGET_REFUSED', `${this.#url} refused the admin token`, {
        why: `GET /v1/node was answered with status ${status}`,
        tries: ['--admin-token-file FILE', 'PUSHCTL_ADMIN_TOKEN=… pushctl bench …'],
      })
    }
    const facts = status === 200 ? factsFrom(text) : null
    if (facts === null) {
      throw new PushctlError(
        'PUSHCTL_TARGET_PROTOCOL',
        `expected the HTTP API of a push node at ${this.#url}, got status ${status}`,
        { tries: ['--publish http://host:port   (the --http address of the node)'] },
      )
    }
    return facts
  }

  async #get(path: string): Promise<{ status: number; text: string }> {
    try {
      const { statusCode, body } = await request(new URL(path, this.#url), {
        headers: this.#adminToken === null ? {} : { authorization: `Bearer ${this.#adminToken}` },
        signal: AbortSignal.timeout(ANSWER_LIMIT_MS),
      })
      return { status: statusCode, text: await body.text() }
    } catch (cause) {
      throw new PushctlError(
        'PUSHCTL_TARGET_UNREACHABLE',
        `the HTTP API of the node at ${this.#url} cannot be reached`,
        {
          why: (cause as Error).message,
          tries: ['--publish http://host:port   (the --http address of the node)'],
          cause,
        },
      )
    }
  }
}

/** null where the document is no node description. */
function factsFrom(text: string): NodeFacts | null {
  try {
    const node = JSON.parse(text)
    if (typeof node !== 'object' || node === null) return null
    const rssBytes = node.memory?.rssBytes
    return {
      rssBytes: typeof rssBytes === 'number' ? rssBytes : null,
      gc: typeof node.gc?.known === 'boolean' ? node.gc : null,
      engine: typeof node.shards?.[0]?.engine === 'string' ? node.shards[0].engine : null,
      closes: countsFrom(node.counters?.closes),
      answeredUs: nowUs(),
    }
  } catch {
    return null
  }
}

function countsFrom(counts: unknown): Record<string, number> | null {
  if (typeof counts !== 'object' || counts === null) return null
  const entries = Object.entries(counts).filter(([, count]) => Number.isSafeInteger(count))
  return Object.fromEntries(entries)
}

/**
 * A node says how long before its answer each pause was, so its clock does not matter. Pauses from
 * before the run are left out.
 */
export function pausesOfRun({ gc, answeredUs }: NodeFacts, startUs: number): GcSideReport | null {
  if (gc === null || !Array.isArray(gc.kinds)) return gc
  const answeredMs = Math.round((answeredUs - startUs) / 1000)
  const kinds = gc.kinds.map((row) => {
    if (!Array.isArray(row.longest)) return row
    const longest = (row.longest as readonly TimedPause[])
      .map(({ at_ms, us }) => ({ at_ms: at_ms + answeredMs, us }))
      .filter(({ at_ms }) => at_ms >= 0)
    return { ...row, longest }
  })
  return { ...gc, kinds }
}
