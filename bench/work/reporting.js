/**
 * One load, reported in different ways: how many messages go round for each second of CPU of the
 * generator, all its threads and processes counted, while the load stands; and the CPU of the whole
 * run, to which writing the report at its end belongs.
 */
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { compile } from '../compile.js'
import { LineProcess } from '../lines.js'
import { cpuOf } from '../proc.js'

const TARGET_CORE = 0
const GENERATOR_CORE = 1
const START_LIMIT_S = 20
const LOOK_MS = 100
/** Of it, at the end of a run, for results and reports. */
const END_LIMIT_MS = 30_000
const BYTES = 64
const RATE = 70_000

export const FULL = { connections: 1_000, leadS: 3, measureS: 6 }
export const QUICK = { connections: 1_000, leadS: 1, measureS: 1 }

const SLOS = ['--slo', 'echo_latency:p99<1s', '--slo', 'lost==0']

/** Options beside those of the load; `folder` and `gateway` are there for who wants them. */
export const VARIANTS = {
  off: { title: 'no report', options: () => ['--quiet', '--doctor', 'off'] },
  all: {
    title: 'all files, thresholds, progress, Prometheus',
    options: ({ folder, gateway }) => [
      ...['--out', folder, '--push-metrics', gateway, ...SLOS],
      ...['--doctor', 'off'],
    ],
  },
  doctor: {
    title: 'the same, and doctor',
    options: ({ folder, gateway }) => ['--out', folder, '--push-metrics', gateway, ...SLOS],
  },
}

/** @returns figures of one run: perCpuS while the load stands, wholeCpuS, busy */
export async function measureReporting({ name, sizes, pushctl }) {
  const target = new LineProcess({
    command: [compile('generator-target'), 'mode=echo', 'rate=0', `bytes=${BYTES}`],
    core: TARGET_CORE,
  })
  const folder = mkdtempSync(join(tmpdir(), 'pushctl-reporting-'))
  const gateway = await startGateway()
  let generator = null
  try {
    const { port } = await target.read(START_LIMIT_S)
    const own = VARIANTS[name].options({ folder: join(folder, 'out'), gateway: gateway.url })
    generator = new LineProcess({
      command: commandOf({ port, sizes, pushctl, own }),
      core: GENERATOR_CORE,
    })
    const count = async () => (await target.ask('stat')).sent
    await untilUnderWay(count, RATE * sizes.leadS)
    const before = { count: await count(), cpu: cpuOf(generator.pid), ms: performance.now() }
    await wait(sizes.measureS * 1000)
    const after = { count: await count(), cpu: cpuOf(generator.pid), ms: performance.now() }
    const wholeCpuS = await cpuToTheEnd(generator)
    const cpuS = after.cpu.total - before.cpu.total
    return {
      perCpuS: (after.count - before.count) / cpuS,
      perS: ((after.count - before.count) * 1000) / (after.ms - before.ms),
      busy: (cpuS * 1000) / (after.ms - before.ms),
      wholeCpuS,
      isPushed: gateway.pushes > 0,
    }
  } finally {
    await generator?.stop()
    await target.stop()
    gateway.close()
    rmSync(folder, { recursive: true })
  }
}

function commandOf({ port, sizes, pushctl, own }) {
  const seconds = sizes.leadS + sizes.measureS + 1
  return [
    ...[process.execPath, pushctl, 'bench', `tcp://127.0.0.1:${port}`, '--mode', 'echo'],
    ...['-w', '1', '-c', String(sizes.connections), '--connect-rate', '20k', '-R', String(RATE)],
    ...['--message-size', String(BYTES), '--warmup', '0s', '-d', `${seconds}s`],
    ...own,
  ]
}

/** A Pushgateway that takes everything. */
async function startGateway() {
  const gateway = { pushes: 0, url: '', close: () => {} }
  const server = createServer((request, response) => {
    gateway.pushes += 1
    request.resume().on('end', () => response.end())
  })
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve))
  gateway.url = `http://127.0.0.1:${server.address().port}`
  gateway.close = () => server.close()
  return gateway
}

async function untilUnderWay(count, wanted) {
  const startedMs = performance.now()
  while ((await count()) < wanted) {
    if (performance.now() - startedMs > START_LIMIT_S * 1000) {
      throw new Error(`it had not moved ${wanted} messages after ${START_LIMIT_S} s`)
    }
    await wait(LOOK_MS)
  }
}

/** The most that was ever seen: threads and processes that are gone are not told any more. */
async function cpuToTheEnd({ pid }) {
  const limitMs = performance.now() + END_LIMIT_MS
  let most = 0
  for (;;) {
    const { user, system } = cpuOf(pid)
    if (user + system === 0) return most
    most = Math.max(most, user + system)
    if (performance.now() > limitMs) throw new Error('the run did not end')
    await wait(LOOK_MS)
  }
}
