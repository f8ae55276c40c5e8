import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { FailoverStream } from '../../src/loadgen/failover-stream.ts'
import { untilTrue } from '../server/node-stage.ts'

/** A node that answers the lines it is told to, and remembers what it got. */
class StubNode {
  readonly got: string[] = []
  /** /readyz is green. */
  isReady = true
  /** It answers so many lines and no more. */
  answersMax = Infinity
  url = ''
  #server: Server | null = null
  #answers: ServerResponse | null = null
  #answered = 0
  #rest = ''

  async open(): Promise<this> {
    this.#server = createServer((request, response) => {
      if (request.url === '/readyz') return response.writeHead(this.isReady ? 200 : 503).end()
      this.#answers = response.writeHead(200, { 'content-type': 'application/x-ndjson' })
      response.flushHeaders()
      this.#answered = 0
      this.#rest = ''
      request.on('data', (chunk) => this.#read(String(chunk)))
      request.on('end', () => response.end())
      request.on('error', () => {})
    })
    await new Promise<void>((resolve) => this.#server!.listen(0, '127.0.0.1', resolve))
    this.url = `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`
    nodes.push(this)
    return this
  }

  /** As a node does on SIGTERM. */
  leave(): void {
    this.isReady = false
    const line = { error: { code: 'shutting-down', line: 3 } }
    this.#answers?.end(`${JSON.stringify(line)}\n`)
  }

  kill(): void {
    this.isReady = false
    this.#answers?.socket?.destroy()
  }

  close(): void {
    this.#server?.closeAllConnections()
    this.#server?.close()
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n')
    this.#rest = lines.pop()!
    for (const line of lines) {
      this.got.push(line)
      if (this.#answered >= this.answersMax) continue
      this.#answered++
      this.#answers!.write('{"accepted":1}\n')
    }
  }
}

const nodes: StubNode[] = []
const streams: FailoverStream[] = []

afterEach(async () => {
  await Promise.all(streams.splice(0).map((stream) => stream.destroy()))
  for (const node of nodes.splice(0)) node.close()
})

function openStream(isRepeatable: boolean, ...through: readonly StubNode[]) {
  const told: string[] = []
  const urls = through.map(({ url }) => url)
  const stream = new FailoverStream(
    { urls, adminToken: null, isRepeatable },
    {
      onDrain: () => told.push('drain'),
      onRefused: (cause) => told.push(`refused ${cause}`),
      onBroken: (error) => told.push(error.code),
    },
  )
  streams.push(stream)
  const write = (...lines: readonly string[]) =>
    stream.write(Buffer.from(lines.map((line) => `${line}\n`).join('')), lines.length)
  return { stream, write, told }
}

describe('a stream of pushes to a cluster', () => {
  it('sends again what was not answered when its node dies, and goes on', async () => {
    const [a, b] = [await new StubNode().open(), await new StubNode().open()]
    a.answersMax = 3
    const { stream, write, told } = openStream(true, a, b)
    write('1', '2')
    write('3', '4', '5')
    await untilTrue(() => a.got.length === 5 && stream.answered === 3)
    a.kill()
    await untilTrue(() => stream.answered === 5)
    write('6')
    stream.end()
    await stream.done
    expect([a.got, b.got]).toEqual([
      ['1', '2', '3', '4', '5'],
      ['4', '5', '6'],
    ])
    expect([stream.answered, told.filter((line) => line !== 'drain')]).toEqual([6, []])
  })

  it('does not send again what may have been taken and would be doubled', async () => {
    const [a, b] = [await new StubNode().open(), await new StubNode().open()]
    a.answersMax = 1
    const { stream, write } = openStream(false, a, b)
    write('1', '2')
    await untilTrue(() => a.got.length === 2 && stream.answered === 1)
    a.kill()
    await untilTrue(() => write('3') || b.got.length > 0)
    stream.end()
    await stream.done
    expect(b.got.every((line) => line === '3')).toBe(true)
    expect(stream.answered).toBe(1 + b.got.length)
  })

  it('sends again what its node says that it has not read, stored or not', async () => {
    const [a, b] = [await new StubNode().open(), await new StubNode().open()]
    a.answersMax = 2
    const { stream, write, told } = openStream(false, a, b)
    write('1', '2', '3', '4')
    await untilTrue(() => a.got.length === 4 && stream.answered === 2)
    a.leave()
    await untilTrue(() => stream.answered === 4)
    expect(b.got).toEqual(['3', '4'])
    stream.end()
    await stream.done
    expect(told.filter((line) => line.startsWith('refused'))).toEqual([])
  })

  it('takes nothing while no node is ready, and says when one is', async () => {
    const [a, b] = [await new StubNode().open(), await new StubNode().open()]
    const { write, told, stream } = openStream(true, a, b)
    b.isReady = false
    write('1')
    await untilTrue(() => stream.answered === 1)
    a.kill()
    await untilTrue(() => !write('2'))
    const drains = told.length
    b.isReady = true
    await untilTrue(() => told.length > drains)
    expect(told.at(-1)).toBe('drain')
    await untilTrue(() => b.got.length > 0 && stream.answered === 1 + b.got.length)
  })

  it('waits for the answers to what was sent again after its end', async () => {
    const [a, b] = [await new StubNode().open(), await new StubNode().open()]
    a.answersMax = 0
    const { write, stream } = openStream(true, a, b)
    write('1')
    await untilTrue(() => a.got.length === 1)
    stream.end()
    a.kill()
    await stream.done
    expect([b.got, stream.answered]).toEqual([['1'], 1])
  })
})
