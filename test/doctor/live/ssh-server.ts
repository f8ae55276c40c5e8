/**
 * A real sshd on a loopback port, or one in each of several network namespaces, with keys made for
 * this test. It runs in a mount namespace with its own /run and, where the host lacks it, its own
 * user "sshd": nothing of the host is touched.
 */
import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { accessSync, chmodSync, constants, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { type AddressInfo, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'

export interface SshPlace {
  /** As ssh knows it. */
  readonly name: string
  readonly address: string
  readonly port: number
  /** A command that runs commands there, such as ip netns exec; empty: here. */
  readonly under: readonly string[]
}

export class SshServer {
  readonly folder = mkdtempSync(join(tmpdir(), 'pushctl-sshd-'))
  readonly #children: ChildProcess[] = []

  /** Starts sshd at each place and resolves when they listen; missing: on loopback, `reached`. */
  async start(places?: readonly SshPlace[]): Promise<void> {
    const all = places ?? [
      { name: 'reached', address: '127.0.0.1', port: await freePort(), under: [] },
    ]
    const place = (name: string): string => join(this.folder, name)
    for (const name of ['host', 'user', 'stranger']) {
      execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', place(name)])
    }
    execFileSync('cp', [place('user.pub'), place('authorized')])
    writeFileSync(place('ssh_config'), clientConfig(all, place))
    // The ssh that pushctl finds first on its PATH is this one.
    writeFileSync(
      place('ssh'),
      `#!/bin/sh\nexec ${findProgram('ssh')} -F ${place('ssh_config')} "$@"\n`,
    )
    chmodSync(place('ssh'), 0o755)
    for (const at of all) await this.#startAt(at, place)
  }

  async #startAt({ name, address, port, under }: SshPlace, place: (name: string) => string) {
    const configuration = place(`sshd_config-${name}`)
    writeFileSync(configuration, serverConfig(address, port, place))
    const script = `set -e
      mount -t tmpfs none /run && mkdir -m 755 /run/sshd
      grep -q '^sshd:' /etc/passwd || {
        { cat /etc/passwd; echo 'sshd:x:65533:65534::/run/sshd:/usr/sbin/nologin'; } > ${place('passwd')}
        mount --bind ${place('passwd')} /etc/passwd
      }
      exec ${findProgram('sshd')} -D -e -f ${configuration}`
    const [program = 'unshare', ...words] = [...under, 'unshare', '--mount', 'sh', '-c', script]
    const child = spawn(program, words, { stdio: ['ignore', 'ignore', 'pipe'] })
    this.#children.push(child)
    let said = ''
    for await (const chunk of child.stderr!.iterator({ destroyOnReturn: false })) {
      said += String(chunk)
      if (said.includes('Server listening')) break
    }
    if (!said.includes('Server listening')) throw new Error(`sshd did not start: ${said}`)
    child.stderr!.resume()
  }

  async end(): Promise<void> {
    for (const child of this.#children) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      child.kill('SIGTERM')
      await once(child, 'exit')
    }
    rmSync(this.folder, { recursive: true, force: true })
  }
}

/** Why sshd cannot be started here; null where it can. */
export function reasonAgainstSshd(): string | null {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs root on Linux'
  const missing = ['sshd', 'ssh', 'ssh-keygen', 'unshare'].filter((name) => !findProgram(name))
  if (missing.length > 0) return `${missing.join(', ')} not installed (openssh-server)`
  try {
    execFileSync('unshare', ['--mount', 'mount', '-t', 'tmpfs', 'none', '/run'], {
      stdio: 'ignore',
    })
    return null
  } catch {
    return 'mount namespaces are not allowed here'
  }
}

function serverConfig(address: string, port: number, place: (name: string) => string): string {
  return `ListenAddress ${address}:${port}
HostKey ${place('host')}
AuthorizedKeysFile ${place('authorized')}
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
PermitRootLogin prohibit-password
`
}

/** Places let us in, `stranger` shows a key that the first does not know, `closed` has no sshd. */
function clientConfig(places: readonly SshPlace[], place: (name: string) => string): string {
  const [first] = places
  const hosts = places.map(
    ({ name, address, port }) => `Host ${name}
  HostName ${address}
  Port ${port}
  IdentityFile ${place('user')}
`,
  )
  return `${hosts.join('')}Host closed
  Port 1
Host stranger
  IdentityFile ${place('stranger')}
Host *
  HostName ${first?.address}
  Port ${first?.port}
  User root
  IdentitiesOnly yes
  IdentityAgent none
  StrictHostKeyChecking no
  UserKnownHostsFile /dev/null
  GlobalKnownHostsFile /dev/null
  LogLevel ERROR
`
}

/** sshd insists on its full path. */
function findProgram(name: string): string {
  const folders = [...(process.env['PATH'] ?? '').split(delimiter), '/usr/sbin', '/sbin']
  const isThere = (path: string): boolean => {
    try {
      accessSync(path, constants.X_OK)
      return true
    } catch {
      return false
    }
  }
  return folders.map((folder) => join(folder, name)).find(isThere) ?? ''
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}
