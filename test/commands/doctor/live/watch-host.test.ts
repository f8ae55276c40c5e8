import { expect, it } from 'vitest'
import { command } from '../../../../src/commands/doctor.ts'
import type { AnyCommand } from '../../../../src/config/command.ts'
import { startCommand, untilWritten } from '../../command-run.ts'

it('prints one line an interval where nobody looks, until it is stopped', async () => {
  const run = startCommand(command as AnyCommand, ['--watch', '--window', '100ms'])
  const text = await untilWritten(run, 'stdout', '\n')
  run.host.interrupt('SIGINT')
  expect(await run.ended).toBe(130)
  expect(text).toMatch(/^\d\d:\d\d:\d\d {2}established \d+ {2}time_wait \d+ {2}orphans \d+/)
})

it('prints JSON lines with --json', async () => {
  const run = startCommand(command as AnyCommand, ['--watch', '--json', '--window', '100ms'])
  const text = await untilWritten(run, 'stdout', '\n')
  run.host.interrupt('SIGTERM')
  expect(await run.ended).toBe(143)
  expect(JSON.parse(text.split('\n')[0]!)).toMatchObject({ schema: 'pushctl.doctor-watch/1' })
})

it('goes with nothing that looks elsewhere or changes something', async () => {
  const run = startCommand(command as AnyCommand, ['--watch', '--host', 'a', '--write', 'advice'])
  expect(await run.ended).toBe(2)
  expect(run.host.err()).toContain('cannot go with --host')
  expect(run.host.err()).toContain('cannot go with --write')
})
