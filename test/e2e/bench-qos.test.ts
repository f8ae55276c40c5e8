import { describe, expect, it } from 'vitest'
import { EpollEngine } from '../../src/engine/epoll-engine.ts'
import { bench } from './bench-process.ts'
import { ServeProcess } from './serve-process.ts'

const engines = EpollEngine.isAvailable() ? (['epoll', 'node'] as const) : (['node'] as const)

describe.each(engines)('bench --qos 1 on the %s engine', (engine) => {
  it.each([
    ['unicast', 200, 200],
    ['broadcast', 5, 500],
  ] as const)('has every %s stored, delivered and acknowledged', async (mode, sent, deliveries) => {
    const node = await ServeProcess.start()
    const { ready } = node
    const { report, stderr } = await bench([
      ...[`tcp://${ready.tcp[0]}`, `ws://${ready.ws[0]}`, '--publish', `http://${ready.http}`],
      ...['--mode', mode, '-R', String(sent), '-c', '100', '-d', '1s', '--warmup', '0s'],
      ...['--qos', '1', '--engine', engine],
    ])
    expect(stderr).toBe('')
    expect(report.messages).toMatchObject({ sent, received: deliveries, lost: 0, duplicated: 0 })
    const response = await fetch(`http://${ready.http}/v1/node`)
    const { store } = (await response.json()) as { store: Record<string, number> }
    if (mode === 'unicast') {
      expect(store).toMatchObject({ messagesStored: sent, messagesAcked: sent, messagesPending: 0 })
    }
    node.child.kill('SIGTERM')
    await node.ended
  })
})
