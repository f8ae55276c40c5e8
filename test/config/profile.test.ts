import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { defineOptions } from '../../src/config/option-table.ts'
import { listProfiles, readProfile } from '../../src/config/profile.ts'

const TABLE = defineOptions({
  mode: { flag: 'mode', kind: 'string', help: 'what to drive' },
})

it('suggests a profile for an unknown name', async () => {
  const request = { table: TABLE, verb: 'bench', verbs: [], folder: 'load' as const }
  const { faults } = await readProfile({ ...request, profile: 'quikc' })
  expect(faults[0]).toMatchObject({ code: 'PUSHCTL_PROFILE', tries: ['--profile quick'] })
  expect(faults[0]!.message).toContain('got "quikc"')
})

it('a path is read as a file, with a description that is no setting', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'pushctl-profile-'))
  const profile = join(folder, 'mine.yaml')
  writeFileSync(profile, 'description: mine\nmode: echo\nmoed: echo\n')
  const request = { table: TABLE, verb: 'bench', verbs: [], folder: 'load' as const }
  const { layer, faults } = await readProfile({ ...request, profile })
  rmSync(folder, { recursive: true })
  expect(layer.get('mode')).toMatchObject({ values: ['echo'], source: { kind: 'profile' } })
  expect(faults.map((fault) => fault.message)).toEqual([`${profile}:3:1: unknown key "moed"`])
})

it('lists what comes with pushctl; a name never leaves its folder', async () => {
  expect(await listProfiles('load')).toContain('quick')
  const request = { table: TABLE, verb: 'bench', verbs: [], folder: 'load' as const }
  const { faults } = await readProfile({ ...request, profile: '..' })
  expect(faults[0]!.code).toBe('PUSHCTL_PROFILE')
})
