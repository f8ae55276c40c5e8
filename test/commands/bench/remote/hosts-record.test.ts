import { expect, it } from 'vitest'
import { HostsRecord } from '../../../../src/commands/bench/remote/hosts-record.ts'
import type { HostState } from '../../../../src/loadgen/remote/host-state.ts'
import { LatencyRecorder } from '../../../../src/stats/latency-recorder.ts'
import type { RecordedRow, RunHeader } from '../../../../src/stats/run-record.ts'

function recording() {
  const headers: RunHeader[] = []
  const rows: (RecordedRow & { count: number })[] = []
  const record = {
    begin: (header: RunHeader) => void headers.push(header),
    row: (row: RecordedRow, { count }: LatencyRecorder) => void rows.push({ ...row, count }),
  }
  return { headers, rows, record }
}

function hostOf(name: string) {
  return { name, lost: null, result: null } as HostState
}

function rowOf(part: Partial<RecordedRow>, ...latenciesUs: number[]) {
  const latencies = new LatencyRecorder()
  for (const us of latenciesUs) latencies.recordUs(us)
  const row = {
    ...{ at_ms: 1_000, span_ms: 1_000, connections: 10, sent: 5, received: 4, phase: 'steady' },
    ...{ p50: 1, p99: 1, max: 1, attempted: 12, established: 11, failed: 1 },
    ...part,
  }
  const text = latenciesUs.length === 0 ? '' : latencies.toBase64()
  return { type: 'row' as const, row: JSON.stringify(row), latencies: text }
}

const HEADER = JSON.stringify({
  ...{ started_at: 'then', mode: 'echo', targets: ['tcp://t:1'], engine: 'epoll' },
  ...{ latency_metric: 'echo_latency', environment: { cores: 2 }, plan: { headline: 'plan' } },
})

it('has a row of all hosts whenever each has told one, with their latencies together', () => {
  const [a, b] = [hostOf('a'), hostOf('b')]
  const { headers, rows, record } = recording()
  const hosts = new HostsRecord(record, () => [a, b])
  hosts.onHeader(a, HEADER)
  hosts.onHeader(b, HEADER.replace('"cores":2', '"cores":4'))
  hosts.begin(20)
  expect(headers).toMatchObject([
    { mode: 'echo', environment: { cores: '2, 4' }, plan: { connections: 20 } },
  ])
  hosts.onRow(a, rowOf({}, 100, 200))
  expect(rows).toEqual([])
  hosts.onRow(b, rowOf({ connections: 7, phase: 'warm-up' }, 1_000))
  const both = { connections: 17, sent: 10, received: 8, established: 22, phase: 'warm-up' }
  expect(rows).toMatchObject([{ ...both, count: 3, max: 1_000 }])
  expect(rows[0]!.p50).toBe(200)
})

it('does not wait for a host that is lost, or has nothing more to say', () => {
  const [a, b] = [hostOf('a'), hostOf('b')]
  const { rows, record } = recording()
  const hosts = new HostsRecord(record, () => [a, b])
  hosts.onHeader(a, HEADER)
  hosts.begin(20)
  hosts.onRow(b, rowOf({ connections: 7, sent: 1 }))
  hosts.onRow(a, rowOf({}))
  b.lost = 'gone'
  hosts.onRow(a, rowOf({}))
  // What it had connected counts, and is not up any more.
  expect(rows.map(({ connections, established }) => [connections, established])).toEqual([
    [17, 22],
    [10, 22],
  ])
})

it('is not stopped by what nobody can read', () => {
  const a = hostOf('a')
  const { headers, rows, record } = recording()
  const hosts = new HostsRecord(record, () => [a])
  hosts.onHeader(a, '{"mode":7}')
  hosts.begin(20)
  hosts.onRow(a, { type: 'row', row: '{"at_ms":"now"}', latencies: '' })
  expect([headers, rows]).toEqual([[], []])
  hosts.onHeader(a, HEADER)
  hosts.begin(20)
  hosts.onRow(a, { ...rowOf({}), latencies: 'damaged' })
  expect(rows).toMatchObject([{ connections: 10, count: 0 }])
})
