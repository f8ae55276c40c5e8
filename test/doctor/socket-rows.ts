/** Sockets and listeners for tests, as the parsers of ss would give them. */
import { type Fact, known } from '../../src/doctor/fact.ts'
import type { Sample, TransientSockets } from '../../src/doctor/facts-sample.ts'
import type { ListenerRow } from '../../src/doctor/parsers/ss-listeners.ts'
import type { SocketRow } from '../../src/doctor/parsers/ss-sockets.ts'

export function listenerWith(changes: Partial<ListenerRow> = {}): ListenerRow {
  return {
    address: '0.0.0.0',
    port: 8080,
    queued: 0,
    backlog: 16_384,
    drops: 0,
    inode: 1,
    cgroup: null,
    owners: [{ name: 'node', pid: 4321, fd: 20 }],
    ...changes,
  }
}

export function listenersFact(...rows: ListenerRow[]): Pick<Sample, 'listeners'> {
  return { listeners: known(rows, 'ss -Htlnme') }
}

export function socketWith(changes: Partial<SocketRow> = {}): SocketRow {
  return {
    state: 'ESTAB',
    receiveQueue: 0,
    sendQueue: 0,
    localAddress: '192.0.2.1',
    localPort: 8080,
    peerAddress: '198.51.100.7',
    peerPort: 50_000,
    owners: [],
    details: '',
    ...changes,
  }
}

/** `count` rows of one state. */
export function transientFact(
  state: string,
  count: number,
  changes: Partial<SocketRow> = {},
): { transientSockets: Fact<TransientSockets> } {
  const rows = Array.from({ length: count }, (_, index) =>
    socketWith({ state, peerPort: 10_000 + index, ...changes }),
  )
  return { transientSockets: known({ rows, partial: false }, 'ss -Htanoe') }
}
