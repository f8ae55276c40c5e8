/** Reads --payload-key-file of a node, or of a device: numbered keys, one a line. */
import { type PayloadKey, payloadKeysFromText } from '../../protocol/payload-keys.ts'
import { readSecretFile } from '../auth/secret-file.ts'

export interface PayloadKeyFile {
  readonly keys: readonly PayloadKey[]
  /** Where others on this host may read it. */
  readonly warning: string | null
}

const OPTION = '--payload-key-file'

/** Fails with PUSHCTL_FILE_UNREADABLE or PUSHCTL_CONFIG. */
export async function readPayloadKeys(path: string | undefined): Promise<PayloadKeyFile> {
  if (path === undefined) return { keys: [], warning: null }
  const { text, warning } = await readSecretFile(OPTION, path)
  return { keys: payloadKeysFromText(OPTION, path, text), warning }
}
