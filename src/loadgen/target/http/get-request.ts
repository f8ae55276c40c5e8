/** The GET of a device that is served over HTTP, as text; {device} in path and headers stands. */
import { hostPort, type ResolvedTarget } from '../target-address.ts'

export function getRequestText(
  target: ResolvedTarget,
  headers: Readonly<Record<string, string>>,
): string {
  const lines = [
    `GET ${target.path} HTTP/1.1`,
    `Host: ${hostPort(target.host, target.port)}`,
    ...Object.entries(headers).map(([name, value]) => `${name}: ${value}`),
  ]
  return `${lines.join('\r\n')}\r\n\r\n`
}
