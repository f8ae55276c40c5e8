import { describe, it } from 'vitest'
import { EpollEngine } from '../../src/engine/epoll-engine.ts'
import { loadShim } from '../../src/engine/native-shim.ts'
import { describeEngine } from './engine-suite.ts'

const load = loadShim()

if (EpollEngine.isAvailable()) {
  describeEngine('epoll', (options, handler) => new EpollEngine(options, handler))
} else {
  // No Linux, or no C compiler: npm ci says so, and pushctl runs on the node engine, which the same
  // suite tests. CI builds the add-on with --strict, so there it is never skipped.
  const why =
    'missing' in load ? load.missing : 'the shim loads, yet the engine calls itself unavailable'
  describe.skip(`epoll engine: ${why}`, () => {
    it('is not available here', () => {})
  })
}
