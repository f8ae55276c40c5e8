import { describe, expect, it } from 'vitest'
import { known, unknown } from '../../../src/doctor/fact.ts'
import type { InterfaceFacts } from '../../../src/doctor/facts-network.ts'
import { parseIpRoute } from '../../../src/doctor/parsers/ip-route.ts'
import { parseSsSockets } from '../../../src/doctor/parsers/ss-sockets.ts'
import { pathFolklore } from '../../../src/doctor/sysctl-lint/path-folklore.ts'
import { processWith } from '../facts-builder.ts'
import { hitNames, type LintedHost, lintHits } from './lint-builder.ts'

const names = (options: LintedHost) => hitNames(lintHits(pathFolklore, options))
const NOTHING = unknown('not part of this test', 'test')

const sockets = (...timers: string[]) => {
  const text = timers.map((timer) => `0 0 10.0.0.1:80 10.0.0.2:5001 ${timer}`).join('\n')
  return {
    timeWait: NOTHING,
    establishedSample: known(parseSsSockets(text, 'ESTAB').rows, 'ss -Htnoim'),
  }
}

function card(queues: number, rpsCpus: readonly number[]): InterfaceFacts {
  return {
    name: 'eth0',
    kind: 'physical',
    up: true,
    receiveQueues: Array.from({ length: queues }, (_, index) => ({
      name: `rx-${index}`,
      rpsCpus: known(rpsCpus, `/sys/class/net/eth0/queues/rx-${index}/rps_cpus`),
      rpsFlowCount: NOTHING,
    })),
    transmitQueueCount: queues,
    mtu: NOTHING,
    speedMbps: NOTHING,
    driver: NOTHING,
    numaNode: NOTHING,
    irqNumbers: NOTHING,
    transmitQueueLength: NOTHING,
    threadedNapi: NOTHING,
    channels: NOTHING,
    rings: NOTHING,
  }
}

describe('folklore about the path', () => {
  it('14: RPS on a card that has a queue for each CPU', () => {
    const steered = (queues: number, rpsCpus: readonly number[]) =>
      names({
        host: { onlineCpus: known([0, 1, 2, 3], 'online') },
        network: { interfaces: known([card(queues, rpsCpus)], '/sys/class/net') },
      })
    expect(steered(4, [0, 1, 2, 3])).toEqual(['rps_cpus of eth0 info'])
    expect(steered(4, [])).toEqual([])
    expect(steered(1, [0, 1, 2, 3])).toEqual([])
  })

  it('15: keepalive keys for programs that do not ask for keepalive', () => {
    const key = 'net.ipv4.tcp_keepalive_time'
    const files = `${key} = 30\nnet.ipv4.tcp_keepalive_probes = 3`
    expect(names({ files, rest: { sockets: sockets('', '') } })).toEqual([`${key} info`])
    const kept = sockets('timer:(keepalive,29sec,0)', '')
    expect(names({ files, rest: { sockets: kept } })).toEqual([])
    expect(names({ live: { [key]: 30 }, rest: { sockets: sockets('') } })).toEqual([])
  })

  it('15: keepalive keys for Node, which brings its own', () => {
    const files = 'net.ipv4.tcp_keepalive_intvl = 10'
    const kept = sockets('timer:(keepalive,29sec,0)')
    const rest = { sockets: kept, processes: [processWith({ name: 'node' })] }
    const [hit] = lintHits(pathFolklore, { files, rest })
    expect(hit?.observed).toContain('node (pid 4321) is Node')
    const other = { sockets: kept, processes: [processWith({ name: 'beam.smp' })] }
    expect(names({ files, rest: other })).toEqual([])
  })

  it('16: slow start after idle switched off under BBR', () => {
    const key = 'net.ipv4.tcp_slow_start_after_idle'
    const live = (control: string) => ({ 'net.ipv4.tcp_congestion_control': control })
    expect(names({ files: `${key} = 0`, live: live('bbr') })).toEqual([`${key} info`])
    expect(names({ files: `${key} = 0`, live: live('cubic') })).toEqual([])
    expect(names({ files: `${key} = 1`, live: live('bbr') })).toEqual([])
    expect(names({ files: `${key} = 0` })).toEqual([])
  })

  it('18: keys that are kept and do nothing, when a file sets them', () => {
    for (const key of ['net.ipv4.tcp_low_latency', 'net.ipv4.tcp_fack']) {
      expect(names({ files: `${key} = 1` })).toEqual([`${key} info`])
      expect(names({ live: { [key]: 0 } })).toEqual([])
    }
  })

  it('20: a timeout floor in seconds, for all or on a route', () => {
    const key = 'net.ipv4.tcp_rto_min_us'
    expect(names({ files: `${key} = 1000000` })).toEqual([`${key} warn`])
    expect(names({ files: `${key} = 999999` })).toEqual([])
    const routes = (text: string) => ({
      network: { routes: known(parseIpRoute(text), 'ip route') },
    })
    expect(names(routes('default dev eth0 rto_min lock 3s'))).toEqual(['route default info'])
    expect(names(routes('default dev eth0 rto_min lock 400ms'))).toEqual([])
  })
})
