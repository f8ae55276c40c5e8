import { describe, expect, it } from 'vitest'
import { refuseOpenListeners } from '../../../src/server/auth/listen-policy.ts'
import { isLoopbackHost } from '../../../src/server/auth/loopback-host.ts'

const NOTHING = { hasDeviceAuth: false, hasAdminToken: false, insecure: false }
const at = (kind: 'tcp' | 'ws' | 'http', host: string) => ({ kind, host, port: 7000 })

describe('listening', () => {
  it('on loopback needs nothing', () => {
    const listeners = [at('tcp', '127.0.0.1'), at('ws', '::1'), at('http', 'localhost')]
    expect(refuseOpenListeners(listeners, NOTHING)).toBeNull()
  })

  it('beyond loopback is refused, listener by listener, with what each needs', () => {
    const listeners = [at('tcp', '0.0.0.0'), at('ws', '127.0.0.1'), at('http', '::')]
    const refused = refuseOpenListeners(listeners, NOTHING)
    expect(refused).toMatchObject({ code: 'PUSHCTL_INSECURE_LISTEN', exitCode: 2 })
    expect([refused?.message, refused?.why, ...(refused?.tries ?? [])]).toMatchInlineSnapshot(`
      [
        "listening beyond loopback needs authentication or --insecure, got --tcp 0.0.0.0:7000 without --auth-secret-file, --http [::]:7000 without --admin-token-file",
        "anyone who reaches such a port could connect as any device, or push to all of them",
        "add --auth-secret-file and --admin-token-file",
        "or listen on loopback: --tcp 127.0.0.1:7000 --http 127.0.0.1:7000",
        "or add --insecure, where a firewall or a proxy keeps strangers out",
      ]
    `)
  })

  it('asks device auth of tcp and ws, and the admin token of http, and not one for the other', () => {
    const judge = (kind: 'tcp' | 'ws' | 'http', hasDeviceAuth: boolean, hasAdminToken: boolean) =>
      refuseOpenListeners([at(kind, '0.0.0.0')], { ...NOTHING, hasDeviceAuth, hasAdminToken })
    for (const kind of ['tcp', 'ws'] as const) {
      expect(judge(kind, true, false)).toBeNull()
      expect(judge(kind, false, true)?.message).toContain('--auth-secret-file')
    }
    expect(judge('http', false, true)).toBeNull()
    expect(judge('http', true, false)?.message).toContain('--admin-token-file')
  })

  it('goes anywhere with --insecure', () => {
    const open = [at('tcp', '0.0.0.0'), at('http', '0.0.0.0')]
    expect(refuseOpenListeners(open, { ...NOTHING, insecure: true })).toBeNull()
  })
})

describe('loopback', () => {
  it.each(['127.0.0.1', '127.255.0.9', '::1', 'localhost', 'LOCALHOST', '::ffff:127.0.0.1'])(
    '%s is',
    (host) => expect(isLoopbackHost(host)).toBe(true),
  )
  it.each([
    '0.0.0.0',
    '::',
    '',
    '10.0.0.1',
    '127.0.0.1.example',
    '127.1',
    'localhost.example',
    '*',
  ])('%j is not', (host) => expect(isLoopbackHost(host)).toBe(false))
})
