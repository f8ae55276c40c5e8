import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { writeCapture } from '../../../src/doctor/facts-reader/capture-file.ts'
import { FolderTree } from '../../../src/doctor/facts-reader/capture-trees.ts'
import { CapturedSource } from '../../../src/doctor/facts-reader/captured-source.ts'
import { LiveSource } from '../../../src/doctor/facts-reader/live-source.ts'
import { readFacts } from '../../../src/doctor/facts-reader/read-facts.ts'
import { RecordingSource } from '../../../src/doctor/facts-reader/recording-source.ts'

let folder = ''

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'pushctl-capture-'))
})

afterEach(() => {
  rmSync(folder, { recursive: true, force: true })
})

describe('a capture', () => {
  it('in a folder is a root that reads as the host did', async () => {
    const recording = new RecordingSource(new LiveSource())
    const request = { windowMs: 10, pids: [], ports: [] }
    const live = await readFacts(recording, request)
    await writeCapture(folder, recording.files)
    const root = new CapturedSource({ kind: 'root', name: folder }, new FolderTree(folder))
    const captured = await readFacts(root, request)
    expect(captured.sampling).toBe('window')
    expect(captured.after.netstat).toEqual(live.after.netstat)
    expect(captured.before.sockstat).toEqual(live.before.sockstat)
    expect(captured.sysctls['net.core.somaxconn']).toEqual(live.sysctls['net.core.somaxconn'])
  })

  it('in an archive unpacks with tar, long names too', async () => {
    const long = `${'sys/fs/cgroup/'.padEnd(120, 'x')}/${'y'.repeat(60)}`
    const files = new Map([
      ['proc/net/sockstat', 'sockets: used 3\n'],
      ['commands/empty.txt', ''],
      [long, 'é'.repeat(600)],
    ])
    await writeCapture(join(folder, 'host.tar'), files)
    execFileSync('tar', ['-xf', 'host.tar'], { cwd: folder })
    for (const [path, content] of files) {
      expect(readFileSync(join(folder, path), 'utf8')).toBe(content)
    }
  })

  it('says where it could not be written', async () => {
    await expect(writeCapture('/proc/nowhere/x.tar', new Map())).rejects.toThrow(
      '--capture could not write /proc/nowhere/x.tar',
    )
  })
})
