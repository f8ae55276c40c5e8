/**
 * Deliveries of one message to all, for each second of CPU that the server used. Closed loop: the
 * next broadcast starts when every connection has the last one, so no server may fold two
 * messages into one send, and none meets a full socket buffer.
 */
import { cpuBetween, cpuOf } from '../proc.js'

const WARM_UP_BROADCASTS = 5

export const FULL = { connections: 5000, broadcasts: 120, bytes: 256 }
export const QUICK = { connections: 200, broadcasts: 10, bytes: 256 }

export async function measure({ server, client, sizes }) {
  await client.connect(sizes.connections)
  await broadcastMany({ server, client, sizes, count: WARM_UP_BROADCASTS })
  const before = cpuOf(server.pid)
  const run = await broadcastMany({ server, client, sizes, count: sizes.broadcasts })
  const cpu = cpuBetween(before, cpuOf(server.pid))
  const deliveries = sizes.connections * sizes.broadcasts
  return {
    deliveriesPerCpuS: deliveries / cpu.total,
    deliveriesPerS: deliveries / run.seconds,
    deliveryUserUs: (cpu.user * 1e6) / deliveries,
    deliverySystemUs: (cpu.system * 1e6) / deliveries,
    broadcastClientBusy: run.cpuSeconds / run.seconds,
  }
}

async function broadcastMany({ server, client, sizes, count }) {
  const sum = { seconds: 0, cpuSeconds: 0 }
  await client.zero()
  for (let i = 1; i <= count; i++) {
    const received = client.expect(sizes.connections * i)
    await Promise.all([received, server.broadcast(sizes.bytes)])
    const { seconds, cpuSeconds } = await received
    sum.seconds += seconds
    sum.cpuSeconds += cpuSeconds
  }
  return sum
}
