/** A key pair of its own for a test that speaks TLS; null without the openssl command. */
import { execFileSync } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TestCertificate {
  /** PEM; it signed itself, so it is also whom to trust. */
  readonly cert: string
  readonly key: string
}

/** For 127.0.0.1, or another name. */
export function makeCertificate(name = 'IP:127.0.0.1'): TestCertificate | null {
  const folder = mkdtempSync(join(tmpdir(), 'pushctl-tls-'))
  const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')]
  try {
    const words = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2'
    const subject = ['-subj', '/CN=test', '-addext', `subjectAltName=${name}`]
    const files = ['-keyout', keyFile, '-out', certFile]
    execFileSync('openssl', [...words.split(' '), ...subject, ...files], { stdio: 'ignore' })
    return { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') }
  } catch {
    return null
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
