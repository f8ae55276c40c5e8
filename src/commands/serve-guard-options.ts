/** The settings of `pushctl serve` that protect the node from its clients, one row each. */
import { defineOptions } from '../config/option-table.ts'

export const GUARD_OPTIONS = defineOptions({
  connectsPerSecondMax: {
    flag: 'max-connect-rate',
    kind: 'rate',
    default: 0,
    min: 0,
    help: 'connections taken per second; more wait in the accept queue. 0: no limit',
    example: '5000/s',
  },
  memoryBytesMax: {
    flag: 'memory-limit',
    kind: 'size',
    min: 64 * 1024 * 1024,
    help:
      'RSS of all processes of the node; from 80 % of it on the node gives up more and ' +
      'more. Default: no limit',
    why: 'an empty node needs about as much',
    example: '2GiB',
  },
  loopLagMsMax: {
    flag: 'loop-lag-limit',
    kind: 'duration',
    default: 2_000,
    min: 0,
    max: 60_000,
    help:
      'mean lateness of an event loop; from half of it on the node gives up more and more. ' +
      '0: no limit',
  },
  deviceFramesPerSecond: {
    flag: 'device-frame-rate',
    kind: 'rate',
    default: 0,
    min: 0,
    help: 'frames that one device may send per second; then 4101. 0: no limit',
    example: '50/s',
  },
  deviceBytesPerSecond: {
    flag: 'device-byte-rate',
    kind: 'size',
    default: 0,
    min: 0,
    help: 'bytes of frames that one device may send per second; then 4101. 0: no limit',
    example: '64KiB',
  },
  devicePushesPerSecond: {
    flag: 'device-push-rate',
    kind: 'rate',
    default: 0,
    min: 0,
    help: 'direct pushes that one device is sent per second; more are dropped. 0: no limit',
    example: '20/s',
  },
  addressConnectsPerSecond: {
    flag: 'address-connect-rate',
    kind: 'rate',
    default: 0,
    min: 0,
    help:
      'connections per second from one address (IPv6: from one /64); then 4101 or 429. 0: ' +
      'no limit',
    example: '10/s',
  },
  allow: {
    flag: 'allow',
    kind: 'string',
    placeholder: 'CIDR',
    repeatable: true,
    separator: ',',
    help: 'devices from these addresses only; others are cut',
  },
  deny: {
    flag: 'deny',
    kind: 'string',
    placeholder: 'CIDR',
    repeatable: true,
    separator: ',',
    help: 'no devices from these addresses, even where --allow names them',
  },
  proxyFrom: {
    flag: 'proxy-protocol-from',
    kind: 'string',
    placeholder: 'CIDR',
    repeatable: true,
    separator: ',',
    help:
      'balancers: their connections must begin with a PROXY header, v1 or v2, whose address ' +
      'then counts',
  },
  origins: {
    flag: 'allow-origin',
    kind: 'string',
    placeholder: 'ORIGIN',
    repeatable: true,
    separator: ',',
    help: 'pages that may open a WebSocket, as https://example.org. Default: all',
  },
  resumeGraceMs: {
    flag: 'resume-grace',
    kind: 'duration',
    default: 30_000,
    min: 0,
    max: 3_000_000,
    help: 'a device that is back within it keeps its session and tags; 0: every HELLO begins anew',
  },
  clockSkewMs: {
    flag: 'auth-clock-skew',
    kind: 'duration',
    default: 60_000,
    min: 0,
    max: 600_000,
    help: 'difference between the clocks of token issuer and node that is forgiven',
  },
})
