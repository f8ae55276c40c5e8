/**
 * Faults of the world around a node, on the built command line. PUSHCTL_TEST_SEED is the seed,
 * which is printed when a test fails; PUSHCTL_TEST_KILLS (200) and PUSHCTL_TEST_HALF_OPEN (10000,
 * as descriptors allow) scale two of them up.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { seededRandom } from '../../src/loadgen/seeded-random.ts'
import { BYE } from '../../src/protocol/frame-types.ts'
import { binaryFrame, DevicePeer, tcpFrame, upgradeHead } from '../server/device-peer.ts'
import { AckingDevice } from './fixtures/acking-device.ts'
import { ServeProcess, until } from './serve-process.ts'

const SEED = Number(process.env['PUSHCTL_TEST_SEED'] ?? Date.now() % 2 ** 31)
const KILLS = Number(process.env['PUSHCTL_TEST_KILLS'] ?? 3)
const HALF_OPEN = Number(process.env['PUSHCTL_TEST_HALF_OPEN'] ?? 2_000)
const WILL_ACK = 2

let node: ServeProcess | undefined
let peers: { destroy(): void }[] = []
let folder = ''

afterEach(async () => {
  for (const peer of peers) peer.destroy()
  peers = []
  await node?.kill()
  if (folder !== '') await rm(folder, { recursive: true })
  folder = ''
})

async function start(...words: readonly string[]): Promise<ServeProcess> {
  node = await ServeProcess.start('--log-format', 'json', ...words)
  return node
}

async function makeFolder(): Promise<string> {
  folder = await mkdtemp(join(tmpdir(), 'pushctl-faults-'))
  return folder
}

function portOf(address: string): number {
  return Number(address.slice(address.lastIndexOf(':') + 1))
}

function ports(shard = 0) {
  return { tcpPort: portOf(node!.ready.tcp[shard]!), wsPort: portOf(node!.ready.ws[shard]!) }
}

function keep<Peer extends { destroy(): void }>(peer: Peer): Peer {
  peers.push(peer)
  return peer
}

async function joinDevice(deviceId: string, shard = 0, flags = 0): Promise<DevicePeer> {
  return keep(await DevicePeer.join('tcp', ports(shard), deviceId, { flags }))
}

/** A line of this event is there, or will be soon. */
async function told(event: string, fields: Readonly<Record<string, unknown>>): Promise<void> {
  const lines = () =>
    node!.stderr
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Record<string, unknown>)
  const isIt = (line: Record<string, unknown>) =>
    line['event'] === event && Object.entries(fields).every(([key, value]) => line[key] === value)
  await until(() => lines().some(isIt)).catch(() => {
    expect(lines(), `no ${event} ${JSON.stringify(fields)}`).toContainEqual({ event, ...fields })
  })
}

async function metric(name: string): Promise<number> {
  const text = await (await fetch(node!.url('/metrics'))).text()
  const line = text.split('\n').find((each) => each.startsWith(`${name} `))
  return Number(line?.slice(name.length + 1) ?? 0)
}

/** True where the node answered that it is stored. */
async function isStored(to: string, payload: string): Promise<boolean> {
  const answer = node!.push({ to: [to], payload, qos: 1 }) as Promise<{ stored?: number }>
  return answer.then(
    ({ stored }) => stored === 1,
    () => false,
  )
}

describe('a node that is killed', () => {
  const DEVICES = 12
  const PUSHERS = 6
  const ACCEPTED_MAX = 400

  /** Pushes until so many are accepted, then kills the node; what is on its way is left unsaid. */
  async function pushUntilKilled(round: number, devices: AckingDevice[], count: number) {
    let sent = 0
    let accepted = 0
    const pusher = async () => {
      while (!node!.isEnded && accepted < count) {
        const device = devices[sent++ % devices.length]!
        const payload = `${round}/${sent}`
        if (!(await isStored(device.deviceId, payload))) continue
        device.owed.add(payload)
        if (++accepted === count) node!.child.kill('SIGKILL')
      }
    }
    await Promise.all(Array.from({ length: PUSHERS }, pusher))
    expect(accepted).toBeGreaterThanOrEqual(count)
    await node!.ended
  }

  it(
    `${KILLS} times under pushes of QoS 1 has or has delivered all that it accepted (seed ${SEED})`,
    async () => {
      const random = seededRandom(SEED)
      const data = await makeFolder()
      const devices = Array.from({ length: DEVICES }, (_, i) => new AckingDevice(`device-${i}`))
      for (let round = 1; round <= KILLS; round++) {
        await start('--data-dir', data)
        for (const device of devices) {
          // Some read and never ack, some are not there at all: what they are owed has to wait.
          const kind = random.nextUint32() % 4
          if (kind > 0) await keep(device).connect(ports(), kind > 1)
        }
        await pushUntilKilled(round, devices, 1 + (random.nextUint32() % ACCEPTED_MAX))
        for (const device of devices) device.destroy()
      }
      await start('--data-dir', data)
      for (const device of devices) await device.connect(ports(), true)
      const where = `seed ${SEED}`
      for (const device of devices) {
        await until(() => device.missing().length === 0).catch(() => {})
        expect(device.missing(), `${where}: ${device.deviceId}`).toEqual([])
        expect(device.contradictions, `${where}: ${device.deviceId}`).toEqual([])
      }
      await until(async () => (await node!.describe()).store?.messagesPending === 0)
    },
    15_000 + KILLS * 3_000,
  )
})

