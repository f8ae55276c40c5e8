import { describe, expect, it } from 'vitest'
import { HeapTrim } from '../../src/engine/heap-trim.ts'
import { loadShim } from '../../src/engine/native-shim.ts'

describe('the heap of a node', () => {
  it('is trimmed once after a storm, in the first quiet interval', () => {
    const load = loadShim()
    if (!('shim' in load)) return
    const original = load.shim.trimHeap
    let trims = 0
    load.shim.trimHeap = () => {
      trims++
      original()
    }
    try {
      const heap = new HeapTrim()
      for (const total of [0, 0, 500, 900, 900, 900, 900, 901, 901]) heap.observe(total)
      expect(trims).toBe(2)
    } finally {
      load.shim.trimHeap = original
    }
  })
})
