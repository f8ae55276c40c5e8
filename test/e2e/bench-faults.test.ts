import { afterEach, describe, expect, it, vi } from 'vitest'
import { PushPeer, type PushPeerOptions } from '../loadgen/push-peer.ts'
import { childrenOf, isAlive, reportFrom, startBench } from './bench-process.ts'

const peers: PushPeer[] = []

afterEach(async () => {
  for (const peer of peers.splice(0)) await peer.stop()
})

async function startPeer(options: PushPeerOptions = {}): Promise<PushPeer> {
  const peer = await PushPeer.start(options)
  peers.push(peer)
  return peer
}

const QUIET = ['--json', '--quiet']
const LONG = ['-d', '10m', '--warmup', '0s', ...QUIET]

describe('pushctl bench refuses before it sends anything', () => {
  it.each([
    [['-c', '50k', '-w', '2'], 3, 'PUSHCTL_DESCRIPTORS'],
    [['-c', '0'], 2, 'PUSHCTL_CONFIG'],
    [['--slo', 'nonsense'], 2, 'PUSHCTL_USAGE'],
    [['http://127.0.0.1:1'], 2, 'PUSHCTL_USAGE'],
  ])('%j with %d', async (words, exitCode, code) => {
    const { status, stdout, stderr } = await startBench([...words, ...QUIET]).ended
    expect([status, stdout]).toEqual([exitCode, ''])
    expect(stderr).toContain(code)
  })
})

describe('pushctl bench ends with 4', () => {
  it('where the target refuses', async () => {
    const peer = await PushPeer.start()
    const { url } = peer
    await peer.stop()
    const { status, stderr } = await startBench([url, '--mode', 'idle', ...LONG]).ended
    expect(status).toBe(4)
    expect(stderr).toContain('PUSHCTL_TARGET_UNREACHABLE')
    expect(stderr).toContain('ECONNREFUSED')
  })

  it('where nothing listens, and names the target and not its HTTP API', async () => {
    const peer = await PushPeer.start()
    const { url } = peer
    await peer.stop()
    const { status, stderr } = await startBench([url, '--mode', 'broadcast', ...LONG]).ended
    expect(status).toBe(4)
    expect(stderr).toContain(`${url} cannot be reached`)
    expect(stderr).not.toContain('7002')
  })

  it.each([
    ['garbage', 'PUSHCTL_TARGET_PROTOCOL'],
    ['bye', 'PUSHCTL_TARGET_REFUSED'],
  ] as const)('where the target answers with %s', async (greeting, code) => {
    const peer = await startPeer({ greeting })
    const { status, stderr } = await startBench([peer.url, '--mode', 'idle', ...LONG]).ended
    expect(status).toBe(4)
    expect(stderr).toContain(code)
  })

  it('where the target accepts and never answers', async () => {
    const peer = await startPeer({ greeting: 'silence' })
    const words = [peer.url, '--mode', 'idle', '-c', '5', ...LONG]
    const { status, stderr } = await startBench(words).ended
    expect(status).toBe(4)
    expect(stderr).toContain('phase hello: timeout')
  })

  it('where nothing answers pushes', async () => {
    const peer = await startPeer()
    const nobody = await PushPeer.start()
    const api = nobody.url.replace('tcp', 'http')
    await nobody.stop()
    const words = [peer.url, '--mode', 'broadcast', '--publish', api]
    const { status, stderr } = await startBench([...words, ...LONG]).ended
    expect(status).toBe(4)
    expect(stderr).toContain('--publish http://host:port')
  })

  it('and a report where the target dies in the middle', async () => {
    const peer = await startPeer()
    const run = startBench([peer.url, '--mode', 'echo', '-c', '20', ...LONG])
    await peer.until(() => peer.sends > 20)
    await peer.stop()
    peers.pop()
    const end = await run.ended
    expect(end.status).toBe(4)
    const { connections } = reportFrom(end)
    expect(connections).toMatchObject({ established: 20, alive_at_end: 0 })
    expect(connections.failures[0]).toMatchObject({ phase: 'idle', count: 20 })
  })
})

