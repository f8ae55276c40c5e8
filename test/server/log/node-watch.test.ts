import { Writable } from 'node:stream'
import { afterEach, expect, it, vi } from 'vitest'
import { NodeLog } from '../../../src/server/log/node-log.ts'
import { NodeWatch, type WatchedNode } from '../../../src/server/log/node-watch.ts'

function watched() {
  const lines: string[] = []
  const stream = new Writable({
    write(chunk: Buffer, _encoding, done) {
      const { level, event, msg } = JSON.parse(chunk.toString())
      lines.push(`${level} ${event}: ${msg}`)
      done()
    },
  })
  const log = new NodeLog({ node: 'n', level: 'info', format: 'json', color: false, stream })
  const refusals: Record<string, number> = {}
  const hellosRefused: Record<string, number> = {}
  const closes: Record<string, number> = {}
  const silentShards: number[] = []
  const storeHealth = { writesFailed: 0, failure: '', isFailing: false, stalledMs: 0 }
  const state = { ready: true, reason: '', level: 0 }
  const node: WatchedNode = {
    onShardLost: () => {},
    onShardBack: () => {},
    readiness: () => ({ ready: state.ready, reason: state.reason }),
    get load() {
      return { level: state.level, reason: state.reason }
    },
    counters: () => ({ hellosRefused, refusals, closes }),
    get troubles() {
      return { store: storeHealth, silentShards: [...silentShards] }
    },
  }
  return {
    closes,
    silentShards,
    storeHealth,
    node,
    watch: new NodeWatch(node, log),
    lines,
    state,
    refusals,
    hellosRefused,
  }
}

it('tells of shards that die and come back', () => {
  const { node, lines } = watched()
  node.onShardLost(1, { code: null, signal: 'SIGKILL', error: null }, 2_000)
  node.onShardBack(1)
  node.onShardLost(0, { code: 1, signal: null, error: new Error('out of memory') }, -1)
  expect(lines).toEqual([
    'error shard-lost: shard 1 is lost (SIGKILL); its devices must come back; it starts again in 2 s',
    'info shard-back: shard 1 is back',
    'error shard-lost: shard 0 is lost (out of memory); its devices must come back',
  ])
})

it('tells of changes once, and of refusals by reason', () => {
  const { watch, lines, state, refusals, hellosRefused } = watched()
  watch.look(0)
  expect(lines).toEqual([])
  Object.assign(state, { ready: false, reason: 'loop lag 3s', level: 2 })
  hellosRefused['overloaded'] = 12
  refusals['frame-rate'] = 1
  watch.look(1_000)
  watch.look(2_000)
  Object.assign(state, { ready: true, reason: '', level: 0 })
  watch.look(3_000)
  expect(lines).toEqual([
    'warn not-ready: not ready: loop lag 3s',
    'warn load: load level 2: loop lag 3s',
    'warn refused: refused 12 devices: overloaded',
    'warn refused: refused 1: frame-rate',
    'info ready: ready again',
    'warn load: load level 0: all is served again',
  ])
})

it('tells of a store that fails, goes on failing, and is back', () => {
  const { watch, lines, storeHealth } = watched()
  Object.assign(storeHealth, { writesFailed: 2, failure: 'no space left', isFailing: true })
  watch.look(0)
  storeHealth.writesFailed = 9
  watch.look(1_000)
  watch.look(11_000)
  storeHealth.isFailing = false
  watch.look(12_000)
  expect(lines).toEqual([
    'error store-failed: 2 writes of the store failed, their pushes were refused: no space left',
    'error store-failed: 7 writes of the store failed, their pushes were refused: no space left',
    'info store-back: the store writes again; stored pushes are taken',
  ])
})

it('tells once of each write that takes long', () => {
  const { watch, lines, storeHealth } = watched()
  for (const stalledMs of [900, 1_600, 2_600, 0, 1_100]) {
    storeHealth.stalledMs = stalledMs
    watch.look(0)
  }
  expect(lines).toEqual([
    'warn store-slow: a write of the store has taken 1.6 s so far; stored pushes wait for it',
    'info store-fast: the store answers again; what waited for it is written',
    'warn store-slow: a write of the store has taken 1.1 s so far; stored pushes wait for it',
  ])
})

it('tells of shards that do not answer, and that do again', () => {
  const { watch, lines, silentShards, node } = watched()
  silentShards.push(1, 2)
  watch.look(0)
  watch.look(1_000)
  silentShards.splice(0, 1)
  watch.look(2_000)
  silentShards.splice(0, 1)
  node.onShardLost(2, { code: null, signal: 'SIGKILL', error: null }, -1)
  watch.look(3_000)
  expect(lines).toEqual([
    'warn shard-silent: shard 1 does not answer; what is for its devices waits for it',
    'warn shard-silent: shard 2 does not answer; what is for its devices waits for it',
    'info shard-heard: shard 1 is silent no more',
    'error shard-lost: shard 2 is lost (SIGKILL); its devices must come back',
  ])
})

it('tells of connections that it cut off, and not of those that went', () => {
  const { watch, lines, closes } = watched()
  Object.assign(closes, { 'peer-end': 100, 'heartbeat-lost': 3, 'too-slow': 2 })
  watch.look(0)
  closes['too-slow'] = 9
  watch.look(1_000)
  watch.look(11_000)
  expect(lines).toEqual([
    'warn closed: cut off 2 connections: too-slow',
    'warn closed: cut off 7 connections: too-slow',
  ])
})

it('tells of a clock that is set, once and by how much', () => {
  vi.useFakeTimers({ toFake: ['Date'] })
  const { watch, lines } = watched()
  watch.look(0)
  vi.setSystemTime(Date.now() + 3_600_000)
  watch.look(1_000)
  watch.look(2_000)
  vi.setSystemTime(Date.now() - 60_000)
  watch.look(3_000)
  expect(lines.map((line) => line.replace(/\.\d s/, ' s'))).toEqual([
    'warn clock: the clock of this host was set forward by 3600 s; expiry follows it',
    'warn clock: the clock of this host was set back by 60 s; expiry follows it',
  ])
})

afterEach(() => {
  vi.useRealTimers()
})
