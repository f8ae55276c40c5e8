import { Writable } from 'node:stream'
import { expect, it } from 'vitest'
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
  const storeHealth = { writesFailed: 0, failure: '', isFailing: false, stalledMs: 0 }
  const state = { ready: true, reason: '', level: 0 }
  const node: WatchedNode = {
    onShardLost: () => {},
    onShardBack: () => {},
    readiness: () => ({ ready: state.ready, reason: state.reason }),
    get load() {
      return { level: state.level, reason: state.reason }
    },
    counters: () => ({ hellosRefused, refusals }),
    storeHealth,
  }
  return {
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
