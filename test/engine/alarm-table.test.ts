import { afterEach, describe, expect, it } from 'vitest'
import { openAlarm } from '../../src/engine/create-engine.ts'
import { EpollEngine } from '../../src/engine/epoll-engine.ts'
import { NodeEngine } from '../../src/engine/node-engine.ts'
import {
  DEFAULT_ENGINE_OPTIONS,
  type EngineHandler,
  type SocketEngine,
} from '../../src/engine/socket-engine.ts'
import { nowUs } from '../../src/stats/clock.ts'

const SILENT: EngineHandler = {
  onAccept() {},
  onConnect() {},
  onReceive() {},
  onOverflow() {},
  onClose() {},
}
const options = { ...DEFAULT_ENGINE_OPTIONS, capacity: 4 }
const engines: SocketEngine[] = []

function opened(engine: SocketEngine): SocketEngine {
  engines.push(engine)
  return engine
}

afterEach(async () => {
  await Promise.all(engines.splice(0).map((engine) => engine.destroy()))
})

describe.runIf(EpollEngine.isAvailable())('an alarm of the epoll engine', () => {
  it.each([
    ['', undefined],
    [' though the engine rests', { gapUs: 1_000, restUs: 1_000 }],
  ])('rings at its time and not before, and again each time it is set%s', async (_, rest) => {
    const engine = opened(new EpollEngine({ ...options, rest }, SILENT))
    const rangUs: number[] = []
    const dueUs: number[] = []
    await new Promise<void>((resolve) => {
      const alarm = openAlarm(engine, () => {
        rangUs.push(nowUs())
        if (rangUs.length === 5) return resolve()
        set()
      })
      const set = (): void => {
        dueUs.push(nowUs() + 300)
        alarm?.setAtUs(dueUs.at(-1) as number)
      }
      set()
    })
    rangUs.forEach((us, index) => expect(us).toBeGreaterThanOrEqual(dueUs[index]))
  })

  it('rings at once where its time has passed', async () => {
    const engine = opened(new EpollEngine(options, SILENT))
    await new Promise<void>((resolve) => openAlarm(engine, resolve)?.setAtUs(1))
  })

  it('does not ring when it was cancelled or set to a later time, and others do', async () => {
    const engine = opened(new EpollEngine(options, SILENT))
    const rang: string[] = []
    const now = nowUs()
    await new Promise<void>((resolve) => {
      const cancelled = openAlarm(engine, () => rang.push('cancelled'))
      const moved = openAlarm(engine, () => rang.push('moved'))
      const last = openAlarm(engine, () => {
        rang.push('last')
        resolve()
      })
      cancelled?.setAtUs(now + 500)
      moved?.setAtUs(now + 500)
      last?.setAtUs(now + 2_000)
      cancelled?.cancel()
      moved?.setAtUs(now + 3_600e6)
    })
    expect(rang).toEqual(['last'])
  })

  it('is a listener for nobody: connections are accepted beside it', async () => {
    let accepted = 0
    let rings = 0
    await new Promise<void>((resolve) => {
      const onAccept = (): void => {
        accepted += 1
        resolve()
      }
      const engine = opened(new EpollEngine(options, { ...SILENT, onAccept }))
      const alarm = openAlarm(engine, () => {
        rings += 1
        if (rings < 3) alarm?.setAtUs(nowUs() + 100)
        else void connect()
      })
      const connect = async (): Promise<void> => {
        const at = { host: '127.0.0.1', port: 0, backlog: 4, reusePort: false }
        const { port } = await engine.listen(at)
        engine.connect({ host: '127.0.0.1', port }, new Int32Array(1), 1)
      }
      alarm?.setAtUs(nowUs() + 100)
    })
    expect([rings, accepted]).toEqual([3, 1])
  })

  it('may end the engine, and is deaf after that', async () => {
    const engine = opened(new EpollEngine(options, SILENT))
    await new Promise<void>((resolve) => {
      openAlarm(engine, () => void engine.destroy().then(resolve))?.setAtUs(1)
    })
    expect(openAlarm(engine, () => {})).toBeNull()
  })
})

it('has no alarm on the node engine', () => {
  expect(openAlarm(opened(new NodeEngine(options, SILENT)), () => {})).toBeNull()
})