describe('a shard that is stopped', () => {
  const STOPPED_MS = 3_000

  it('is told of as silent, the other serves meanwhile, and goes on where it was', async () => {
    const data = await makeFolder()
    await start('--shards', '2', '--shard-kind', 'process', '--port-per-shard', '--data-dir', data)
    const [served, stopped] = [
      await joinDevice('a', 0, WILL_ACK),
      await joinDevice('b', 1, WILL_ACK),
    ]
    const { pid } = (await node!.describe()).shards[1]!
    process.kill(pid, 'SIGSTOP')
    try {
      const stoppedAtMs = performance.now()
      let isSilent = false
      let pushed = 0
      while (performance.now() - stoppedAtMs < STOPPED_MS || !isSilent) {
        pushed++
        expect(await isStored('a', `a ${pushed}`)).toBe(true)
        expect(await isStored('b', `b ${pushed}`)).toBe(true)
        await served.until('MSG', pushed)
        served.send({ type: 'ACK', stream: 0, seq: pushed })
        isSilent ||= (await node!.describe()).shards[1]!.state === 'silent'
        if (performance.now() - stoppedAtMs > 3 * STOPPED_MS) break
        // Fewer than an inbox holds.
        await new Promise((resolve) => setTimeout(resolve, 10))
      }
      expect(isSilent).toBe(true)
      expect(await metric('pushctl_shards_up')).toBe(1)
      await told('shard-silent', { level: 'warn', shard: 1 })
      expect(stopped.of('MSG')).toEqual([])
      process.kill(pid, 'SIGCONT')
      for (let seq = 1; seq <= pushed; seq++) {
        expect(await stopped.until('MSG', seq)).toMatchObject({ seq, payload: `b ${seq}` })
        stopped.send({ type: 'ACK', stream: 0, seq })
      }
      await until(async () => (await node!.describe()).shards[1]!.state === 'up')
      expect(await metric('pushctl_shards_up')).toBe(2)
      await told('shard-heard', { level: 'info', shard: 1 })
      await until(async () => (await node!.describe()).store?.messagesPending === 0)
    } finally {
      process.kill(pid, 'SIGCONT')
    }
    const { shards } = await node!.describe()
    expect(shards.map(({ restarts, devicesOnline }) => [restarts, devicesOnline])).toEqual([
      [0, 1],
      [0, 1],
    ])
  })
})

describe('a device that never reads', () => {
  const PAYLOAD = 'x'.repeat(60_000)
  const READERS = 4
  /** Beyond what the kernel takes for it: some 10 MB of loopback buffers. */
  const BROADCASTS_MAX = 1_000
  const GROWTH_BYTES_MAX = 96 << 20

  it('is cut off with 4102, the others miss nothing, and memory stays within bounds', async () => {
    await start('--shards', '1', '--send-queue-max', '256KiB')
    const readers = await Promise.all(
      Array.from({ length: READERS }, (_, i) => joinDevice(`reader-${i}`)),
    )
    const idle = await joinDevice('idle')
    const before = (await node!.describe()).memory.rssBytes
    idle.socket.pause()
    const cut = async () => (await node!.describe()).counters.closes['too-slow'] === 1
    let sent = 0
    let rssBytesMax = 0
    while (!(await cut()) && sent < BROADCASTS_MAX) {
      for (let batch = 0; batch < 10; batch++) {
        expect(await node!.push({ to: 'all', payload: PAYLOAD })).toHaveProperty('pushId')
        sent++
      }
      await Promise.all(readers.map((reader) => reader.until('MSG', sent)))
      rssBytesMax = Math.max(rssBytesMax, (await node!.describe()).memory.rssBytes)
    }
    idle.socket.resume()
    expect(await idle.bye()).toMatchObject({ type: 'BYE', code: BYE.TOO_SLOW })
    expect(idle.of('MSG').length).toBeLessThan(sent)
    for (const reader of readers) {
      expect(reader.of('MSG')).toHaveLength(sent)
      expect(reader.of('BYE')).toEqual([])
    }
    expect(rssBytesMax - before).toBeLessThan(GROWTH_BYTES_MAX)
    await until(async () => (await node!.describe()).counters.bufferedBytes === 0)
    expect(await metric('pushctl_closes_total{cause="too-slow"}')).toBe(1)
    await told('closed', { level: 'warn', cause: 'too-slow', count: 1 })
  })
})

