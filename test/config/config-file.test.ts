import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { CONFIG_FILE_BYTES_MAX, readConfigFile } from '../../src/config/config-file.ts'
import { resolveOptions } from '../../src/config/resolve.ts'
import { SAMPLE_OPTIONS } from '../cli/sample-command.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'pushctl-config-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

async function read(text: string | Buffer) {
  const path = join(folder, 'f.yaml')
  writeFileSync(path, text)
  const request = { path, table: SAMPLE_OPTIONS, verb: 'sample', verbs: ['sample', 'other'] }
  const { layer, faults } = await readConfigFile({ ...request, kind: 'file' })
  const resolved = resolveOptions(SAMPLE_OPTIONS, [layer], { verb: 'sample', rest: [] })
  const messages = [...faults, ...resolved.faults].map((fault) =>
    fault.message.replaceAll(`${folder}/`, ''),
  )
  return { options: resolved.options, sources: resolved.sources, messages, faults }
}

it('keys are flag names, and a section of the verb is read like the top', async () => {
  const { options, sources, messages } = await read(`
connections: 10k
tcp: ['127.0.0.1:1', ':2']
verify: false
token: 0123
sample:
  duration: 5m
other:
  unknown-here: is not looked at
`)
  expect(messages).toEqual([])
  expect(options).toMatchObject({
    connectionsMax: 10_000,
    tcp: [
      { host: '127.0.0.1', port: 1 },
      { host: '0.0.0.0', port: 2 },
    ],
    verify: false,
    token: '0123',
    durationMs: 300_000,
  })
  expect(sources['connectionsMax']!.text.endsWith('f.yaml:2:14')).toBe(true)
})

it('names line and column of every fault', async () => {
  const { messages } = await read('connections: 0\nconections: 5\nmode: {a: 1}\nduration: 30\n')
  expect(messages).toMatchInlineSnapshot(`
    [
      "f.yaml:2:1: unknown key "conections"",
      "f.yaml:3:1: mode must be one value or a list of values",
      "f.yaml:1:14: connections must be between 1 and 4,000,000, got "0"",
      "f.yaml:4:11: duration must be a time such as 250ms, 30s or 5m, got "30"",
    ]
  `)
})

it('suggests the nearest key', async () => {
  const { faults } = await read('conections: 5\n')
  expect(faults[0]!.tries).toEqual(['connections: …'])
})

it.each([
  ['broken syntax', 'a: [1, 2\nb: "', /f\.yaml:\d+:\d+: /],
  [
    'a key given twice',
    'mode: echo\nmode: unicast\n',
    /f\.yaml:2:1: the key "mode" is given twice/,
  ],
  ['a list at the top', '- 1\n', /f\.yaml:1:1: the file must be/],
  ['a scalar at the top', 'hello\n', /f\.yaml:1:1: the file must be/],
  ['a list as key', '? [a]\n: 1\n', /a key must be a word/],
  ['a section that is no map', 'sample: 5\n', /the section sample must hold/],
  ['an unresolved alias', 'mode: *gone\n', /f\.yaml:1:7/],
  ['a key without value', 'mode:\n', /mode must have a value/],
])('refuses %s with its place', async (_title, text, expected) => {
  expect((await read(text)).messages.join('\n')).toMatch(expected)
})

it('takes an empty file, and a comment only, as no settings', async () => {
  expect((await read('')).messages).toEqual([])
  expect((await read('# nothing\n')).messages).toEqual([])
})

it('follows an alias of a value', async () => {
  const { options } = await read('message-size: &n 512\nconnections: *n\n')
  expect([options.connectionsMax, options.messageBytes]).toEqual([512, 512])
})

it('is not impressed by hostile files', async () => {
  const polluting = await read('__proto__: {polluted: 1}\nconstructor: 1\n"prototype": 2\n')
  expect(polluting.messages).toHaveLength(3)
  expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  const rows = Array.from(
    { length: 20 },
    (_, i) => `a${i + 1}: &a${i + 1} [*a${i}, *a${i}, *a${i}]`,
  )
  const bomb = await read(`a0: &a0 [x, x]\n${rows.join('\n')}\nmode: *a20\n`)
  expect(bomb.messages.at(-1)).toContain('mode must be one value')
  const many = await read(`connections: &n 1\ntcp: [${'*n, '.repeat(5_000)}]\n`)
  expect(many.messages[0]).toContain('at most 100 aliases')
  expect((await read('['.repeat(20_000))).messages.length).toBeGreaterThan(0)
  expect((await read(Buffer.alloc(1_000, 0xff))).messages.length).toBeGreaterThan(0)
})

it('reads at most 1 MiB', async () => {
  const { faults } = await read(`# ${'x'.repeat(CONFIG_FILE_BYTES_MAX)}`)
  expect(faults[0]!.message).toMatch(/must be at most 1 MiB/)
})

it('an unreadable file is a fault and no exception', async () => {
  const request = { table: SAMPLE_OPTIONS, verb: 'sample', verbs: [], kind: 'file' as const }
  const absent = await readConfigFile({ ...request, path: '/nowhere/f.yaml' })
  expect(absent.faults[0]).toMatchObject({
    code: 'PUSHCTL_FILE_UNREADABLE',
    message: '/nowhere/f.yaml cannot be read: ENOENT',
  })
  const isFolder = await readConfigFile({ ...request, path: folder })
  expect(isFolder.faults[0]!.message).toContain('EISDIR')
})
