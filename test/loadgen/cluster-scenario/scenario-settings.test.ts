import { describe, expect, it } from 'vitest'
import {
  type ScenarioSettings,
  victimsOf,
} from '../../../src/loadgen/cluster-scenario/scenario-settings.ts'

const nodes = [
  ['a', 'east'],
  ['b', 'east'],
  ['c', 'west'],
].map(([name, site]) => ({
  name,
  site,
  http: `http://${name}:7002`,
  addresses: { tcp: [], ws: [] },
}))

function namesFor(given: Partial<ScenarioSettings>): string[] {
  const settings = { nodes, publishUrl: 'http://a:7002/', ...given } as ScenarioSettings
  return victimsOf(settings).map(({ name }) => name)
}

describe('whom a scenario is about', () => {
  it('spares the node that pushes go through, unless it is named', () => {
    expect(namesFor({ kind: 'node-kill' })).toEqual(['b'])
    expect(namesFor({ kind: 'drain' })).toEqual(['b'])
    expect(namesFor({ kind: 'rolling-restart' })).toEqual(['b', 'c'])
    expect(namesFor({ kind: 'rolling-restart', publishUrl: null })).toEqual(['a', 'b', 'c'])
    expect(namesFor({ kind: 'rolling-restart', hasFailover: true })).toEqual(['a', 'b', 'c'])
    expect(namesFor({ kind: 'node-kill', nodeName: 'a' })).toEqual(['a'])
  })

  it('is all nodes of a site that is lost, another one than that of the pushes', () => {
    expect(namesFor({ kind: 'site-loss' })).toEqual(['c'])
    expect(namesFor({ kind: 'site-loss', site: 'east' })).toEqual(['a', 'b'])
  })

  it('is nobody where no name fits', () => {
    expect(namesFor({ kind: 'drain', nodeName: 'z' })).toEqual([])
    expect(namesFor({ kind: 'site-loss', site: 'north' })).toEqual([])
  })
})
