import { describe, expect, it } from 'vitest'
import { TargetTable } from '../../../src/loadgen/dispatch/target-table.ts'
import { parseTarget, resolveTarget } from '../../../src/loadgen/target/target-address.ts'

const first = await resolveTarget(parseTarget('tcp://127.0.0.1:7000'))

describe('the table of targets', () => {
  it('knows an address by either form, and adds one that is new, once', async () => {
    const added: string[] = []
    const table = new TargetTable([first], ({ url }) => added.push(url))
    expect(await table.indexOf('127.0.0.1:7000')).toBe(0)
    const both = await Promise.all([
      table.indexOf('127.0.0.2:7000'),
      table.indexOf('127.0.0.2:7000'),
    ])
    expect(both).toEqual([1, 1])
    expect(await table.indexOf('tcp://127.0.0.2:7000')).toBe(1)
    expect(added).toEqual(['tcp://127.0.0.2:7000'])
  })

  it('says that what is no address is none', async () => {
    const table = new TargetTable([first], () => {})
    expect(await table.indexOf('nonsense')).toBe(-1)
    expect(await table.indexOf('http://127.0.0.1:7000')).toBe(-1)
  })

  it('learns what a node calls itself', async () => {
    const table = new TargetTable([first], () => {})
    const node = { name: 'a', site: 'east', address: '127.0.0.1:7000', probe: 'http://127.0.0.1' }
    expect(await table.indexOfNode(node)).toBe(0)
    expect(table.counts[0]).toMatchObject({ node: 'a', site: 'east' })
  })

  it('counts moves by second of the measured time', () => {
    const table = new TargetTable([first], () => {})
    table.begin(1e6, Uint32Array.of(7))
    for (const us of [0.5e6, 1.1e6, 1.2e6, 3.5e6]) table.noteMove(0, us)
    expect(table.movesBySecond).toEqual([2, 0, 1])
    expect(table.counts[0]).toMatchObject({ atStart: 7, moved: 3 })
  })

  it('counts who came and went by second, from the moment that it counts', () => {
    const table = new TargetTable([first], () => {})
    table.noteChange(0, 1, 0.5e6)
    table.begin(2e6, Uint32Array.of(7))
    table.noteChange(0, 1, 1.9e6)
    table.noteChange(0, -1, 4.1e6)
    table.noteChange(0, -1, 4.9e6)
    expect(table.counts[0].changesBySecond).toEqual([1, 0, -2])
  })
})
