import { describe, expect, it } from 'vitest'
import { listenReuseport } from '../../../../src/doctor/checks/listen/reuseport.ts'
import { factsWith, findingOfCheck } from '../../facts-builder.ts'
import { listenersFact, listenerWith } from '../../socket-rows.ts'

function findingWith(queues: readonly number[], migrate = 1) {
  const rows = queues.map((queued, index) => listenerWith({ queued, inode: index + 1 }))
  const facts = factsWith({
    sysctls: { 'net.ipv4.tcp_migrate_req': migrate },
    sample: listenersFact(...rows),
  })
  return findingOfCheck(listenReuseport, facts)
}

describe('listen/reuseport', () => {
  it('takes a descriptor shared by workers for one listener', () => {
    const facts = factsWith({ sample: listenersFact(listenerWith(), listenerWith()) })
    expect(findingOfCheck(listenReuseport, facts).observed).toContain('no port is shared')
  })

  it('is ok when queues are even and migration is on, and says what a restart loses when not', () => {
    expect(findingWith([1, 2, 3]).status).toBe('ok')
    expect(findingWith([1, 2, 3], 0).status).toBe('info')
  })

  it('warns of one stuck listener', () => {
    expect(findingWith([2, 3, 40, 2])).toMatchObject({ status: 'warn', subject: '0.0.0.0:8080' })
    expect(findingWith([0, 0, 10]).status).toBe('ok')
  })
})
