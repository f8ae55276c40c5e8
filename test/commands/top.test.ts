import { expect, it } from 'vitest'
import { command, nodeUrlOf } from '../../src/commands/top.ts'
import type { AnyCommand } from '../../src/config/command.ts'
import { startCommand } from './command-run.ts'

it('takes host:port and URLs for nodes, and no other words and no secrets', () => {
  expect(nodeUrlOf('10.0.0.7:7002')).toBe('http://10.0.0.7:7002')
  expect(nodeUrlOf('https://push.example/v1/')).toBe('https://push.example')
  expect(nodeUrlOf('[::1]:7002')).toBe('http://[::1]:7002')
  for (const text of ['', 'tcp://a:1', 'a b', 'http://user:secret@host:1']) {
    expect([text, nodeUrlOf(text)]).toEqual([text, null])
  }
})

it('names every word that is no node', async () => {
  const run = startCommand(command as unknown as AnyCommand, ['tcp://a:1', 'ok:1', 'ftp://b'])
  expect(await run.ended).toBe(2)
  expect(run.host.err()).toContain('got "tcp://a:1"')
  expect(run.host.err()).toContain('got "ftp://b"')
})
