import { readdirSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { CHECKS } from '../../src/doctor/check-table.ts'
import { FAMILIES } from '../../src/doctor/finding.ts'
import { runChecks } from '../../src/doctor/run-checks.ts'
import { factsWith, targetWith } from './facts-builder.ts'

describe('the table of checks', () => {
  it('holds each file of checks/ once, under the id its path gives it', () => {
    const files = readdirSync(new URL('../../src/doctor/checks', import.meta.url), {
      recursive: true,
      encoding: 'utf8',
    })
    const ids = files
      .filter((file) => file.endsWith('.ts'))
      .map((file) => file.replace(/\.ts$/, ''))
    // A file that several checks of its family share says so by exporting no check.
    const listed = CHECKS.map(({ id }) => id)
    expect(new Set(listed).size).toBe(listed.length)
    expect(listed.filter((id) => !ids.includes(id))).toEqual([])
  })

  it('names a family, a reason, a lesson and a source in every check', () => {
    for (const check of CHECKS) {
      expect(check.id.startsWith(`${check.family}/`), check.id).toBe(true)
      expect(FAMILIES).toContain(check.family)
      expect(check.roles.length, check.id).toBeGreaterThan(0)
      expect(check.why.length, check.id).toBeGreaterThan(60)
      expect(check.explain.length, check.id).toBeGreaterThan(100)
      expect(check.source, check.id).not.toBe('')
    }
  })

  it('calls nothing ok, and proposes nothing, on a host of which nothing is known', () => {
    const findings = runChecks(factsWith(), targetWith({ role: 'both', connections: 1_000_000 }))
    expect(findings.filter(({ status }) => status === 'ok').map(({ id }) => id)).toEqual([])
    expect(findings.flatMap(({ settings }) => settings)).toEqual([])
  })
})
