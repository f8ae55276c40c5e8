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
