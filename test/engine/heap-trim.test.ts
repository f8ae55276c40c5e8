import { expect, test } from 'vitest'
import { HeapTrim, trimHeap } from '../../src/engine/heap-trim.ts'

test('the heap is trimmed once after each storm, in the first quiet interval, and not for a single connection', () => {
  const trimmed: number[] = []
  let interval = 0
  const heap = new HeapTrim(() => trimmed.push(interval))
  for (const total of [0, 0, 500, 900, 900, 900, 901, 901, 1_400, 1_400, 1_400]) {
    interval++
    heap.observe(total)
  }
  expect(trimmed).toEqual([5, 10])
})

test('trimming is harmless with and without the shim', () => {
  expect(trimHeap).not.toThrow()
})
