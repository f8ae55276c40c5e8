import { describe, expect, it } from 'vitest'
import { closesBetween, NodeCloses } from '../../../src/loadgen/bad-clients/node-closes.ts'
import { NodeApi } from '../../../src/loadgen/node-api.ts'

describe('what a node called the ends of connections', () => {
  it('is what was added, without what clients or the network did, most frequent first', () => {
    const before = { 'too-slow': 3, 'peer-reset': 1 }
    const after = { 'handshake-timeout': 2, 'peer-reset': 90, 'peer-end': 7, 'too-slow': 8 }
    const ended = closesBetween(before, after)
    expect(Object.entries(ended)).toEqual([
      ['too-slow', 5],
      ['handshake-timeout', 2],
    ])
    expect(closesBetween(after, after)).toEqual({})
  })

  it('is counted from zero where the node began anew', () => {
    expect(closesBetween({ 'too-slow': 8 }, { 'too-slow': 2 })).toEqual({ 'too-slow': 2 })
  })

  it('is unknown where there is no node to ask, or it does not answer', async () => {
    for (const api of [null, new NodeApi('http://127.0.0.1:1', null)]) {
      const closes = new NodeCloses(api)
      closes.begin()
      expect(await closes.sinceBegin()).toBeNull()
    }
  })
})
