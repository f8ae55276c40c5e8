/**
 * Interfaces from sysfs, with ethtool where it is installed; addresses, routes and neighbours from
 * `ip`.
 */
import { type Fact, known, mapFact, pickFact, unknown } from '../fact.ts'
import type { InterfaceFacts, IrqFacts, NetworkFacts, ReceiveQueueFacts } from '../facts-network.ts'
import { parseCpuList, parseCpuMask } from '../parsers/cpu-set.ts'
import { parseEthtoolLimits } from '../parsers/ethtool.ts'
import { parseIpRoute } from '../parsers/ip-route.ts'
import { lines, parseCount, parseDecimal, parseHex, words } from '../parsers/numbers.ts'
import { type FactSource, readParsed } from './fact-source.ts'

/** A node of a large cluster has hundreds of veths; the first ones stand for all. */
const INTERFACES_MAX = 256
const INTERFACE_UP = 0x1

export async function readNetwork(source: FactSource): Promise<NetworkFacts> {
  const names = await readInterfaceNames(source)
  const interfaces = names.known
    ? known(await Promise.all(names.value.map((name) => readInterface(source, name))), names.source)
    : names
  const [routes, addresses, neighbours] = await Promise.all([
    source.run({ name: 'ip-route', argv: ['ip', 'route', 'show'], linesMax: 10_000 }),
    source.run({ name: 'ip-address', argv: ['ip', '-o', 'address', 'show'], linesMax: 70_000 }),
    readParsed(source, '/proc/net/stat/arp_cache', neighboursIn),
  ])
  return {
    interfaces,
    irqs: interfaces.known ? await readIrqs(source, interfaces.value) : {},
    routes: pickFact(routes, ({ text }) => rowsOrNull(text, parseIpRoute(text)), NOT_EXPECTED),
    localAddresses: mapFact(addresses, ({ text }) => globalAddresses(text)),
    neighbourCount: neighbours,
  }
}

export async function readInterfaceNames(source: FactSource): Promise<Fact<readonly string[]>> {
  return mapFact(await source.list('/sys/class/net'), (names) =>
    names.filter((name) => /^[\w.@:-]+$/.test(name)).slice(0, INTERFACES_MAX),
  )
}

async function readInterface(source: FactSource, name: string): Promise<InterfaceFacts> {
  const folder = `/sys/class/net/${name}`
  const read = <T>(file: string, parse: (text: string) => T | null) =>
    readParsed(source, `${folder}/${file}`, parse)
  const [queues, flags, device, driver] = await Promise.all([
    source.list(`${folder}/queues`),
    read('flags', (text) => parseHex(text.trim().replace(/^0x/, ''))),
    source.list(`${folder}/device`),
    source.readLink(`${folder}/device/driver`),
  ])
  const kind = name === 'lo' ? 'loopback' : device.known ? 'physical' : 'virtual'
  const queueNames = queues.known ? queues.value : []
  const [mtu, speedMbps, numaNode, transmitQueueLength, threadedNapi, irqNumbers, receiveQueues] =
    await Promise.all([
      read('mtu', parseCount),
      read('speed', parseCount),
      read('device/numa_node', parseCount),
      read('tx_queue_len', parseCount),
      read('threaded', (text) => (/^[01]$/.test(text.trim()) ? text.trim() === '1' : null)),
      readIrqNumbers(source, folder),
      Promise.all(
        queueNames
          .filter((queue) => queue.startsWith('rx-'))
          .map((queue) => readReceiveQueue(source, folder, queue)),
      ),
    ])
  return {
    name,
    kind,
    up: flags.known && (flags.value & INTERFACE_UP) !== 0,
    receiveQueues,
    transmitQueueCount: queueNames.filter((queue) => queue.startsWith('tx-')).length,
    mtu,
    speedMbps,
    driver: mapFact(driver, (link) => link.split('/').at(-1) ?? link),
    numaNode,
    irqNumbers,
    transmitQueueLength,
    threadedNapi,
    channels: await readEthtool(source, kind, name, 'l'),
    rings: await readEthtool(source, kind, name, 'g'),
  }
}

async function readEthtool(
  source: FactSource,
  kind: InterfaceFacts['kind'],
  name: string,
  flag: 'l' | 'g',
): Promise<InterfaceFacts['channels']> {
  if (kind !== 'physical') return unknown('no device is behind this interface', `ethtool -${flag}`)
  const output = await source.run({
    name: `ethtool-${flag}-${name}`,
    argv: ['ethtool', `-${flag}`, name],
  })
  return pickFact(output, ({ text }) => parseEthtoolLimits(text), 'is not in the expected format')
}

/** Under virtio the interrupts belong to the device's parent. */
async function readIrqNumbers(source: FactSource, folder: string): Promise<Fact<number[]>> {
  const own = await source.list(`${folder}/device/msi_irqs`)
  const listed = own.known ? own : await source.list(`${folder}/device/../msi_irqs`)
  return mapFact(listed, (names) =>
    names.map((name) => parseDecimal(name)).filter((irq) => irq !== null && irq >= 0),
  ) as Fact<number[]>
}

async function readReceiveQueue(
  source: FactSource,
  folder: string,
  name: string,
): Promise<ReceiveQueueFacts> {
  const [rpsCpus, rpsFlowCount] = await Promise.all([
    readParsed(source, `${folder}/queues/${name}/rps_cpus`, parseCpuMask),
    readParsed(source, `${folder}/queues/${name}/rps_flow_cnt`, parseCount),
  ])
  return { name, rpsCpus, rpsFlowCount }
}

async function readIrqs(
  source: FactSource,
  interfaces: readonly InterfaceFacts[],
): Promise<Record<number, IrqFacts>> {
  const numbers = new Set(
    interfaces.flatMap(({ irqNumbers }) => (irqNumbers.known ? irqNumbers.value : [])),
  )
  const entries = [...numbers].map(async (irq) => {
    const folder = `/proc/irq/${irq}`
    const [affinity, effectiveAffinity, node] = await Promise.all([
      readParsed(source, `${folder}/smp_affinity_list`, parseCpuList),
      readParsed(source, `${folder}/effective_affinity_list`, parseCpuList),
      readParsed(source, `${folder}/node`, parseCount),
    ])
    return [irq, { affinity, effectiveAffinity, node }] as const
  })
  return Object.fromEntries(await Promise.all(entries))
}

const NOT_EXPECTED = 'is not in the expected format'

/** Text in which nothing was recognised is not the same as no text. */
function rowsOrNull<T>(text: string, rows: readonly T[]): readonly T[] | null {
  return rows.length === 0 && text.trim() !== '' ? null : rows
}

/** `ip -o address`: "2: eth0    inet 192.0.2.2/24 brd … scope global eth0". */
function globalAddresses(text: string): string[] {
  return lines(text).flatMap((line) => {
    const [, , family, address] = words(line)
    const isGlobal = /\bscope global\b/.test(line) && (family === 'inet' || family === 'inet6')
    return isGlobal && address !== undefined ? [address.replace(/\/\d+$/, '')] : []
  })
}

/** The `entries` column repeats the total on every row. */
function neighboursIn(text: string): number | null {
  const [header, row] = lines(text)
  return words(header ?? '')[0] === 'entries' ? parseHex(words(row ?? '')[0] ?? '') : null
}