describe('handshakes that nobody finishes', () => {
  const head = upgradeHead('push.v1')
  const hello = tcpFrame(binaryFrame({ type: 'HELLO', deviceId: 'half' }))
  /** What comes before nothing more does. */
  const BEGINNINGS = ['', hello.subarray(0, 5), '', head.slice(0, 70)] as const

  it(`${HALF_OPEN} at once are closed at the limit, counted, and in nobody’s way`, async () => {
    await start('--shards', '1', '--handshake-timeout', '1s')
    const device = await joinDevice('there-before')
    const halves: DevicePeer[] = []
    for (let index = 0; index < HALF_OPEN; index++) {
      const peer = keep(new DevicePeer(index % 4 < 2 ? 'tcp' : 'push.v1', ports()))
      if (BEGINNINGS[index % 4] !== '') peer.raw(BEGINNINGS[index % 4]!)
      halves.push(peer)
      if (index % 200 === 0) await until(() => halves.every(({ socket }) => !socket.connecting))
    }
    for (let pushed = 1; halves.some(({ isClosed }) => !isClosed); pushed++) {
      expect(await node!.push({ to: ['there-before'], payload: 'x' })).toMatchObject({ online: 1 })
      await device.until('MSG', pushed)
    }
    await joinDevice('there-after')
    const byes = halves.filter(({ carrier }) => carrier === 'tcp').map(({ frames }) => frames)
    const code = BYE.HANDSHAKE_TIMEOUT
    expect(byes.filter((frames) => frames.length !== 1 || frames[0]!['code'] !== code)).toEqual([])
    const { closes, connectionsOpen, hellosRefused } = (await node!.describe()).counters
    expect(closes).toEqual({ 'handshake-timeout': HALF_OPEN })
    expect([connectionsOpen, hellosRefused]).toEqual([2, {}])
    expect(await metric('pushctl_closes_total{cause="handshake-timeout"}')).toBe(HALF_OPEN)
    await told('closed', { level: 'warn', cause: 'handshake-timeout' })
  })
})

describe('everybody at once after a restart', () => {
  const DEVICES = 1_000
  /** A burst of ten seconds' worth is let in at once. */
  const ADDRESS_RATE = 85

  it('is back, and each refusal on the way is counted', async () => {
    await start('--shards', '2', '--shard-kind', 'thread')
    const addresses = [...node!.ready.tcp, ...node!.ready.ws, node!.ready.http]
    const random = seededRandom(SEED)
    let refused = 0
    let online = 0
    let isOver = false
    const live = async (deviceId: string) => {
      while (!isOver) {
        const peer = keep(new DevicePeer('tcp', { tcpPort: portOf(addresses[0]!), wsPort: 0 }))
        peer.send({ type: 'HELLO', deviceId })
        const isOut = new Promise((resolve) => peer.socket.once('close', resolve))
        const isIn = new Promise<void>((resolve) => {
          peer.socket.on('data', () => peer.of('WELCOME').length > 0 && resolve())
        })
        await Promise.race([isIn, isOut])
        if (peer.of('WELCOME').length > 0) {
          online++
          await isOut
          online--
        }
        if (peer.of('BYE').length > 0) {
          refused++
          expect(peer.of('BYE')[0]).toMatchObject({ code: BYE.RATE_LIMITED })
        }
        // A device that does not wait as long as it is told.
        await new Promise((resolve) => setTimeout(resolve, random.nextUint32() % 500))
      }
    }
    const lives = Array.from({ length: DEVICES }, (_, index) => live(`device-${index}`))
    await until(() => online === DEVICES)
    await node!.kill()
    const flags = ['--tcp', '--ws', '--http'].flatMap((flag, index) => [flag, addresses[index]!])
    const again = new ServeProcess([
      ...['--json', '--log-format', 'json', '--shards', '2', '--shard-kind', 'thread', ...flags],
      ...['--address-connect-rate', String(ADDRESS_RATE)],
    ])
    node = again
    await until(() => again.stdout.includes('\n') || again.isEnded)
    expect(again.isEnded, again.stderr).toBe(false)
    again.ready = JSON.parse(again.stdout)
    await until(() => online === DEVICES)
    const { counters } = await node.describe()
    expect(counters.devicesOnline).toBe(DEVICES)
    expect(counters.hellosAccepted).toBe(DEVICES)
    expect(refused).toBeGreaterThan(0)
    expect(counters.refusals).toEqual({ 'address-rate': refused })
    expect(counters.closes).toEqual({ 'rate-limited': refused })
    expect(await metric('pushctl_refusals_total{reason="address-rate"}')).toBe(refused)
    await told('refused', { level: 'warn', reason: 'address-rate' })
    isOver = true
    for (const peer of peers) peer.destroy()
    await Promise.all(lives)
  })
})
