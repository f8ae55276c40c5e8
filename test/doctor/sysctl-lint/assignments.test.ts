import { describe, expect, it } from 'vitest'
import { assignmentTable, placeOf } from '../../../src/doctor/sysctl-lint/assignments.ts'
import { factsWith } from '../facts-builder.ts'
import { lintedFacts } from './lint-builder.ts'

describe('assignments of sysctl files', () => {
  it('keep the order of files and lines, so that the last one is in force', () => {
    const table = assignmentTable(
      lintedFacts({
        files: {
          '/usr/lib/sysctl.d/50-default.conf': 'net.core.somaxconn = 128',
          '/etc/sysctl.d/99-tuning.conf': '# push\nnet/core/somaxconn=16384\n',
        },
      }),
    )
    const written = table.get('net.core.somaxconn') ?? []
    expect(written.map(({ value }) => value)).toEqual(['128', '16384'])
    expect(placeOf(written[1]!)).toBe('/etc/sysctl.d/99-tuning.conf line 2')
  })

  it('leave out patterns, which stand for many keys', () => {
    const table = assignmentTable(lintedFacts({ files: 'net.ipv4.conf.*.rp_filter = 2' }))
    expect(table.size).toBe(0)
  })

  it('are none where the files cannot be read', () => {
    expect(assignmentTable(factsWith()).size).toBe(0)
  })
})
