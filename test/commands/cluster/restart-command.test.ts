import { expect, it } from 'vitest'
import { restartWords, runForNode, runHere } from '../../../src/commands/cluster/restart-command.ts'
import { nodeRecord } from './node-records.ts'

const never = new AbortController().signal
const NODE = nodeRecord('node-1', { http: 'http://10.0.0.7:7002', site: 'x; rm -rf y' })

function commandOf(text: string, remoteShell: string | null = null, timeLimitMs = 10_000) {
  return { text, remoteShell, timeLimitMs }
}

it('hands the command to the shell of this host, or to the remote shell as one word', () => {
  const text = 'systemctl restart pushctl@{node} # {host}'
  const filled = 'systemctl restart pushctl@node-1 # 10.0.0.7'
  expect(restartWords(commandOf(text), NODE)).toEqual(['/bin/sh', '-c', filled])
  expect(restartWords(commandOf(text, 'ssh -o "User ops"  ops@{host}'), NODE)).toEqual([
    ...['ssh', '-o', 'User ops', 'ops@10.0.0.7'],
    filled,
  ])
})

it.each(['http://$(reboot):1', 'http://a`b`:1', "http://a'b:1", 'http://-oProxy:1', 'nonsense'])(
  'puts no host of %j into a command',
  (http) => {
    const node = nodeRecord('a', { http })
    expect(() => restartWords(commandOf('restart', 'ssh {host}'), node)).toThrow(
      /host that a shell/,
    )
    expect(restartWords(commandOf('restart {node}'), node)).toEqual(['/bin/sh', '-c', 'restart a'])
  },
)

it('tells the command in its environment which node it is about', async () => {
  const rule = 'test "$PUSHCTL_ROLLOUT_NODE $PUSHCTL_ROLLOUT_SITE" = "node-1 x; rm -rf y"'
  expect(await runForNode(commandOf(rule), NODE, never)).toMatchObject({ failure: '' })
})

it('says how a command failed, with the last line it wrote', async () => {
  const said = await runHere('echo one >&2; echo two >&2; exit 3', {}, 10_000, never)
  expect(said.failure).toBe('it ended with 3: two')
  const killed = await runHere('kill -9 $$', {}, 10_000, never)
  expect(killed.failure).toBe('it ended by SIGKILL')
  const late = await runHere('exec sleep 60', {}, 50, never)
  expect(late.failure).toBe('it took longer than 0.05 s')
  const command = commandOf('true', 'no-such-program-anywhere')
  expect((await runForNode(command, NODE, never)).failure).toBe('it ended by ENOENT')
})

it('does not wait for what a command leaves behind', async () => {
  const outcome = await runHere('sleep 5 & exit 0', {}, 4_000, never)
  expect(outcome.failure).toBe('')
})
