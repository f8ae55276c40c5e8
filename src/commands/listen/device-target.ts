/** Where a device connects to: what the user typed, and what a BYE says instead. */

export interface DeviceTarget {
  readonly kind: 'tcp' | 'websocket'
  /** As it is shown, and for WebSocket as it is opened. */
  readonly url: string
  readonly host: string
  readonly port: number
}

const DEFAULT_PORTS: Readonly<Record<string, number>> = { 'ws:': 80, 'wss:': 443 }

/** null where the text is no tcp://host:port, ws:// or wss:// URL. */
export function parseTarget(text: string): DeviceTarget | null {
  const url = parseUrl(text)
  if (url === null || url.hostname === '' || url.username !== '' || url.hash !== '') return null
  const port = url.port === '' ? DEFAULT_PORTS[url.protocol] : Number(url.port)
  if (port === undefined || port === 0) return null
  const host = url.hostname.replace(/^\[(.*)\]$/, '$1')
  if (url.protocol === 'tcp:') {
    if (url.pathname !== '' && url.pathname !== '/') return null
    return { kind: 'tcp', url: `tcp://${url.host}`, host, port }
  }
  const isWebSocket = url.protocol === 'ws:' || url.protocol === 'wss:'
  return isWebSocket ? { kind: 'websocket', url: url.href, host, port } : null
}

/**
 * An address of a BYE: a URL, or host:port for the carrier and path in use. null where it is
 * neither, and where it would leave an encrypted connection for an open one, because the token of
 * the device goes there.
 */
export function targetFromAddress(address: string, current: DeviceTarget): DeviceTarget | null {
  if (address.includes('://')) {
    const target = parseTarget(address)
    return isEncrypted(current) && target !== null && !isEncrypted(target) ? null : target
  }
  if (!/^(\[[^\]]+\]|[^:/?#@]+):\d+$/.test(address)) return null
  const url = new URL(current.url)
  return parseTarget(`${url.protocol}//${address}${url.pathname}${url.search}`)
}

function isEncrypted(target: DeviceTarget): boolean {
  return target.url.startsWith('wss:')
}

function parseUrl(text: string): URL | null {
  try {
    return new URL(text)
  } catch {
    return null
  }
}
