/**
 * The hosts that --root, --host or neither name, each as facts or as the reason why there are none.
 */
import { stat } from 'node:fs/promises'
import type { Facts } from '../../doctor/facts.ts'
import { writeCapture } from '../../doctor/facts-reader/capture-file.ts'
import { FolderTree } from '../../doctor/facts-reader/capture-trees.ts'
import { CapturedSource } from '../../doctor/facts-reader/captured-source.ts'
import { LiveSource } from '../../doctor/facts-reader/live-source.ts'
import { type FactsRequest, readFacts } from '../../doctor/facts-reader/read-facts.ts'
import { RecordingSource } from '../../doctor/facts-reader/recording-source.ts'
import { readSshHosts } from '../../doctor/facts-reader/ssh-hosts.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'
import { describeMachine, type Machine } from './describe-machine.ts'
import type { DoctorOptions } from './target-of-options.ts'

export interface ReadHost {
  readonly name: string
  /** null: could not be read, see `failure`. */
  readonly facts: Facts | null
  readonly failure: string | null
  /** Of the host at hand alone. */
  readonly machine: Machine | null
}

export async function readHosts(options: DoctorOptions, signal: AbortSignal): Promise<ReadHost[]> {
  const { windowMs, pids, ports, metrics, hosts, root, capture } = options
  const request: FactsRequest = { windowMs, pids, ports, metrics }
  if (hosts.length > 0) {
    const results = await readSshHosts(hosts, request, signal)
    return results.map((result) =>
      'facts' in result
        ? { name: result.host, facts: result.facts, failure: null, machine: null }
        : { name: result.host, facts: null, failure: result.failure, machine: null },
    )
  }
  const source = root === undefined ? new LiveSource() : await rootSource(root)
  const recording = new RecordingSource(source)
  const [facts, machine] = await Promise.all([
    abortable(readFacts(recording, request), signal),
    root === undefined ? describeMachine() : null,
  ])
  if (capture !== undefined) await writeCapture(capture, recording.files)
  return [{ name: facts.origin.name, facts, failure: null, machine }]
}

async function rootSource(root: string): Promise<CapturedSource> {
  const place = await stat(root).catch((error: NodeJS.ErrnoException) => error)
  if (place instanceof Error || !place.isDirectory()) {
    const got = place instanceof Error ? (place.code ?? place.message) : 'a file'
    throw new PushctlError('PUSHCTL_FILE_UNREADABLE', `--root must be a folder, got ${got}`, {
      why: `${root} is to hold proc/, sys/ and etc/ of a captured host`,
      tries: ['pushctl doctor --capture host.tar, then tar -xf host.tar -C DIR'],
    })
  }
  return new CapturedSource({ kind: 'root', name: root }, new FolderTree(root))
}

function abortable<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  if (signal.aborted) return Promise.reject(signal.reason)
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason)
    signal.addEventListener('abort', stop, { once: true })
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop))
  })
}
