/** From the settings of serve-guard-options.ts to what protects a node; every fault at once. */
import type { OptionsOf } from '../config/option-table.ts'
import { PushctlError } from '../errors/pushctl-error.ts'
import { isAddressBlock } from '../server/guard/address-list.ts'
import { NO_GUARD, type NodeGuardSettings } from '../server/guard/guard-settings.ts'
import { isOrigin } from '../server/guard/origin-list.ts'
import type { GUARD_OPTIONS } from './serve-guard-options.ts'

export interface PlannedGuard {
  readonly guard: NodeGuardSettings
  readonly faults: readonly PushctlError[]
}

const BLOCK_RULE = 'must be an address or a block such as 10.0.0.0/8 or 2001:db8::/32'
const ORIGIN_RULE = 'must be an origin as browsers send it, such as https://example.org'

export function planGuard(
  options: OptionsOf<typeof GUARD_OPTIONS>,
  listeners: readonly { readonly tls?: unknown }[],
): PlannedGuard {
  const { allow, deny, proxyFrom, origins } = options
  const guard = {
    ...NO_GUARD,
    connectsPerSecond: options.connectsPerSecondMax,
    memoryBytesMax: options.memoryBytesMax ?? 0,
    loopLagMsMax: options.loopLagMsMax,
    deviceFramesPerSecond: options.deviceFramesPerSecond,
    deviceBytesPerSecond: options.deviceBytesPerSecond,
    devicePushesPerSecond: options.devicePushesPerSecond,
    addressConnectsPerSecond: options.addressConnectsPerSecond,
    allow,
    deny,
    proxyFrom,
    origins,
  }
  const faults = [
    ...faultsOf('--allow', allow, isAddressBlock, BLOCK_RULE),
    ...faultsOf('--deny', deny, isAddressBlock, BLOCK_RULE),
    ...faultsOf('--proxy-protocol-from', proxyFrom, isAddressBlock, BLOCK_RULE),
    ...faultsOf('--allow-origin', origins, isOrigin, ORIGIN_RULE),
    ...(proxyFrom.length > 0 && listeners.some(({ tls }) => tls) ? [proxyBeforeTls()] : []),
  ]
  return { guard, faults }
}

function faultsOf(
  flag: string,
  texts: readonly string[],
  isGood: (text: string) => boolean,
  rule: string,
): PushctlError[] {
  return texts
    .filter((text) => !isGood(text))
    .map((text) => new PushctlError('PUSHCTL_CONFIG', `${flag} ${rule}, got "${text}"`))
}

function proxyBeforeTls(): PushctlError {
  return new PushctlError(
    'PUSHCTL_CONFIG',
    '--proxy-protocol-from must go with plain listeners, got one with TLS',
    {
      why: 'a PROXY header stands in front of the TLS handshake, where this node does not look',
      tries: ['let the balancer end TLS, and listen with --tcp host:port and --ws host:port'],
    },
  )
}
