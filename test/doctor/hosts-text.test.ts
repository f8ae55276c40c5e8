import { expect, it } from 'vitest'
import { listenSomaxconn } from '../../src/doctor/checks/listen/somaxconn.ts'
import { hostsTable } from '../../src/doctor/hosts-text.ts'
import { factsWith, findingOfCheck } from './facts-builder.ts'

function host(name: string, somaxconn: number) {
  const facts = factsWith({ sysctls: { 'net.core.somaxconn': somaxconn } })
  const target = { connectsPerSecond: 30_000 }
  return { name, failure: null, findings: [findingOfCheck(listenSomaxconn, facts, target)] }
}

const refused = { name: 'push-3', failure: 'Permission denied (publickey).', findings: [] }

it('is a table of what asks for something somewhere, and a line for each host that refused', () => {
  expect(hostsTable([host('push-1', 128), refused, host('push-2', 65_535)])).toBe(
    [
      'check             push-1    push-2',
      'listen/somaxconn  critical  ok',
      'push-3: could not be read: Permission denied (publickey).',
    ].join('\n'),
  )
})

it('is no table where fewer than two hosts answered', () => {
  expect(hostsTable([host('push-1', 128), refused])).toBe(
    'push-3: could not be read: Permission denied (publickey).',
  )
})
