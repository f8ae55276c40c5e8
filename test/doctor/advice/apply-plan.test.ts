import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import fc from 'fast-check'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import type { AdvicePlan } from '../../../src/doctor/advice/advice-plan.ts'
import { applyPlan } from '../../../src/doctor/advice/apply-plan.ts'
import { type HostFiles, hostFiles } from '../../../src/doctor/advice/host-files.ts'
import { rollBack } from '../../../src/doctor/advice/roll-back.ts'
import { STATE_FILE } from '../../../src/doctor/advice/saved-state.ts'
import { sysctlPath } from '../../../src/doctor/parsers/sysctl-conf.ts'

const TITLE = { target: 'server', host: 'push-1' }
const HOST = { kernelRelease: '6.18.44', networkInode: 'net:[1]', bootId: 'b' }
const KEYS = ['net.core.somaxconn', 'net.ipv4.tcp_mem', 'fs.file-max'] as const

let root = ''

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'pushctl-apply-'))
})

afterEach(() => {
  rmSync(root, { recursive: true, force: true })
})

function put(path: string, content: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  writeFileSync(join(root, path), content)
}

function planFor(wanted: Readonly<Record<string, string>>): AdvicePlan {
  return {
    sysctls: Object.entries(wanted).map(([key, value]) => ({
      key,
      present: '',
      wanted: value,
      mode: 'raise' as const,
      reasons: ['because'],
      checks: [],
    })),
    limits: [{ kind: 'limit', name: 'nofile', value: 9, unit: 'push.service', reason: 'x' }],
    sysfs: [],
    commands: [],
    forHost: [],
    leftOut: [],
  }
}

/** Every file below the root with its bytes. */
function snapshot(): Record<string, string> {
  const paths = readdirSync(root, { recursive: true, withFileTypes: true })
  return Object.fromEntries(
    paths
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [path, readFileSync(path, 'utf8')]),
  )
}

/** A kernel that refuses to write some paths, or answers another value than was written. */
function withKernel(
  files: HostFiles,
  answers: Readonly<Record<string, string | Error>>,
): HostFiles {
  return {
    ...files,
    async write(path, content) {
      const answer = answers[path]
      if (answer instanceof Error) throw answer
      await files.write(path, answer ?? content)
    },
  }
}

const invalid = Object.assign(new Error('EINVAL: invalid argument'), { code: 'EINVAL' })

describe('apply and rollback', () => {
  it('give back the host byte for byte, whatever was there', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat({ max: 2 ** 40 }), { minLength: 3, maxLength: 3 }),
        fc.array(fc.nat({ max: 2 ** 40 }), { minLength: 3, maxLength: 3 }),
        fc.option(fc.string()),
        async (present, wanted, oldFile) => {
          rmSync(root, { recursive: true, force: true })
          KEYS.forEach((key, index) => {
            put(sysctlPath(key), `${present[index]}\t${index}\n`)
          })
          if (oldFile !== null) put('/etc/sysctl.d/90-pushctl.conf', oldFile)
          const before = snapshot()
          const files = hostFiles(root)
          const values = KEYS.map((key, index) => [key, `${wanted[index]} ${index}`])
          const report = await applyPlan(files, planFor(Object.fromEntries(values)), TITLE, HOST)
          expect(report.refused).toBeNull()
          await rollBack(files, HOST)
          expect(snapshot()).toEqual(before)
        },
      ),
      { numRuns: 20 },
    )
  })

  it('restore everything when the kernel refuses one value', async () => {
    for (const key of KEYS) put(sysctlPath(key), '1\n')
    const before = snapshot()
    const files = withKernel(hostFiles(root), { [sysctlPath('fs.file-max')]: invalid })
    const wanted = { 'net.core.somaxconn': '2', 'fs.file-max': '3' }
    const report = await applyPlan(files, planFor(wanted), TITLE, HOST)
    expect(report).toMatchObject({
      applied: [],
      refused: {
        path: '/proc/sys/fs/file-max',
        reason: 'the kernel refused the value (EINVAL)',
      },
      restored: ['/proc/sys/net/core/somaxconn'],
    })
    expect(snapshot()).toEqual(before)
  })

  it('take a value that the kernel rounded up, and not one that it kept low', async () => {
    put(sysctlPath('net.core.somaxconn'), '1\n')
    const path = sysctlPath('net.core.somaxconn')
    const plan = planFor({ 'net.core.somaxconn': '1000' })
    const rounding = withKernel(hostFiles(root), { [path]: '1024\n' })
    const report = await applyPlan(rounding, plan, TITLE, HOST)
    expect(report.applied[0]).toMatchObject({ readBack: '1024\n', rounded: true })
    await rollBack(hostFiles(root), HOST)
    // The fake kernel keeps answering 512 when the old value is put back, as a real one would not.
    const clamping = withKernel(hostFiles(root), { [path]: '512\n' })
    expect((await applyPlan(clamping, plan, TITLE, HOST)).refused?.reason).toContain('kept "512"')
  })

  it('leave alone what somebody changed since, and keep it for later', async () => {
    for (const key of KEYS) put(sysctlPath(key), '1\n')
    const files = hostFiles(root)
    const wanted = { 'net.core.somaxconn': '2', 'fs.file-max': '3' }
    await applyPlan(files, planFor(wanted), TITLE, HOST)
    put(sysctlPath('fs.file-max'), '99\n')
    const report = await rollBack(files, HOST)
    expect(report.drifted).toEqual([{ path: '/proc/sys/fs/file-max', now: '99\n' }])
    expect(readFileSync(join(root, sysctlPath('net.core.somaxconn')), 'utf8')).toBe('1\n')
    expect(readFileSync(join(root, sysctlPath('fs.file-max')), 'utf8')).toBe('99\n')
    expect(await files.read(STATE_FILE)).toContain('fs/file-max')
  })

  it('go back over two applies to the host as it was found', async () => {
    put(sysctlPath('net.core.somaxconn'), '1\n')
    const before = snapshot()
    const files = hostFiles(root)
    await applyPlan(files, planFor({ 'net.core.somaxconn': '2' }), TITLE, HOST)
    await applyPlan(files, planFor({ 'net.core.somaxconn': '3' }), TITLE, HOST)
    await rollBack(files, HOST)
    expect(snapshot()).toEqual(before)
  })

  it('refuse to roll back nothing, another namespace, or a damaged state', async () => {
    const files = hostFiles(root)
    await expect(rollBack(files, HOST)).rejects.toThrow('nothing to roll back')
    put(sysctlPath('net.core.somaxconn'), '1\n')
    await applyPlan(files, planFor({ 'net.core.somaxconn': '2' }), TITLE, HOST)
    const elsewhere = { ...HOST, networkInode: 'net:[2]' }
    await expect(rollBack(files, elsewhere)).rejects.toThrow('network namespace net:[1]')
    put(STATE_FILE, '{"schema": "x"')
    await expect(rollBack(files, HOST)).rejects.toThrow('is not what pushctl doctor')
  })

  it('write nothing when the state cannot be saved', async () => {
    put(sysctlPath('net.core.somaxconn'), '1\n')
    const before = snapshot()
    const denied = Object.assign(new Error('EACCES'), { code: 'EACCES' })
    const files = withKernel(hostFiles(root), { [STATE_FILE]: denied })
    const plan = planFor({ 'net.core.somaxconn': '2' })
    await expect(applyPlan(files, plan, TITLE, HOST)).rejects.toThrow('nothing was changed')
    expect(snapshot()).toEqual(before)
  })
})
