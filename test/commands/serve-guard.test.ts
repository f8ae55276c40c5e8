import { describe, expect, it } from 'vitest'
import { GUARD_OPTIONS } from '../../src/commands/serve-guard-options.ts'
import { planGuard } from '../../src/commands/serve-guard.ts'
import type { OptionRow } from '../../src/config/option-table.ts'
import { checkOptionValue } from '../../src/config/option-value.ts'

type GuardOptions = Parameters<typeof planGuard>[0]

const DEFAULTS = Object.fromEntries(
  Object.entries(GUARD_OPTIONS).map(([key, row]: [string, OptionRow]) => [
    key,
    row.default ?? (row.repeatable ? [] : undefined),
  ]),
) as unknown as GuardOptions

function faultsOf(options: Partial<GuardOptions>, listeners: { tls?: unknown }[] = []): string[] {
  return planGuard({ ...DEFAULTS, ...options }, listeners).faults.map(({ message }) => message)
}

describe('what protects a node', () => {
  it('limits nothing but the lag of loops unless told to', () => {
    expect(planGuard(DEFAULTS, [{ tls: {} }])).toMatchObject({
      faults: [],
      guard: {
        connectsPerSecond: 0,
        memoryBytesMax: 0,
        loopLagMsMax: 2_000,
        allow: [],
        origins: [],
      },
    })
  })

  it('is told all faults at once, each by its flag', () => {
    expect(
      faultsOf(
        {
          allow: ['10.0.0.0/8', '10.0.0.0/40'],
          deny: ['nonsense'],
          proxyFrom: ['balancer.example', '10.0.0.1'],
          origins: ['example.org', 'https://example.org'],
        },
        [{}, { tls: {} }],
      ),
    ).toMatchInlineSnapshot(`
      [
        "--allow must be an address or a block such as 10.0.0.0/8 or 2001:db8::/32, got "10.0.0.0/40"",
        "--deny must be an address or a block such as 10.0.0.0/8 or 2001:db8::/32, got "nonsense"",
        "--proxy-protocol-from must be an address or a block such as 10.0.0.0/8 or 2001:db8::/32, got "balancer.example"",
        "--allow-origin must be an origin as browsers send it, such as https://example.org, got "example.org"",
        "--proxy-protocol-from must go with plain listeners, got one with TLS",
      ]
    `)
  })

  it.each([
    ['connectsPerSecondMax', 'many'],
    ['connectsPerSecondMax', '-1'],
    ['memoryBytesMax', '1MiB'],
    ['loopLagMsMax', '5'],
    ['loopLagMsMax', '2m'],
    ['deviceFramesPerSecond', '-5/s'],
    ['deviceBytesPerSecond', '10 parsecs'],
    ['devicePushesPerSecond', ''],
    ['addressConnectsPerSecond', 'x'],
    ['clockSkewMs', '1h'],
  ] as const)('%s cannot be %j', (key, text) => {
    expect(checkOptionValue(GUARD_OPTIONS[key], text).ok).toBe(false)
  })
})
