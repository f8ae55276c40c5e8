import { expect, it } from 'vitest'
import { CounterWatch } from '../../../src/server/log/counter-watch.ts'
import { LOG_WINDOW_MS } from '../../../src/server/log/log-kinds.ts'

it('tells a counter when it first moves, then once in a window with all that came', () => {
  const watch = new CounterWatch()
  expect(watch.look({ unauthorized: 0 }, 0)).toEqual([])
  expect(watch.look({ unauthorized: 3 }, 1_000)).toEqual([{ name: 'unauthorized', count: 3 }])
  expect(watch.look({ unauthorized: 50 }, 2_000)).toEqual([])
  expect(watch.look({ unauthorized: 60, 'node-full': 1 }, 3_000)).toEqual([
    { name: 'node-full', count: 1 },
  ])
  expect(watch.look({ unauthorized: 90, 'node-full': 1 }, 1_000 + LOG_WINDOW_MS)).toEqual([
    { name: 'unauthorized', count: 87 },
  ])
  expect(watch.look({ unauthorized: 90, 'node-full': 1 }, 9 * LOG_WINDOW_MS)).toEqual([])
})
