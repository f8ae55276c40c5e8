import { describe, expect, it } from 'vitest'
import { type ClusterOptions, clusterFaults } from '../../../src/commands/bench/cluster-faults.ts'

function faultsOf(given: Partial<ClusterOptions>, ...positional: string[]): string[] {
  const options = { dispatch: [], mode: 'unicast', ...given } as unknown as ClusterOptions
  return clusterFaults(options, positional).map(({ message }) => message)
}

const dispatch = ['http://127.0.0.1:7002']

describe('the options of bench for a cluster', () => {
  it('need dispatch for a scenario, and the commands that it takes', () => {
    expect(faultsOf({ scenario: 'drain' })).toEqual(['--scenario needs --dispatch'])
    expect(faultsOf({ scenario: 'drain', dispatch })).toEqual([])
    expect(faultsOf({ scenario: 'node-kill', dispatch })).toEqual([
      '--scenario node-kill needs --node-stop',
    ])
    expect(faultsOf({ scenario: 'rolling-restart', dispatch, nodeStop: 'true' })).toEqual([
      '--scenario rolling-restart needs --node-start',
    ])
  })

  it('take no targets, and no mode that ends connections itself', () => {
    expect(faultsOf({ dispatch, mode: 'churn' }, 'tcp://a:1')).toEqual([
      'expected --dispatch or targets, got both: "tcp://a:1"',
      '--dispatch does not go with --mode churn',
    ])
  })
})
