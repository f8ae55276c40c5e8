import { describe, expect, it } from 'vitest'
import { remoteCommand, remoteFaults } from '../../../src/loadgen/remote/remote-shell.ts'

const KUBECTL = { shell: "kubectl exec -n 'load test' -i {host} --", pushctl: 'pushctl' }

describe('the command that leads to a host', () => {
  it('is ssh that asks nothing, with a host that cannot be an option', () => {
    expect(remoteCommand({ shell: null, pushctl: '/opt/p' }, 'me@load-1').join(' ')).toBe(
      'ssh -T -o BatchMode=yes -o ConnectTimeout=10 -- me@load-1 /opt/p bench worker',
    )
  })

  it('is any other with the host in its place, and quotes that only group', () => {
    expect(remoteCommand(KUBECTL, 'pod/load-0')).toEqual([
      'kubectl',
      'exec',
      '-n',
      'load test',
      '-i',
      'pod/load-0',
      '--',
      'pushctl',
      'bench',
      'worker',
    ])
  })

  it('takes no host for more than a name', () => {
    const hosts = ['-oProxyCommand=x', 'a b', '$(id)', 'pod/x']
    const messages = remoteFaults({ shell: null, pushctl: 'pushctl' }, hosts).map((e) => e.message)
    expect(messages).toEqual(hosts.map((host) => `--on must name hosts, got "${host}"`))
    expect(remoteFaults(KUBECTL, ['pod/x', 'deploy/y'])).toEqual([])
    expect(remoteFaults(KUBECTL, ['--kubeconfig=x'])).toHaveLength(1)
  })

  it('must tell hosts apart, end its quotes, and be there', () => {
    const faults = (shell: string, hosts: string[]) =>
      remoteFaults({ shell, pushctl: 'pushctl' }, hosts).map(({ message }) => message)
    expect(faults('ssh {host}', ['a', 'a'])).toEqual(['--on names a twice'])
    expect(faults('env', ['a', 'b'])).toEqual([expect.stringContaining('must have {host} in it')])
    expect(faults('env', ['a'])).toEqual([])
    expect(faults("sh -c 'x", ['a'])).toEqual([expect.stringContaining('quote without its end')])
    expect(faults('  ', ['a'])).toEqual([expect.stringContaining('1 to 64 words')])
  })
})
