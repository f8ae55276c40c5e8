import { spawn } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '../../src/config/package-root.ts'
import { reasonAgainstSshd, SshServer } from '../doctor/live/ssh-server.ts'
import { canMakeNamespaces, TestNamespace } from '../doctor/live/test-namespace.ts'
import { bench, reportFrom, startBench } from './bench-process.ts'
import { until } from './serve-process.ts'

// Three hosts as network namespaces on one bridge: a node and the head on the first, and two that
// drive it, each with an address, ports and an sshd of its own.

const HUB = '192.0.2.1'
const DRIVERS = [
  { name: 'load-a', address: '192.0.2.11' },
  { name: 'load-b', address: '192.0.2.12' },
] as const
const [TCP, HTTP] = [7101, 7102]
const BIN = join(packageRoot(), 'bin', 'pushctl.js')
const reason = reasonAgainstSshd() ?? (canMakeNamespaces() ? null : 'needs network namespaces')

describe.skipIf(reason !== null)(
  `bench --on over a real ssh${reason === null ? '' : `: ${reason}`}`,
  { timeout: 90_000 },
  () => {
    const server = new SshServer()
    const spaces: TestNamespace[] = []

    beforeAll(async () => {
      const hub = new TestNamespace()
      spaces.push(hub)
      hub.run('ip', 'link', 'add', 'bridge', 'type', 'bridge')
      hub.run('ip', 'address', 'add', `${HUB}/24`, 'dev', 'bridge')
      hub.run('ip', 'link', 'set', 'bridge', 'up')
      for (const { name, address } of DRIVERS) {
        const space = new TestNamespace()
        spaces.push(space)
        hub.run('ip', 'link', 'add', name, 'type', 'veth', 'peer', 'name', 'out')
        hub.run('ip', 'link', 'set', 'out', 'netns', space.name)
        hub.run('ip', 'link', 'set', name, 'master', 'bridge', 'up')
        space.run('ip', 'address', 'add', `${address}/24`, 'dev', 'out')
        space.run('ip', 'link', 'set', 'out', 'up')
      }
      const places = DRIVERS.map((driver, index) => ({
        ...driver,
        port: 2222,
        under: ['ip', 'netns', 'exec', spaces[index + 1]!.name],
      }))
      await server.start(places)
      const words = ['--tcp', `${HUB}:${TCP}`, '--http', `${HUB}:${HTTP}`, '--insecure']
      await hub.start(`
        const node = require('node:child_process').spawn(process.execPath,
          ${JSON.stringify([BIN, 'serve', '--json', ...words])}, { stdio: ['ignore', 'inherit', 'ignore'] })
        process.on('exit', () => node.kill('SIGKILL'))
        process.on('SIGTERM', () => process.exit(0))`)
    }, 80_000)

    afterAll(async () => {
      for (const space of spaces.toReversed()) {
        for (const pid of space.run('ip', 'netns', 'pids', space.name).trim().split('\n')) {
          if (pid !== '') spawn('kill', ['-KILL', pid])
        }
        await space.end()
      }
      await server.end()
    })

    const under = (): string[] => {
      const path = `PATH=${server.folder}${delimiter}${process.env['PATH'] ?? ''}`
      return ['ip', 'netns', 'exec', spaces[0]!.name, 'env', path]
    }
    const wordsOn = (hosts: string, ...words: string[]): string[] => [
      ...['--on', hosts, '--remote-pushctl', `${process.execPath} ${BIN}`],
      ...['--publish', `http://${HUB}:${HTTP}`, '-c', '60', ...words, `tcp://${HUB}:${TCP}`],
    ]

    it('drives in steps from each host with its own address, and merges what they found', async () => {
      const steps = ['--stages', '1s@20,2s@60', '--mode', 'broadcast', '-R', '5']
      const words = wordsOn('load-a,load-b', ...steps)
      const run = startBench([...words, '--json', '--quiet'], under())
      const peers = (address: string): number =>
        spaces[0]!
          .run('ss', '-Htn', 'state', 'established', `sport = :${TCP}`, 'dst', address)
          .split('\n')
          .filter((line) => line !== '').length
      await until(() => DRIVERS.every(({ address }) => peers(address) === 30), 60_000)
      const report = reportFrom(await run.ended)
      expect(report.connections).toMatchObject({ requested: 60, established: 60, failed: 0 })
      expect(report.messages).toMatchObject({ planned: 10, expected: 600, received: 600, lost: 0 })
      expect(report.generators?.map(({ host, received }) => [host, received])).toEqual([
        ['load-a', 300],
        ['load-b', 300],
      ])
      const [first] = report.stages ?? []
      expect(first?.messages).toMatchObject({ planned: 5, expected: 100, received: 100, lost: 0 })
    })

    it('goes on without a host that does not let it in, and one without sshd', async () => {
      const words = wordsOn('stranger,load-b,closed', '--mode', 'echo', '-R', '60', '-d', '1s')
      const { report } = await bench(words, under())
      expect(report.messages).toMatchObject({ planned: 60, received: 60, lost: 0 })
      expect(report.generators?.map(({ failure }) => failure)).toEqual([
        expect.stringContaining('Permission denied (publickey'),
        null,
        expect.stringContaining('Connection refused'),
      ])
    })

    it('uses up the ports of one network from two workers that have one address', async () => {
      const [, space] = spaces as [unknown, TestNamespace]
      // Those of the runs before, in TIME_WAIT, are no longer in the way.
      const ports = ['net.ipv4.tcp_tw_reuse=1', 'net.ipv4.ip_local_port_range=40000 40099']
      space.run('sysctl', '-qw', ...ports)
      const shell = ['--remote-shell', 'env HOST={host}']
      const words = wordsOn('one,two', ...shell, '--mode', 'echo', '-R', '60', '-d', '1s')
      const inside = ['ip', 'netns', 'exec', space.name]
      const { report } = await bench([...words, '-c', '96'], inside)
      expect(report.connections).toMatchObject({ requested: 96, established: 96, failed: 0 })
      expect(report.generators?.map(({ connections }) => connections.established)).toEqual([48, 48])
    })
  },
)