describe('Ctrl-C', () => {
  it('before the first connection ends with 130, an empty report and no process', async () => {
    const run = startBench(['-c', '5', ...LONG])
    await vi.waitUntil(() => childrenOf(run.pid).length === 1, { timeout: 10_000, interval: 2 })
    const [node] = childrenOf(run.pid)
    run.child.kill('SIGINT')
    const end = await run.ended
    expect(end.status).toBe(130)
    const { interrupted, connections, messages } = reportFrom(end)
    expect(interrupted).toBe(true)
    expect(connections).toMatchObject({ requested: 5, failed: 0, failures: [] })
    expect(messages.lost).toBe(0)
    expect(isAlive(node)).toBe(false)
  })

  it('while connecting ends with 130 and a report', async () => {
    const peer = await startPeer()
    const words = ['--mode', 'idle', '-c', '1000', '--connect-rate', '50', ...LONG]
    const run = startBench([peer.url, ...words])
    await peer.until(() => peer.deviceIds.length >= 5)
    run.child.kill('SIGINT')
    const end = await run.ended
    expect(end.status).toBe(130)
    const { interrupted, connections } = reportFrom(end)
    expect(interrupted).toBe(true)
    expect(connections.established).toBeGreaterThanOrEqual(5)
    expect(connections.established).toBeLessThan(1000)
    expect(connections.failures).toEqual([])
  })

  it('in the steady state ends with 130 and counts what was sent', async () => {
    const peer = await startPeer()
    const run = startBench([peer.url, '--mode', 'echo', '-c', '10', '-R', '100', ...LONG])
    await peer.until(() => peer.sends >= 30)
    run.child.kill('SIGINT')
    const end = await run.ended
    expect(end.status).toBe(130)
    const { interrupted, messages, connections } = reportFrom(end)
    expect(interrupted).toBe(true)
    expect(messages.sent).toBeGreaterThanOrEqual(30)
    expect(messages).toMatchObject({ received: messages.sent, lost: 0 })
    expect(connections.alive_at_end).toBe(10)
  })

  it('twice ends at once, and leaves no process behind', async () => {
    const peer = await startPeer()
    const words = ['--mode', 'idle', '-c', '10', '--processes', '2', '--doctor', 'on', ...LONG]
    const run = startBench([peer.url, ...words])
    await peer.until(() => peer.deviceIds.length === 10)
    const children = childrenOf(run.pid)
    // Two shards, and doctor that looks at this host.
    expect(children).toHaveLength(3)
    run.child.kill('SIGINT')
    run.child.kill('SIGINT')
    expect((await run.ended).status).toBe(130)
    await vi.waitUntil(() => !children.some(isAlive), { timeout: 10_000, interval: 20 })
  })
})

describe('when a part of bench is killed', () => {
  it('a shard process takes only its connections with it', async () => {
    const peer = await startPeer()
    const words = ['--mode', 'idle', '-c', '10', '--processes', '2', ...LONG]
    const run = startBench([peer.url, ...words])
    await peer.until(() => peer.deviceIds.length === 10)
    process.kill(childrenOf(run.pid)[0], 'SIGKILL')
    await peer.until(() => peer.sockets.size === 5)
    run.child.kill('SIGINT')
    const end = await run.ended
    expect(end.status).toBe(130)
    const { verdict, connections } = reportFrom(end)
    expect(verdict.value).not.toBe('VALID')
    expect(verdict.reasons.join()).toContain('1 of 2 generator shards died')
    expect(connections).toMatchObject({ attempted: 10, failed: 5, alive_at_end: 5 })
  })

  it('its own node does not outlive it', async () => {
    const run = startBench(['-c', '5', ...LONG])
    await vi.waitUntil(() => childrenOf(run.pid).length === 1, { timeout: 10_000, interval: 20 })
    const [node] = childrenOf(run.pid)
    run.child.kill('SIGKILL')
    await run.ended
    await vi.waitUntil(() => !isAlive(node), { timeout: 10_000, interval: 20 })
  })
})
