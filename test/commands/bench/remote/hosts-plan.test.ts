import { expect, it } from 'vitest'
import { hostsPlanOf, hostsPlanText } from '../../../../src/commands/bench/remote/hosts-plan.ts'
import { planFromText } from '../../../../src/commands/bench/remote/plan-schema.ts'
import { planRun } from '../../../../src/loadgen/plan/planner.ts'
import { hostWith, SETTINGS, targetsAt } from '../../../loadgen/plan/roomy-host.ts'

const TARGETS = targetsAt('tcp://192.0.2.1:7000')

function planOf(connections: number) {
  const settings = { ...SETTINGS, targets: TARGETS, connections }
  return planRun(settings, TARGETS, hostWith({}, { cores: 2 }), 'epoll')
}

it('survives its way from another host, and what is no plan does not', () => {
  const plan = planOf(1_000)
  expect(planFromText(JSON.stringify(plan))).toEqual(plan)
  for (const text of ['', 'null', '{}', JSON.stringify({ ...plan, limits: [{ name: 7 }] })]) {
    expect(planFromText(text)).toBeNull()
  }
})

it('has a row for each host, their sum, and who would take no part', () => {
  const settings = { ...SETTINGS, targets: TARGETS, connections: 25_000 }
  const plan = hostsPlanOf({ settings }, [
    { host: 'load-1', failure: null, plan: planOf(15_000) },
    { host: 'load-2', failure: null, plan: planOf(10_000) },
    { host: 'load-3', failure: 'Permission denied (publickey).', plan: null },
  ])
  const text = hostsPlanText(plan)
  expect(text.slice(0, text.indexOf('──'))).toMatchInlineSnapshot(`
    "25,000 connections at 5,000/s from 2 hosts, broadcast at 1/s

    host      connections  connect      shards    memory  tightest limit
    load-1         15,000      3 s  2 × thread   114 MiB  76.3 % of descriptors
    load-2         10,000      2 s  2 × thread  91.7 MiB  51.3 % of descriptors
    together       25,000                        205 MiB

    load-3: would take no part: Permission denied (publickey).

    "
  `)
  expect(text).toContain('── load-2\n\n10,000 connections at')
})
