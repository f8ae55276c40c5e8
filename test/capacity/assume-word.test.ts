import { describe, expect, it } from 'vitest'
import { assumptionFrom } from '../../src/capacity/assume-word.ts'
import { assumptionsWith, valuesOf } from '../../src/capacity/assumption-table.ts'

describe('an assumption of the user', () => {
  it('takes the place of the value and of its source', () => {
    const assumptions = assumptionsWith([
      { name: 'delivery-us', value: 9, source: 'a report' },
      assumptionFrom('delivery-us=5.5'),
    ])
    expect(assumptions.find(({ name }) => name === 'delivery-us')).toMatchObject({
      value: 5.5,
      source: '--assume',
      meaning: 'CPU of one delivery',
    })
    expect(valuesOf(assumptions)['heartbeat-us']).toBe(3.6)
  })

  it.each([
    ['delivery=5', '--assume knows no "delivery"'],
    ['delivery-us', '--assume delivery-us must be a number above 0, got ""'],
    ['delivery-us=-1', 'must be a number above 0, got "-1"'],
    ['delivery-us=fast', 'got "fast"'],
    ['cpu-share=50', '--assume cpu-share must be a number above 0 and at most 1, got "50"'],
  ])('is refused where it is %j', (word, message) => {
    expect(() => assumptionFrom(word)).toThrow(message)
  })

  it('is suggested where it was nearly right', () => {
    const error = (() => {
      try {
        assumptionFrom('delivry-us=5')
      } catch (cause) {
        return cause
      }
    })()
    expect(error).toMatchObject({ tries: ['--assume delivery-us=3.8'] })
  })
})
