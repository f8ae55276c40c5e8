import { expect, it } from 'vitest'
import { generatorRest, nodeRest } from '../../src/engine/turn-rest.ts'

const ALONE = { gapUs: 50, restUs: 100 }
const SHARED = { gapUs: 200, restUs: 500 }

it('a generator rests shortly, and longer where many processes share few cores', () => {
  expect(generatorRest(1, 2)).toEqual(ALONE)
  expect(generatorRest(7, 2)).toEqual(ALONE)
  expect(generatorRest(8, 2)).toEqual(SHARED)
  expect(generatorRest(51, 51)).toEqual(ALONE)
})

it('a node rests only where its processes share cores', () => {
  expect(nodeRest(1, 2)).toBeUndefined()
  expect(nodeRest(51, 64)).toBeUndefined()
  expect(nodeRest(51, 2)).toEqual(SHARED)
})
