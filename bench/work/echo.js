/**
 * CPU of the server for one message in and one out, in a closed loop with one and with eight
 * messages under way on each connection. With eight, a server that reads and writes in batches
 * makes fewer system calls.
 */
import { cpuBetween, cpuOf } from '../proc.js'

const WARM_UP_SHARE = 0.2

export const FULL = { connections: 100, bytes: 64, messages: 300_000, windows: [1, 8] }
export const QUICK = { connections: 50, bytes: 64, messages: 5000, windows: [1, 8] }

export async function measure({ server, client, wire, sizes }) {
  const found = {}
  const frame = wire.echo(sizes.bytes)
  const { connections, messages } = sizes
  await client.connect(connections)
  for (const window of sizes.windows) {
    await client.echo({ frame, connections, window, messages: messages * WARM_UP_SHARE })
    const before = cpuOf(server.pid)
    const run = await client.echo({ frame, connections, window, messages })
    const cpu = cpuBetween(before, cpuOf(server.pid))
    found[`echo${window}CpuUs`] = (cpu.total * 1e6) / messages
    found[`echo${window}UserUs`] = (cpu.user * 1e6) / messages
    found[`echo${window}SystemUs`] = (cpu.system * 1e6) / messages
    found[`echo${window}PerS`] = messages / run.seconds
    found[`echo${window}ClientBusy`] = run.cpuSeconds / run.seconds
  }
  return found
}
