import { expect, expectTypeOf, it } from 'vitest'
import { type Layer, readEnvironment } from '../../src/config/layers.ts'
import { defineOptions, type OptionsOf } from '../../src/config/option-table.ts'
import type { RawValue } from '../../src/config/option-value.ts'
import { resolveOptions } from '../../src/config/resolve.ts'
import type { SourceKind } from '../../src/config/sources.ts'

const TABLE = defineOptions({
  rowsMax: {
    flag: 'rows',
    kind: 'count',
    default: 10,
    min: 1,
    max: 100,
    help: 'rows',
    example: '50',
  },
  hosts: { flag: 'host', kind: 'string', repeatable: true, separator: ',', help: 'hosts' },
  engine: {
    flag: 'engine',
    kind: 'enum',
    values: ['auto', 'node'],
    default: 'auto',
    help: 'engine',
  },
  secretText: { flag: 'secret', kind: 'string', secret: true, help: 'a secret' },
  pin: { flag: 'pin', kind: 'count', secret: true, help: 'a secret number' },
})

function layer(kind: SourceKind, entries: Record<string, readonly RawValue[]>): Layer {
  return new Map(
    Object.entries(entries).map(([flag, values]) => [
      flag,
      { values, name: `${kind} ${flag}`, source: { kind, text: kind } },
    ]),
  )
}

const line = { verb: 'sample', rest: ['ws://localhost:8080'] }

it('derives the type of each setting from its row', () => {
  type Options = OptionsOf<typeof TABLE>
  expectTypeOf<Options['rowsMax']>().toEqualTypeOf<number>()
  expectTypeOf<Options['hosts']>().toEqualTypeOf<readonly string[]>()
  expectTypeOf<Options['engine']>().toEqualTypeOf<'auto' | 'node'>()
  expectTypeOf<Options['secretText']>().toEqualTypeOf<string | undefined>()
  // @ts-expect-error a setting without a row does not compile
  expectTypeOf<Options['missing']>().toBeAny()
})

it('takes each setting from the first layer that has it, and knows which', () => {
  const layers = [layer('flag', { rows: ['20'] }), layer('env', { rows: ['30'], engine: ['node'] })]
  const { options, sources, faults } = resolveOptions(TABLE, layers, line)
  expect(faults).toEqual([])
  expect(options).toEqual({
    rowsMax: 20,
    hosts: [],
    engine: 'node',
    secretText: undefined,
    pin: undefined,
  })
  expect([sources['rowsMax']!.kind, sources['engine']!.kind, sources['hosts']!.kind]).toEqual([
    'flag',
    'env',
    'default',
  ])
})

it('the last of a repeated flag wins, a repeatable one keeps all and splits at its separator', () => {
  const layers = [layer('flag', { rows: ['20', '21'], host: ['a,b', 'c'] })]
  const { options } = resolveOptions(TABLE, layers, line)
  expect([options.rowsMax, options.hosts]).toEqual([21, ['a', 'b', 'c']])
})

it('reports all faults at once, each with what to type next', () => {
  const layers = [layer('flag', { rows: ['0'], engine: ['nod'] }), layer('env', { host: [''] })]
  const { faults } = resolveOptions(TABLE, layers, line)
  expect(faults.map((fault) => [fault.message, ...fault.tries])).toMatchInlineSnapshot(`
    [
      [
        "flag rows must be between 1 and 100, got "0"",
        "pushctl sample --rows 50 ws://localhost:8080",
      ],
      [
        "env host must not be empty, got """,
      ],
      [
        "flag engine must be one of auto, node, got "nod"",
        "pushctl sample --engine node ws://localhost:8080",
      ],
    ]
  `)
})

it('does not look at a wrong value that another layer overrides', () => {
  const layers = [layer('flag', { rows: ['20'] }), layer('file', { rows: ['no'] })]
  expect(resolveOptions(TABLE, layers, line).faults).toEqual([])
})

it('never repeats a secret, and cuts long values short', () => {
  const layers = [layer('flag', { pin: ['hunter2'], rows: ['9'.repeat(1_000)] })]
  const messages = resolveOptions(TABLE, layers, line).faults.map((fault) => fault.message)
  expect(messages.join()).not.toContain('hunter2')
  expect(messages.every((message) => message.length < 200)).toBe(true)
})

it('misses a required setting by its flag', () => {
  const table = defineOptions({
    node: { flag: 'node', kind: 'url', required: true, help: 'the node to ask' },
  })
  const { faults } = resolveOptions(table, [], line)
  expect(faults.map((fault) => fault.message)).toEqual(['--node is required: the node to ask'])
})

it('reads PUSHCTL_ variables, of which an empty one is not set', () => {
  const env = { PUSHCTL_ROWS: '7', PUSHCTL_ENGINE: '', PUSHCTL_HOST: 'a,b', ROWS: '8' }
  const { options, sources } = resolveOptions(TABLE, [readEnvironment(TABLE, env)], line)
  expect([options.rowsMax, options.engine, options.hosts]).toEqual([7, 'auto', ['a', 'b']])
  expect(sources['rowsMax']).toEqual({ kind: 'env', text: 'PUSHCTL_ROWS' })
})
