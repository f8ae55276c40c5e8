import { describe, expect, it } from 'vitest'
import { lanesOf } from '../../../src/loadgen/plan/shard-choice.ts'

describe('lanes', () => {
  const reason = ''

  it('are as many as cores where processes outnumber them', () => {
    expect(lanesOf({ kind: 'process', count: 51, reason }, 2)).toBe(2)
    expect(lanesOf({ kind: 'process', count: 3, reason }, 2)).toBe(2)
  })

  it('are all shards where there are cores enough, and always with threads', () => {
    expect(lanesOf({ kind: 'process', count: 2, reason }, 2)).toBe(2)
    expect(lanesOf({ kind: 'process', count: 4, reason }, 8)).toBe(4)
    expect(lanesOf({ kind: 'thread', count: 16, reason }, 2)).toBe(16)
  })
})
