import { expect, it } from 'vitest'
import { buildCommander } from '../../src/cli/command-line.ts'
import { VERBS } from '../../src/cli/verbs.ts'
import { envNameOf } from '../../src/config/option-table.ts'

const commands = await Promise.all(VERBS.map(async (verb) => [verb, await verb.load()] as const))

it('each verb loads a command of the same name and summary', () => {
  for (const [verb, { command }] of commands) {
    expect([command.name, command.summary]).toEqual([verb.name, verb.summary])
  }
})

it('no verb declares a flag, a letter or a variable twice, and each default keeps its own bounds', () => {
  for (const [verb, { command }] of commands) {
    const rows = Object.values(command.options)
    const flags = rows.map((row) => row.flag)
    const letters = rows.flatMap((row) => row.short ?? [])
    const variables = rows.flatMap((row) => envNameOf(row) ?? [])
    for (const names of [flags, letters, variables]) {
      expect(new Set(names).size, `${verb.name}: ${names.join()}`).toBe(names.length)
    }
    for (const row of rows) {
      if (!('min' in row || 'max' in row) || typeof row.default !== 'number') continue
      const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = row
      expect(row.default >= min && row.default <= max, `${verb.name} --${row.flag}`).toBe(true)
    }
  }
})

it('each verb renders its help, and examples start with its own line', () => {
  for (const [verb, { command }] of commands) {
    expect(buildCommander(command, 80).helpInformation()).toContain(`pushctl ${verb.name}`)
    for (const { line } of command.examples) expect(line).toContain(`pushctl ${verb.name}`)
  }
})
