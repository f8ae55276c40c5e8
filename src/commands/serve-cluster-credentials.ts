/**
 * With what a node, or a verb that looks at nodes, comes to the Redis of a cluster: the password,
 * from a file or the environment because a command line is seen by all, and the files of TLS.
 */
import { open } from 'node:fs/promises'
import { createSecureContext } from 'node:tls'
import type { RedisCredentials, RedisTls } from '../cluster/cluster-address.ts'
import type { OptionsOf } from '../config/option-table.ts'
import { PushctlError } from '../errors/pushctl-error.ts'
import { readSecretFile } from '../server/auth/secret-file.ts'
import type { CLUSTER_LINK_OPTIONS } from './serve-cluster-options.ts'

type LinkOptions = OptionsOf<typeof CLUSTER_LINK_OPTIONS>
type Environment = Readonly<Record<string, string | undefined>>

/** The bundle of an operating system has a quarter of this. */
const PEM_BYTES_MAX = 1024 * 1024

/** Throws PUSHCTL_CONFIG or PUSHCTL_FILE_UNREADABLE. */
export async function readRedisCredentials(
  options: LinkOptions,
  env: Environment,
  tell: (line: string) => void,
): Promise<RedisCredentials> {
  const path = options.clusterPasswordFile
  const password =
    path === undefined
      ? (env['PUSHCTL_CLUSTER_PASSWORD'] ?? '')
      : (await readSecret('--cluster-password-file', path, tell)).trim()
  return { password, tls: await readTls(options, tell) }
}

async function readTls(options: LinkOptions, tell: (line: string) => void): Promise<RedisTls> {
  const { clusterCaFile, clusterCertFile, clusterKeyFile } = options
  if ((clusterCertFile === undefined) !== (clusterKeyFile === undefined)) {
    const message = 'expected --cluster-cert-file and --cluster-key-file, got one of them'
    throw new PushctlError('PUSHCTL_CONFIG', message)
  }
  const tls = {
    ...(clusterCaFile === undefined
      ? {}
      : { ca: await readCertificates('--cluster-ca-file', clusterCaFile) }),
    ...(clusterCertFile === undefined || clusterKeyFile === undefined
      ? {}
      : {
          cert: await readCertificates('--cluster-cert-file', clusterCertFile),
          key: await readSecret('--cluster-key-file', clusterKeyFile, tell),
        }),
  }
  checkTogether(tls)
  return tls
}

/** What is no PEM, and a key that does not fit its certificate, would fail at each connection. */
function checkTogether(tls: RedisTls): void {
  try {
    createSecureContext({ ...tls })
  } catch (cause) {
    const got = (cause as Error).message
    throw new PushctlError(
      'PUSHCTL_CONFIG',
      `expected PEM in the files of --cluster, and a key that fits its certificate, got: ${got}`,
      { tries: ['openssl x509 -in FILE -noout -text   (shows what is in a certificate)'], cause },
    )
  }
}

async function readSecret(
  option: string,
  path: string,
  tell: (line: string) => void,
): Promise<string> {
  const { text, warning } = await readSecretFile(option, path)
  if (warning !== null) tell(warning)
  return text
}

async function readCertificates(option: string, path: string): Promise<string> {
  const refuse = (got: string, cause?: unknown) =>
    new PushctlError(
      'PUSHCTL_FILE_UNREADABLE',
      `${option} must be certificates in PEM, got ${got} for ${path}`,
      { cause },
    )
  try {
    const handle = await open(path, 'r')
    try {
      const { size } = await handle.stat()
      if (size > PEM_BYTES_MAX) throw refuse(`${size} bytes`)
      const text = await handle.readFile('utf8')
      if (!text.includes('-----BEGIN CERTIFICATE-----')) throw refuse('no certificate')
      return text
    } finally {
      await handle.close()
    }
  } catch (cause) {
    if (cause instanceof PushctlError) throw cause
    throw refuse(String((cause as { code?: unknown }).code), cause)
  }
}
