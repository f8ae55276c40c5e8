import { describe, it } from 'vitest'
import { EpollEngine } from '../../src/engine/epoll-engine.ts'
import { loadShim } from '../../src/engine/native-shim.ts'
import { describeEngine } from './engine-suite.ts'
import type { MakeEngine } from './suite/stage.ts'

const load = loadShim()

if (EpollEngine.isAvailable()) {
  describeEngine('epoll', (options, handler) => new EpollEngine(options, handler))
  const rest = { gapUs: 1_000, restUs: 1_000 }
  const makeResting: MakeEngine = (options, handler) =>
    new EpollEngine({ ...options, rest }, handler)
  describeEngine('epoll', makeResting, 'epoll engine that rests between turns')
} else {
  // No Linux, or no C compiler: npm ci says so, and pushctl runs on the node engine, which the same
  // suite tests. CI builds the add-on with --strict, so there it is never skipped.
  const why =
    'missing' in load ? load.missing : 'the shim loads, yet the engine calls itself unavailable'
  describe.skip(`epoll engine: ${why}`, () => {
    it('is not available here', () => {})
  })
}
