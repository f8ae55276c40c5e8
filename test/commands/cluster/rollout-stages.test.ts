import fc from 'fast-check'
import { expect, it } from 'vitest'
import { parseStages, planStages } from '../../../src/commands/cluster/rollout-stages.ts'
import { nodeRecord } from './node-records.ts'

const namesOf = (...words: Parameters<typeof planStages>) =>
  planStages(...words).map((stage) => stage.map(({ name }) => name).join(' '))

it('takes one, a share, all; the emptiest first, sites in turns', () => {
  const nodes = Array.from({ length: 8 }, (_, i) =>
    nodeRecord(`n${i}`, { devicesOnline: 800 - i * 100, site: i < 2 ? 'y' : 'x' }),
  )
  expect(namesOf(nodes, parseStages('1,50%,100%')!)).toEqual(['n7', 'n1 n6 n0', 'n5 n4 n3 n2'])
})

it('forgets no node and takes none twice, whatever the sizes', () => {
  const sizes = fc.array(
    fc.oneof(
      fc.integer({ min: 1, max: 40 }).map(String),
      fc.integer({ min: 1, max: 100 }).map((share) => `${share}%`),
    ),
    { minLength: 1, maxLength: 6 },
  )
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 30 }), sizes, (count, texts) => {
      const nodes = Array.from({ length: count }, (_, i) => nodeRecord(`n${i}`))
      const stages = planStages(nodes, parseStages(texts.join(','))!)
      expect(stages.every((stage) => stage.length > 0)).toBe(true)
      const names = stages.flat().map(({ name }) => name)
      expect(names.sort()).toEqual(nodes.map(({ name }) => name).sort())
    }),
  )
})

it.each(['', '0', '101%', '1,', 'x', '1.5', '-1', '5%%'])('does not take %j for stages', (text) => {
  expect(parseStages(text)).toBe(null)
})
