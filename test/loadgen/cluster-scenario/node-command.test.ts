import { describe, expect, it } from 'vitest'
import { runNodeCommand } from '../../../src/loadgen/cluster-scenario/node-command.ts'

const node = (name: string, http = 'http://10.0.0.7:7002') => ({
  name,
  site: '',
  http,
  addresses: { tcp: [], ws: [] },
})

describe('the command for a node', () => {
  it('gets its name and host, and is judged by its exit', async () => {
    expect(await runNodeCommand('test {node}@{host} = a-1@10.0.0.7', node('a-1'))).toBe('')
    expect(await runNodeCommand('exit 3', node('a'))).toBe('the command ended with status 3')
  })

  it('is not run where a name or host could mean something to a shell', async () => {
    expect(await runNodeCommand('true {node}', node('a; false'))).toMatch(/name/)
    expect(await runNodeCommand('true {host}', node('a', 'http://$(false):1'))).toMatch(/host/)
  })
})
