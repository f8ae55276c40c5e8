/**
 * `ip route show`: only what a check asks: the device of the default route, and routes with a token
 * such as rto_min.
 */
import { lines, words } from './numbers.ts'

export interface RouteRow {
  /** "default" or a prefix. */
  readonly destination: string
  readonly device: string | null
  /** Milliseconds, or null when the route does not set it. */
  readonly rtoMinMs: number | null
  readonly line: string
}

/** An address, a prefix, "default", or the type of a route that is none of these. */
const DESTINATION =
  /^\s*(default|[\da-f:.]+(\/\d+)?|unicast|unreachable|blackhole|prohibit|throw)\s/

/** Lines that are no routes are left out. */
export function parseIpRoute(text: string): RouteRow[] {
  return lines(text)
    .filter((line) => DESTINATION.test(`${line} `))
    .map((line) => {
      const tokens = words(line)
      const after = (name: string): string | null => {
        const at = tokens.indexOf(name)
        if (at < 0) return null
        // iproute2 locks some metrics by itself and says so: "rto_min lock 400ms".
        return tokens[tokens[at + 1] === 'lock' ? at + 2 : at + 1] ?? null
      }
      return {
        destination: tokens[0] ?? '',
        device: after('dev'),
        rtoMinMs: milliseconds(after('rto_min')),
        line: line.trim(),
      }
    })
}

function milliseconds(token: string | null): number | null {
  const match = /^(\d+(?:\.\d+)?)(ms|s|us)?$/.exec(token ?? '')
  if (match === null) return null
  const factor = match[2] === 's' ? 1_000 : match[2] === 'us' ? 0.001 : 1
  return Number(match[1]) * factor
}
