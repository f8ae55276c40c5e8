import { expect, it } from 'vitest'
import { ConditionWatch } from '../../src/loadgen/condition-watch.ts'

const LONG_MS = 3_600_000

it('lets all go whose condition holds when somebody says something, and no others', async () => {
  const watch = new ConditionWatch()
  const signs = new Set<string>()
  const passed: string[] = []
  const stop = new AbortController()
  const waits = ['one', 'two'].map((name) =>
    watch.until(() => signs.has(name), LONG_MS, stop.signal).then(() => passed.push(name)),
  )
  signs.add('one')
  watch.wake()
  await waits[0]
  expect(passed).toEqual(['one'])
  stop.abort()
  await waits[1]
  expect(passed).toEqual(['one', 'two'])
})

it('waits for nothing that holds already, that was called off, or beyond its limit', async () => {
  const watch = new ConditionWatch()
  await watch.until(() => true, LONG_MS)
  await watch.until(() => false, LONG_MS, AbortSignal.abort())
  await watch.until(() => false, 1)
})
