/** `pushctl cluster rollout` on real nodes, restarted by a script as an init system would. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { packageRoot } from '../../src/config/package-root.ts'
import { hasRedis } from '../cluster/redis-server.ts'
import { ClusterStage, STAGE_TEST_MS_MAX } from './fixtures/cluster-stage.ts'
import { untilSettled } from './fixtures/roaming-device.ts'

const NAMES = ['a', 'b', 'c'] as const

let stage: ClusterStage
let folder = ''

beforeEach(async () => {
  if (!hasRedis) return
  folder = await mkdtemp(join(tmpdir(), 'pushctl-rollout-'))
  stage = await ClusterStage.open()
  await stage.start(...NAMES)
})

afterEach(async () => {
  if (!hasRedis) return
  for (const name of NAMES) {
    const pid = await readFile(join(folder, `${name}.pid`), 'utf8').catch(() => '')
    if (pid !== '') process.kill(Number(pid), 'SIGKILL')
  }
  await stage.close()
  await rm(folder, { recursive: true })
})

/** Ends the node named $1 and starts it again on the same ports; writes down that it did. */
async function writeScript(): Promise<string> {
  const bin = join(packageRoot(), 'bin', 'pushctl.js')
  const cases = NAMES.map((name) => {
    const { ready, child } = stage.nodes.get(name)!
    const ports = ['--tcp', ready.tcp[0]!, '--ws', ready.ws[0]!, '--http', ready.http]
    return `${name}) first=${child.pid}; words='${[...stage.wordsOf(name), ...ports].join(' ')}';;`
  })
  const lines = [
    'case "$1" in',
    ...cases,
    'esac',
    `pid=$(cat ${folder}/$1.pid 2>/dev/null || echo $first)`,
    'kill -TERM $pid',
    'while kill -0 $pid 2>/dev/null; do sleep 0.05; done',
    `"${process.execPath}" "${bin}" serve $words >/dev/null 2>&1 &`,
    `echo $! > ${folder}/$1.pid`,
    `echo "$2 $1" >> ${folder}/order`,
  ]
  const path = join(folder, 'restart.sh')
  await writeFile(path, lines.join('\n'))
  return path
}

const order = async () => (await readFile(join(folder, 'order'), 'utf8')).trim().split('\n')

describe.skipIf(!hasRedis)('a rollout', { timeout: STAGE_TEST_MS_MAX }, () => {
  const SHORT = ['--soak', '1s', '--drain-rate', '0', '--ready-timeout', '40s']

  it('restarts one node, then the others, each emptied before; stored pushes survive', async () => {
    const script = await writeScript()
    const addresses = [...stage.nodes.values()].map(({ tcp }) => tcp)
    const devices = await stage.devices(9)
    for (const device of devices) expect(await stage.push(device)).toBe(true)
    const restart = ['--restart', `sh ${script} {node} new`]
    const rules = ['--threshold', 'devices>99%', '--threshold', 'level<1']
    const end = await stage.cluster('rollout', ...restart, ...SHORT, ...rules)
    expect([end.status, end.document?.outcome, end.document?.reason]).toEqual([0, 'done', ''])
    expect(end.document.nodes).toMatchObject([
      { stage: 1, state: 'restarted' },
      { stage: 2, state: 'restarted' },
      { stage: 2, state: 'restarted' },
    ])
    expect((await order()).toSorted()).toEqual(['new a', 'new b', 'new c'])
    await untilSettled(devices)
    expect(devices.filter(({ isFinal }) => isFinal)).toEqual([])
    expect(devices.every(({ address }) => addresses.includes(address))).toBe(true)
  })

  it('stops where its check fails, and puts back what was restarted, last first', async () => {
    const script = await writeScript()
    const commands = ['--restart', `sh ${script} {node} new`, '--revert', `sh ${script} {node} old`]
    const check = [
      '--check',
      'test "$PUSHCTL_ROLLOUT_STAGE" != 2 || { echo p99 too high >&2; exit 99; }',
    ]
    const stages = ['--stages', '1,2,100%', '--no-drain', '--soak', '0', '--ready-timeout', '40s']
    const end = await stage.cluster('rollout', ...commands, ...check, ...stages)
    expect([end.status, end.document?.outcome]).toEqual([99, 'reverted'])
    expect(end.document.reason).toBe(
      'the check after stage 2 failed: it ended with 99: p99 too high',
    )
    expect(end.document.nodes).toMatchObject([
      { node: 'a', stage: 1, state: 'reverted' },
      { node: 'b', stage: 2, state: 'reverted' },
      { node: 'c', stage: 3, state: 'waiting' },
    ])
    expect(await order()).toEqual(['new a', 'new b', 'old b', 'old a'])
  })

  it('stops where a threshold is crossed, and puts the one node back', async () => {
    const script = await writeScript()
    const commands = ['--restart', `sh ${script} {node} new`, '--revert', `sh ${script} {node} old`]
    const rules = ['--threshold', 'level<0', '--soak', '1s', '--ready-timeout', '40s', '--no-drain']
    const end = await stage.cluster('rollout', ...commands, ...rules)
    expect([end.status, end.document?.outcome]).toEqual([99, 'reverted'])
    expect(end.document.reason).toBe('a: level<0 does not hold: 0')
    expect(await order()).toEqual(['new a', 'old a'])
  })

  it('stops where a node does not come back, and leaves the others', async () => {
    const words = ['--restart', 'true', '--no-drain', '--ready-timeout', '2s', '--soak', '0']
    const end = await stage.cluster('rollout', ...words)
    expect([end.status, end.document?.outcome]).toEqual([99, 'stopped'])
    expect(end.document.reason).toBe('a: not ready within 2s of the command')
    const states = end.document.nodes.map(({ state }: { state: string }) => state)
    expect(states).toEqual(['failed', 'waiting', 'waiting'])
  })
})
