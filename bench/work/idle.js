/**
 * What an idle connection costs the server, sessions included: slope of resident memory between
 * two counts of held connections. Warmed up first with as many
 * connections, but never more than the lower count at once, so that what a runtime allocates once
 * is not counted and no page freed by an earlier crowd is reused. Then
 * some broadcasts to all, for the longest GC pause of the whole.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { rssOf } from '../proc.js'

const WARM_UP_CYCLES = 15
const SAMPLE_EVERY_MS = 250
const STABLE_BYTES = 64 * 1024

export const FULL = {
  low: 1000,
  high: 15_000,
  broadcasts: 20,
  bytes: 256,
  stableMs: 2000,
  tidyMs: 10_000,
  settleMsMax: 12_000,
}
export const QUICK = {
  low: 100,
  high: 1000,
  broadcasts: 2,
  bytes: 256,
  stableMs: 250,
  tidyMs: 0,
  settleMsMax: 1000,
}

export async function measure({ server, client, sizes }) {
  for (let i = 0; i < WARM_UP_CYCLES; i++) {
    await client.connect(sizes.low)
    await client.reset()
  }
  await client.connect(sizes.low)
  const rssLow = await settledRss(server, sizes)
  await client.connect(sizes.high - sizes.low)
  const rssHigh = await settledRss(server, sizes)
  await client.zero()
  for (let i = 1; i <= sizes.broadcasts; i++) {
    await Promise.all([client.expect(sizes.high * i), server.broadcast(sizes.bytes)])
  }
  const gcMsMax = await server.gcMsMax()
  return {
    idleBytes: (rssHigh - rssLow) / (sizes.high - sizes.low),
    rssLowMB: rssLow / 1e6,
    rssHighMB: rssHigh / 1e6,
    ...(gcMsMax === null ? {} : { gcMsMax }),
  }
}

/**
 * Resident bytes once they stand still, after a forced collection where the server can be asked for
 * one. Where it cannot, V8 is waited for: it tidies a heap 8 s after a collection, by megabytes,
 * and must have done so at both counts or at none.
 */
async function settledRss(server, { stableMs, tidyMs, settleMsMax }) {
  if (server.collectGarbage) await server.collectGarbage()
  else await wait(tidyMs)
  const samples = []
  const kept = Math.ceil(stableMs / SAMPLE_EVERY_MS)
  for (let waitedMs = 0; waitedMs < settleMsMax; waitedMs += SAMPLE_EVERY_MS) {
    samples.push(rssOf(server.pid))
    const latest = samples.slice(-kept)
    const isStable = Math.max(...latest) - Math.min(...latest) <= STABLE_BYTES
    if (latest.length === kept && isStable) break
    await wait(SAMPLE_EVERY_MS)
  }
  return samples.at(-1)
}
