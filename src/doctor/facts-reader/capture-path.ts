/**
 * Where a path of the host lies in a capture. A `..` in a name must not lead out of it, neither
 * reading nor writing.
 */
export function capturePath(path: string): string {
  return path
    .split('/')
    .filter((part) => part !== '' && part !== '.' && part !== '..')
    .join('/')
}

/** Without what a URL may hold beside host, port and path. */
export function metricsPath(url: string): string {
  const { host, pathname } = new URL(url)
  return `/metrics/${`${host}${pathname}`.replace(/[^\w.-]+/g, '_')}.txt`
}
