/**
 * Connections accepted and HELLOs answered, for each second of the server's CPU and of the clock.
 * All are reset at once after each cycle (RST, so that no TIME_WAIT is left); what the server
 * spends on that is counted in `cycleCpuUs` only.
 */
import { setTimeout as wait } from 'node:timers/promises'
import { cpuBetween, cpuOf } from '../proc.js'

const QUIET_SAMPLE_MS = 100
const QUIET_CPU_S = 0.002
const QUIET_SAMPLES_MAX = 50

export const FULL = { connections: 5000, cycles: 5, warmUpConnections: 2000 }
export const QUICK = { connections: 300, cycles: 2, warmUpConnections: 100 }

export async function measure({ server, client, sizes }) {
  await client.connect(sizes.warmUpConnections)
  await client.reset()
  await untilQuiet(server)
  const start = cpuOf(server.pid)
  const sum = { cpu: 0, seconds: 0, clientCpu: 0 }
  for (let i = 0; i < sizes.cycles; i++) {
    const before = cpuOf(server.pid)
    const run = await client.connect(sizes.connections)
    sum.cpu += cpuBetween(before, cpuOf(server.pid)).total
    sum.seconds += run.seconds
    sum.clientCpu += run.cpuSeconds
    await client.reset()
    await untilQuiet(server)
  }
  const count = sizes.connections * sizes.cycles
  return {
    connectsPerCpuS: count / sum.cpu,
    connectsPerS: count / sum.seconds,
    cycleCpuUs: (cpuBetween(start, cpuOf(server.pid)).total * 1e6) / count,
    connectClientBusy: sum.clientCpu / sum.seconds,
  }
}

/** Until the server is through with the resets, so that they do not count as connects. */
async function untilQuiet(server) {
  for (let i = 0; i < QUIET_SAMPLES_MAX; i++) {
    const before = cpuOf(server.pid)
    await wait(QUIET_SAMPLE_MS)
    if (cpuBetween(before, cpuOf(server.pid)).total < QUIET_CPU_S) return
  }
}
