import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { command } from '../../src/commands/profile.ts'
import { startCommand } from './command-run.ts'

const folder = mkdtempSync(join(tmpdir(), 'pushctl-profile-verb-'))
afterAll(() => rmSync(folder, { recursive: true }))

async function profile(...words: string[]) {
  const run = startCommand(command, words)
  const status = await run.ended
  return { status, out: run.host.out(), err: run.host.err().replaceAll(`${folder}/`, '') }
}

function fileOf(name: string, text: string): string {
  const path = join(folder, name)
  writeFileSync(path, text)
  return path
}

it('lists every profile with its verb and what it does', async () => {
  const { status, out } = await profile('list', '--json')
  expect(status).toBe(0)
  const { schema, profiles } = JSON.parse(out)
  expect(schema).toBe('pushctl.profile-list/1')
  const names = profiles.map(({ name }: { name: string }) => name)
  expect(names).toEqual(expect.arrayContaining(['quick', 'soak-24h', 'push-server']))
  const silent = profiles.filter(({ description }: { description: string }) => description === '')
  expect(silent).toEqual([])
})

it('finds nothing wrong with the profiles that it lists', async () => {
  const { profiles } = JSON.parse((await profile('list', '--json')).out)
  const names = profiles.map(({ name }: { name: string }) => name)
  const { status, err, out } = await profile('check', ...names)
  expect([status, err]).toEqual([0, ''])
  expect(out.trim().split('\n')).toHaveLength(names.length)
})

it('shows the file itself, with its comments, or its settings as JSON', async () => {
  const { out } = await profile('show', 'echo-latency')
  expect(out).toContain('# What: ')
  expect(out).toContain('arrivals: poisson')
  const json = JSON.parse((await profile('show', 'echo-latency', '--json')).out)
  expect(json).toMatchObject({
    schema: 'pushctl.profile/1',
    verb: 'bench',
    settings: { mode: 'echo', arrivals: 'poisson' },
  })
})

it('tells every fault of a file at once, with its line and the nearest name', async () => {
  const path = fileOf(
    'wrong.yaml',
    [
      'description: all kinds of faults',
      'mode: ecko',
      'conections: 10',
      'duration: fast',
      'duration: 5s',
      'connect-rate: [1, [2]]',
      'message-size: 3',
      'profile: quick',
    ].join('\n'),
  )
  const { status, err } = await profile('check', path)
  expect(status).toBe(2)
  expect(err).toMatchInlineSnapshot(`
    "pushctl profile: wrong.yaml:3:1: unknown key "conections"
      try  connections: …
    pushctl profile: wrong.yaml:5:1: the key "duration" is given twice
    pushctl profile: wrong.yaml:6:1: connect-rate must be one value or a list of values
    pushctl profile: wrong.yaml:8:1: unknown key "profile"
    pushctl profile: wrong.yaml:7:15: message-size must be between 24 B and 60 KiB, got "3"
      why  24 bytes say when a message was due; a frame has at most 64 KiB
      try  message-size: 256..1KiB
    pushctl profile: wrong.yaml:4:11: duration must be a time such as 250ms, 30s or 5m, got "fast"
    pushctl profile: wrong.yaml:2:7: mode must be one of idle, echo, unicast, broadcast, mixed, churn, storm, got "ecko"
      try  mode: echo
    "
  `)
})

it('gives rules between settings the lines that set them', async () => {
  const path = fileOf('both.yaml', 'mode: echo\nrate: 10\nmessage-rate: 1\n')
  const { status, err } = await profile('check', path)
  expect(status).toBe(2)
  expect(err).toMatchInlineSnapshot(`
    "pushctl profile: both.yaml:3:15, both.yaml:2:7: expected --message-rate or --rate, got both
      try  --message-rate 1
    "
  `)
})

it('a file of doctor is checked as such', async () => {
  const path = fileOf('host.yaml', 'description: a host\nround-trip: 1ms\n')
  expect((await profile('check', path)).status).toBe(2)
  expect((await profile('check', path, '--for', 'doctor')).status).toBe(0)
})

it.each([
  [['shwo', 'quick'], 'try  pushctl profile show'],
  [['show', 'quikc'], 'try  pushctl profile show quick'],
  [['show'], 'profile show needs 1 NAMEs, got 0'],
  [['check', './none.yaml'], './none.yaml cannot be read: ENOENT'],
])('profile %j is refused with what would work', async (words, wanted) => {
  const { status, err } = await profile(...words)
  expect(status).not.toBe(0)
  expect(err).toContain(wanted)
})

it('explains each setting: its value, its line, the default and what it does', async () => {
  const path = fileOf(
    'explained.yaml',
    'description: a few\nconnections: 10k\nmessage-size: 256*7,1KiB\nslow-readers: 5%\n',
  )
  const { status, out } = await profile('show', path, '--explain')
  expect(status).toBe(0)
  const [head, ...rows] = out.trimEnd().split('\n')
  expect(head).toMatch(/^setting +value +default +line +what it does$/)
  expect(rows).toHaveLength(3)
  expect(rows[0]).toMatch(/^connections +10,000 +1,000 +2 +connections to hold/)
  expect(rows[1]).toMatch(/^message-size +256\*7,1KiB\*1 +256 B +3 +payload in bytes/)
  expect(rows[2]).toMatch(/^slow-readers +5% +0% +4 +clients beside the connections/)
  const json = JSON.parse((await profile('show', path, '--explain', '--json')).out)
  expect(json.explained[2]).toMatchObject({ setting: 'slow-readers', value: '5%', default: '0%' })
})

it('tells faults of sizes, shares and texts with their lines', async () => {
  const path = fileOf(
    'population.yaml',
    [
      'mode: unicast',
      'message-size: 256..lots',
      'tag-share: 5',
      'slow-reeders: 5%',
      'never-readers: 200%',
    ].join('\n'),
  )
  const { status, err } = await profile('check', path)
  expect(status).toBe(2)
  expect(err).toContain('population.yaml:4:1: unknown key "slow-reeders"\n  try  slow-readers: …')
  expect(err).toContain('population.yaml:2:15: message-size must be a size such as 512, a range')
  expect(err).toContain('population.yaml:3:12: tag-share must be a share such as 5%, got "5"')
  expect(err).toContain('population.yaml:5:16: never-readers must be between 0% and 100%')
  const together = fileOf('together.yaml', 'mode: broadcast\ntags: 3\npayload: "{devise}"\n')
  const checked = await profile('check', together)
  expect(checked.err).toContain('together.yaml:2:7, ')
  expect(checked.err).toContain('together.yaml:3:10: the text of --payload has {devise}')
})
