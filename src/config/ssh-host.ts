/**
 * Whether a text can be handed to ssh as a host. A name that begins with a dash would be an option
 * of ssh, and nothing in it may mean something to a shell.
 */
export function isSshHost(host: string): boolean {
  return /^(?!-)[\w.@:[\]%-]+$/.test(host)
}
