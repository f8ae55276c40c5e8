import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { TagIndex } from '../../src/server/tag-index.ts'

const SLOTS = 6
const TAGS = ['a', 'b', 'c', 'd', '']

const slot = fc.nat({ max: SLOTS - 1 })
const tag = fc.constantFrom(...TAGS)
const command = fc.oneof(
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('bind' as const), slot, tag }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('unbind' as const), slot, tag }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('forget' as const), slot }) },
)

describe('the tag index', () => {
  it('knows who carries what, as a map of sets does', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 60 }), (commands) => {
        const index = new TagIndex(SLOTS)
        const model = new Map<string, Set<number>>(TAGS.map((name) => [name, new Set()]))
        const tagsOf = (of: number) => TAGS.filter((name) => model.get(name)!.has(of))
        for (const step of commands) {
          if (step.kind === 'forget') {
            index.forget(step.slot)
            for (const members of model.values()) members.delete(step.slot)
          } else {
            const members = model.get(step.tag)!
            if (step.kind === 'bind') {
              expect(index.bind(step.slot, step.tag)).toBe(!members.has(step.slot))
              members.add(step.slot)
            } else expect(index.unbind(step.slot, step.tag)).toBe(members.delete(step.slot))
          }
        }
        const members = TAGS.map((name) => [...index.membersOf(name)].toSorted())
        expect(members).toEqual(TAGS.map((name) => [...model.get(name)!].toSorted()))
        const slots = Array.from({ length: SLOTS }, (_, of) => of)
        expect(slots.map((of) => index.tagsOf(of).toSorted())).toEqual(
          slots.map((of) => tagsOf(of).toSorted()),
        )
        expect(slots.map((of) => index.countOf(of))).toEqual(slots.map((of) => tagsOf(of).length))
        expect(index.tagCount).toBe([...model.values()].filter((set) => set.size > 0).length)
      }),
      { numRuns: 200 },
    )
  })

  it('tells the tags of a device in the order in which they were bound', () => {
    const index = new TagIndex(2)
    for (const name of ['z', 'a', 'm', 'z']) index.bind(1, name)
    expect(index.tagsOf(1)).toEqual(['z', 'a', 'm'])
  })

  it('grows beyond its first rows and reuses those that are free', () => {
    const index = new TagIndex(3_000)
    for (let round = 0; round < 3; round++) {
      for (let of = 0; of < 3_000; of++) index.bind(of, `tag ${of % 7}`)
      expect(index.membersOf('tag 3')).toHaveLength(429)
      for (let of = 0; of < 3_000; of++) index.forget(of)
      expect([index.tagCount, index.membersOf('tag 3').length]).toEqual([0, 0])
    }
  })
})
