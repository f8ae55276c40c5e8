import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { NodeApi } from '../../src/loadgen/node-api.ts'
import { distributionBetween, TargetLook } from '../../src/loadgen/target-look.ts'
import { LatencyRecorder } from '../../src/stats/latency-recorder.ts'

let server: Server | undefined
afterEach(() => void server?.close())

/** A node that has seen these values by now; asked over HTTP, as any other. */
async function nodeThatSaw(recorder: LatencyRecorder): Promise<NodeApi> {
  server = createServer((_request, response) => {
    const gc = { known: true, kinds: [], loop_lag: recorder.summary() }
    response.end(JSON.stringify({ gc, shards: [{ engine: 'epoll' }] }))
  })
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return new NodeApi(`http://127.0.0.1:${port}`, null)
}

function recorded(...values: number[]): LatencyRecorder {
  const recorder = new LatencyRecorder()
  for (const us of values) recorder.recordUs(us)
  return recorder
}

describe('a look at the target', () => {
  it('tells how late its loops were between the last connection and the last message', async () => {
    const recorder = recorded(900_000, 5)
    const look = new TargetLook(await nodeThatSaw(recorder))
    look.onConnected()
    await look.ask()
    for (let i = 0; i < 3; i++) recorder.recordUs(40)
    look.onSent()
    await look.ask()
    recorder.recordUs(700_000)
    const { engine, gc } = await look.finish(0)
    expect(engine).toBe('epoll')
    expect(gc?.loop_lag).toMatchObject({ count: 6 })
    expect(gc?.loop_lag_steady).toMatchObject({ count: 3, max: 40 })
  })

  it('tells of all of it where the steady state was never reached', async () => {
    const look = new TargetLook(await nodeThatSaw(recorded(5)))
    look.onConnected()
    const { gc } = await look.finish(0)
    expect(gc?.loop_lag).toMatchObject({ count: 1 })
    expect(gc).not.toHaveProperty('loop_lag_steady')
  })

  it('is empty where the target has no HTTP API, or does not answer', async () => {
    const nothing = { engine: null, gc: null }
    expect(await new TargetLook(null).finish(0)).toEqual(nothing)
    const api = await nodeThatSaw(recorded(5))
    server!.close()
    expect(await new TargetLook(api).finish(0)).toEqual(nothing)
  })
})

describe('what came between two looks', () => {
  it('is unknown where a node began anew, or says what is no histogram', () => {
    const before = recorded(10, 20).summary()
    expect(distributionBetween(before, recorded(10).summary())).toBeNull()
    expect(distributionBetween(before, { ...before, hdr: 'x' })).toBeNull()
    expect(distributionBetween({ ...before, hdr: 7 as never }, before)).toBeNull()
    expect(distributionBetween(null, before)).toBeNull()
    expect(distributionBetween(before, undefined)).toBeNull()
    expect(distributionBetween(before, before)).toMatchObject({ count: 0 })
  })
})
