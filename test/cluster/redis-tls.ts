/** A redis-server that speaks TLS only, and the certificates around it, made for one test file. */
import { execFileSync, spawnSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort, hasRedis, NO_REDIS, type RunningRedis, startRedis } from './redis-server.ts'

export const hasTls = hasRedis && spawnSync('openssl', ['version']).status === 0
export const NO_TLS = hasRedis ? 'openssl is not installed' : NO_REDIS

const NEW_KEY = '-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes'.split(' ')

/** Paths of PEM files: `<name>.pem` and `<name>.key`. */
export class TestAuthority {
  readonly #folder = mkdtempSync(join(tmpdir(), 'pushctl-ca-'))

  constructor() {
    for (const name of ['ca', 'other-ca']) {
      this.#openssl('req', '-x509', ...NEW_KEY, '-days', '2', ...this.#named(name))
    }
  }

  /** Signed by `ca`. @param names as in "IP:127.0.0.1,DNS:localhost" */
  issue(name: string, names: string): void {
    const [request, extensions] = [this.file(`${name}.csr`), this.file(`${name}.ext`)]
    writeFileSync(extensions, `subjectAltName=${names}\n`)
    const subject = ['-subj', `/CN=${name}`, '-keyout', this.file(`${name}.key`)]
    this.#openssl('req', ...NEW_KEY, ...subject, '-out', request)
    const by = ['-CA', this.file('ca.pem'), '-CAkey', this.file('ca.key'), '-CAcreateserial']
    const out = ['-days', '2', '-extfile', extensions, '-out', this.file(`${name}.pem`)]
    this.#openssl('x509', '-req', '-in', request, ...by, ...out)
  }

  file(name: string): string {
    return join(this.#folder, name)
  }

  text(name: string): string {
    return readFileSync(this.file(name), 'utf8')
  }

  /** Settings of a redis-server under the certificate of this name. */
  settingsOf(name: string): string[] {
    const pair = ['--tls-cert-file', this.file(`${name}.pem`), '--tls-key-file']
    return [...pair, this.file(`${name}.key`), '--tls-ca-cert-file', this.file('ca.pem')]
  }

  /** On a free port, and on none in the clear. It demands a certificate of its clients. */
  async startRedis(name: string, ...settings: string[]): Promise<RunningRedis> {
    const port = await freePort()
    const only = ['--port', '0', '--tls-port', String(port)]
    const redis = await startRedis(...only, ...this.settingsOf(name), ...settings)
    const tls = {
      ca: this.text('ca.pem'),
      cert: this.text(`${name}.pem`),
      key: this.text(`${name}.key`),
    }
    return Object.assign(redis, { url: `rediss://127.0.0.1:${port}`, port, tls })
  }

  remove(): void {
    rmSync(this.#folder, { recursive: true, force: true })
  }

  #named(name: string): string[] {
    const files = ['-keyout', this.file(`${name}.key`), '-out', this.file(`${name}.pem`)]
    return ['-subj', `/CN=${name}`, ...files]
  }

  #openssl(...words: string[]): void {
    execFileSync('openssl', words, { stdio: 'ignore' })
  }
}
