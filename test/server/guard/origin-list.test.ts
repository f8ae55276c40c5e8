import { expect, it } from 'vitest'
import { isOrigin, OriginList } from '../../../src/server/guard/origin-list.ts'

it('admits its pages, in any case, and programs that name none', () => {
  const list = new OriginList(['https://example.org', 'http://localhost:8080'])
  const asked = ['https://example.org', 'HTTPS://Example.org', 'http://localhost:8080', '']
  expect(asked.map((origin) => list.admits(origin))).toEqual([true, true, true, true])
  const others = [
    'http://example.org',
    'https://example.org:444',
    'https://example.org.evil.example',
    'https://evil.example/https://example.org',
    'null',
  ]
  expect(others.map((origin) => list.admits(origin))).toEqual(others.map(() => false))
})

it('admits all where it names none', () => {
  expect([new OriginList([]).admits('https://a.example'), new OriginList([]).admitsAll]).toEqual([
    true,
    true,
  ])
})

it('takes origins as browsers send them', () => {
  const good = ['https://example.org', 'http://localhost:8080', 'http://[::1]:1', 'null']
  expect(good.map(isOrigin)).toEqual(good.map(() => true))
  const bad = [
    'example.org',
    'https://example.org/',
    'https://example.org/a',
    'https://a:443',
    '*',
    '',
  ]
  expect(bad.map(isOrigin)).toEqual(bad.map(() => false))
})
