/**
 * Hosts for bench --on that are processes here: what leads to each is a script that does what the
 * name of the host says, and leaves its process id.
 */
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { packageRoot } from '../../src/config/package-root.ts'

const REACH = `#!/bin/sh
host=$1; shift
echo $$ > "$(dirname "$0")/pid-$host"
case $host in
  refuses) echo "refuses: Permission denied (publickey)." >&2; exit 255 ;;
  bare) echo "sh: 1: pushctl: not found" >&2; exit 127 ;;
  old) echo '{"type":"hello","protocol":1,"pushctl":"0.0.1"}'; exec cat > /dev/null ;;
  liar) echo '{"type":"hello","protocol":2,"pushctl":"VERSION","name":7}'; exec cat > /dev/null ;;
  loud) echo "Welcome to loud"; exec "$@" ;;
  small) ulimit -n 200; exec "$@" ;;
  skewed) exec unshare --time --monotonic 86400 --fork --kill-child "$@" ;;
  *) exec "$@" ;;
esac
`

export class OnHosts {
  readonly folder = mkdtempSync(join(tmpdir(), 'pushctl-on-'))
  readonly #reach = join(this.folder, 'reach')

  constructor() {
    const { version } = JSON.parse(readFileSync(join(packageRoot(), 'package.json'), 'utf8'))
    writeFileSync(this.#reach, REACH.replace('VERSION', version))
    chmodSync(this.#reach, 0o755)
  }

  words(hosts: string): string[] {
    const pushctl = `${process.execPath} ${join(packageRoot(), 'bin', 'pushctl.js')}`
    return [
      ...['--on', hosts, '--remote-shell', `${this.#reach} {host}`],
      ...['--remote-pushctl', pushctl],
    ]
  }

  pidOf(host: string): number {
    return Number(readFileSync(join(this.folder, `pid-${host}`), 'latin1'))
  }

  end(): void {
    rmSync(this.folder, { recursive: true, force: true })
  }
}
