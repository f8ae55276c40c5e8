/**
 * Facts again and again, for `--watch`: each sample is the second of one pair and the first of the
 * next, and settings are read anew, so that a change shows. What needs a walk over many sockets is
 * done every ten seconds only, because watching must not become the load.
 */
import type { Facts } from '../facts.ts'
import type { FactSource } from './fact-source.ts'
import { type FactsRequest, openReading } from './read-facts.ts'
import { readSample } from './read-sample.ts'
import { readSockets } from './read-sockets.ts'
import { readSysctls } from './read-sysctls.ts'

const SOCKETS_EVERY_MS = 10_000

/** Ends where the source has no further moment, and by throwing when its wait is aborted. */
export async function* watchFacts(
  source: FactSource,
  request: FactsRequest,
): AsyncGenerator<Facts, void> {
  const opening = await openReading(source, request)
  let { before, standing, firstAtMs } = opening
  let socketsAtMs = firstAtMs
  for (;;) {
    const windowMs = await source.advance(request.windowMs, firstAtMs)
    if (windowMs === null) return
    firstAtMs = performance.now()
    const after = await readSample(source, opening.plan)
    yield { ...standing, sampling: 'window', windowMs, before, after }
    const isDue = performance.now() - socketsAtMs >= SOCKETS_EVERY_MS
    if (isDue) socketsAtMs = performance.now()
    standing = {
      ...standing,
      sysctls: await readSysctls(source, standing.sysctlFiles),
      sockets: isDue ? await readSockets(source, after) : standing.sockets,
    }
    before = after
  }
}
