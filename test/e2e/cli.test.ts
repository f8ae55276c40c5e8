import { spawnSync } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { VERBS } from '../../src/cli/verbs.ts'
import { packageRoot, packageVersion } from '../../src/config/package-root.ts'

function pushctl(words: readonly string[], env: Record<string, string> = {}) {
  const bin = join(packageRoot(), 'bin', 'pushctl.js')
  const { status, stdout, stderr } = spawnSync(process.execPath, [bin, ...words], {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], ...env },
    input: '',
  })
  return { status, stdout, stderr }
}

describe('the built command line', () => {
  it('--help answers on stdout with every verb', () => {
    const { status, stdout, stderr } = pushctl(['--help'])
    expect([status, stderr]).toEqual([0, ''])
    for (const { summary } of VERBS) expect(stdout).toContain(summary)
  })

  it('--version is that of the package', () => {
    const expected = { status: 0, stdout: `pushctl ${packageVersion()}\n`, stderr: '' }
    expect(pushctl(['--version'])).toEqual(expected)
  })

  it('an unknown verb ends with 2, on stderr only', () => {
    const { status, stdout, stderr } = pushctl(['no-such-verb'])
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toMatch(/^pushctl: expected a verb \(.*\), got "no-such-verb"\n {2}try {2}/)
  })

  it('with --json the error is one JSON line', () => {
    const { status, stderr } = pushctl(['no-such-verb', '--json'])
    expect(status).toBe(2)
    expect(JSON.parse(stderr).error.code).toBe('PUSHCTL_USAGE')
  })
})

describe.each(VERBS.map((verb) => verb.name))('pushctl %s', (verb) => {
  it('--help shows its usage and the options of every verb', () => {
    const { status, stdout, stderr } = pushctl([verb, '--help'])
    expect([status, stderr]).toEqual([0, ''])
    expect(stdout).toContain(`Usage: pushctl ${verb} [options]`)
    expect(stdout).toContain('--no-color')
  })

  it('shows faults of flags and of the config file together, and starts nothing', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pushctl-e2e-'))
    const file = join(folder, 'f.yaml')
    writeFileSync(file, 'no-such-key: 1\n')
    const { status, stdout, stderr } = pushctl([verb, '--no-such-flag'], { PUSHCTL_CONFIG: file })
    rmSync(folder, { recursive: true })
    expect([status, stdout]).toEqual([2, ''])
    expect(stderr).toContain(`pushctl ${verb}: unknown option "--no-such-flag"`)
    expect(stderr).toContain('f.yaml:1:1: unknown key "no-such-key"')
  })
})
