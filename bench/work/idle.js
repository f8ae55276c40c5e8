/**
 * What an idle connection costs the server, sessions included: slope of resident memory between
 * two counts of held connections. Warmed up first with the lower count only, so that what a
 * runtime allocates once is not counted and no page freed by an earlier crowd is reused. Then
 * some broadcasts to all, for the longest GC pause of the whole.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { rssOf } from '../proc.js'

const WARM_UP_CYCLES = 3
const SAMPLE_EVERY_MS = 250
const STABLE_BYTES = 64 * 1024

export const FULL = {
  low: 1000,
  high: 15_000,
  broadcasts: 20,
  bytes: 256,
  stableMs: 2000,
  settleMsMax: 12_000,
}
export const QUICK = {
  low: 100,
  high: 1000,
  broadcasts: 2,
  bytes: 256,
  stableMs: 250,
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
 * Resident bytes after a forced collection, where the server can be asked for one, and once they
 * stand still.
 */
async function settledRss(server, { stableMs, settleMsMax }) {
  await server.collectGarbage()
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
