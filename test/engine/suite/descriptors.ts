/**
 * The descriptor limit, in a process of its own; and a worker thread, which needs a file of its own
 * too.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { Worker } from 'node:worker_threads'
import { afterEach, describe, expect, it } from 'vitest'
import type { Order, State } from '../fixtures/few-descriptors.ts'
import { type BundledFixture, bundleFixture } from './bundle.ts'
import type { Peer, Stage } from './stage.ts'

const DESCRIPTORS = 64
const PEERS = 100

export function describeDescriptors(stage: Stage, kind: 'node' | 'epoll'): void {
  describe('in a process with few descriptors', () => {
    let child: ChildProcess | undefined
    let fixture: BundledFixture | undefined
    afterEach(() => {
      child?.kill('SIGKILL')
      fixture?.remove()
    })

    it('neither spins nor forgets a connection when they run out', async () => {
      fixture = await bundleFixture(kind, 'few-descriptors')
      const limited = startLimited(fixture.file)
      child = limited
      const { port } = await nextState(limited)
      const peers: Peer[] = []
      for (let index = 0; index < PEERS; index++) {
        const peer = stage.startPeer(port)
        peers.push(peer)
        peer.socket.write('echo')
      }
      await stage.until('all peers', () => peers.every((peer) => peer.isConnected || peer.isClosed))
      await stage.until('some echoes', () => countServed(peers) > 0)

      const measured = await ask(limited, 'measure')
      expect(measured.cpuShare).toBeLessThan(0.5)
      expect(measured.acceptsDeferred).toBeGreaterThan(0)
      expect(measured.accepted).toBeGreaterThan(0)
      expect(measured.accepted).toBeLessThan(DESCRIPTORS)
      expect(measured.openCount).toBe(measured.accepted)

      if (kind === 'node') {
        // node:net cannot leave them in the accept queue: the engine refuses by RST, and none is
        // left in the dark.
        await stage.until('an answer for each', () =>
          peers.every((peer) => peer.receivedBytes > 0 || peer.errorCode === 'ECONNRESET'),
        )
        expect(countServed(peers)).toBe(measured.accepted)
        await ask(limited, 'closeAll')
        const again = stage.startPeer(port)
        again.socket.write('echo')
        await stage.until('a served peer', () => again.text === 'echo')
      } else {
        expect(peers.filter((peer) => peer.isClosed)).toEqual([])
        while (countServed(peers) < PEERS) {
          const served = countServed(peers)
          await ask(limited, 'closeAll')
          await stage.until('others to be served', () => countServed(peers) > served)
        }
        expect((await ask(limited, 'state')).accepted).toBe(PEERS)
      }
    })
  })

  describe('in a worker thread', () => {
    it('works, and lets the thread end when it is destroyed', async () => {
      const fixture = await bundleFixture(kind, 'worker-echo')
      const worker = new Worker(fixture.file)
      let port = 0
      let exitCode: number | null = null
      worker.once('message', (message: number) => {
        port = message
      })
      worker.once('exit', (code) => {
        exitCode = code
      })
      await stage.until('the port', () => port > 0)
      const peer = await stage.connectPeer(port)
      peer.socket.write('from a thread')
      await stage.until('the echo', () => peer.text === 'from a thread')
      worker.postMessage('stop')
      await stage.until('the end of the thread', () => exitCode !== null)
      expect(exitCode).toBe(0)
      fixture.remove()
    })
  })
}

function countServed(peers: readonly Peer[]): number {
  return peers.filter((peer) => peer.receivedBytes > 0).length
}

function startLimited(file: string): ChildProcess {
  const script = `ulimit -n ${DESCRIPTORS} && exec "$0" "$1"`
  return spawn('sh', ['-c', script, process.execPath, file], {
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
}

function nextState(child: ChildProcess): Promise<State> {
  return new Promise((resolve, reject) => {
    child.once('message', (state) => resolve(state as State))
    child.once('exit', (code) => reject(new Error(`the server ended with ${code}`)))
  })
}

function ask(child: ChildProcess, order: Order): Promise<State> {
  const answer = nextState(child)
  child.send(order)
  return answer
}
