/**
 * Targets with TLS: reads whom to trust, says which engine drives them, and tries one handshake, so
 * that a certificate that is not trusted is one sentence and not a thousand failed connections.
 */
import { readFile, stat } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import { chooseEngine } from '../../engine/create-engine.ts'
import { PushctlError } from '../../errors/pushctl-error.ts'
import { resolveTarget } from '../../loadgen/target/target-address.ts'
import { probeTls } from '../../loadgen/target/target-tls.ts'
import type { BenchSettings } from '../../loadgen/workload.ts'

/** The bundle of an operating system has a quarter of this. */
const CA_FILE_BYTES_MAX = 1024 * 1024

/** @throws PushctlError where the file is no certificate */
export async function withTrust(
  settings: BenchSettings,
  caFile: string | undefined,
  note: (line: string) => void,
): Promise<BenchSettings> {
  if (!settings.targets.some(({ tls }) => tls !== undefined)) return settings
  if (settings.engine === 'auto' && chooseEngine('auto').kind === 'epoll') {
    note('engine node: the epoll engine has no TLS')
  }
  if (caFile === undefined) return settings
  const ca = await readAuthorities(caFile)
  const targets = settings.targets.map((target) =>
    target.tls === undefined ? target : { ...target, tls: { ...target.tls, ca } },
  )
  return { ...settings, targets }
}

/** @throws PushctlError as probeTls() */
export async function probeTargets({ targets }: BenchSettings): Promise<void> {
  const secure = targets.filter(({ tls }) => tls !== undefined)
  if (secure.length > 0) await probeTls(await Promise.all(secure.map(resolveTarget)))
}

export async function readAuthorities(path: string): Promise<string> {
  const refuse = (got: string, cause?: unknown): PushctlError =>
    new PushctlError('PUSHCTL_CONFIG', `--ca-file must be certificates in PEM, got ${got}`, {
      ...(cause === undefined ? {} : { cause }),
      tries: ['openssl x509 -in FILE -noout -text   (shows what is in it)'],
    })
  try {
    const { size } = await stat(path)
    if (size > CA_FILE_BYTES_MAX) throw refuse(`${size} bytes in ${path}`)
    const text = await readFile(path, 'utf8')
    if (!text.includes('-----BEGIN CERTIFICATE-----')) throw refuse(`no certificate in ${path}`)
    createSecureContext({ ca: text })
    return text
  } catch (cause) {
    if (cause instanceof PushctlError) throw cause
    throw refuse(`"${(cause as Error).message}" from ${path}`, cause)
  }
}
