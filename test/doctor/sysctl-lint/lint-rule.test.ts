import { describe, expect, it } from 'vitest'
import { type FolkloreRow, folkloreRule } from '../../../src/doctor/sysctl-lint/lint-rule.ts'
import { lintHits } from './lint-builder.ts'

const ROW: FolkloreRow = {
  key: 'net.ipv4.tcp_example',
  status: 'warn',
  matches: ([value]) => value === 7,
  fault: 'seven is folklore',
  why: 'test',
  instead: '8',
  ownedBy: 'tcp/example',
}
const rule = folkloreRule([ROW])

describe('a row of folklore', () => {
  it('speaks with its own status where a file sets the value, and names the line', () => {
    const [hit] = lintHits(rule, { files: '\nnet.ipv4.tcp_example = 7' })
    expect(hit).toMatchObject({
      status: 'warn',
      observed: 'net.ipv4.tcp_example = 7: seven is folklore',
      fixForGood: 'delete the line (/etc/sysctl.d/99-tuning.conf line 2), or write 8',
    })
  })

  it('is information where only the kernel has the value and another check judges it', () => {
    const [hit] = lintHits(rule, { live: { 'net.ipv4.tcp_example': 7 } })
    expect(hit?.status).toBe('info')
    expect(hit?.fixForGood).toContain('tcp/example judges the value')
  })

  it('keeps its status for the kernel where no other check judges it', () => {
    const { ownedBy: _, ...free } = ROW
    const [hit] = lintHits(folkloreRule([free]), { live: { 'net.ipv4.tcp_example': 7 } })
    expect(hit?.status).toBe('warn')
  })

  it('tells a fault once, though file and kernel both have it', () => {
    const live = { 'net.ipv4.tcp_example': '7' }
    expect(lintHits(rule, { files: 'net.ipv4.tcp_example = 7', live })).toHaveLength(1)
  })

  it('looks at the line that wins, and at the kernel where it differs', () => {
    const overruled = 'net.ipv4.tcp_example = 7\nnet.ipv4.tcp_example = 8'
    expect(lintHits(rule, { files: overruled })).toEqual([])
    const live = { 'net.ipv4.tcp_example': 7 }
    expect(lintHits(rule, { files: 'net.ipv4.tcp_example = 8', live })).toHaveLength(1)
  })

  it('says nothing of other values, of words, and of keys nobody sets', () => {
    expect(lintHits(rule, { files: 'net.ipv4.tcp_example = 77' })).toEqual([])
    expect(lintHits(rule, { files: 'net.ipv4.tcp_example = seven' })).toEqual([])
    expect(lintHits(rule)).toEqual([])
  })
})
