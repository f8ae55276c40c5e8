import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { readAdminToken } from '../../../src/server/auth/admin-token.ts'

const TOKEN = 'c3VmZmljaWVudGx5LWxvbmc='
let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'admin-token-'))
})
afterEach(() => rm(folder, { recursive: true }))

async function fileOf(text: string, mode = 0o600): Promise<string> {
  const path = join(folder, 'token')
  await writeFile(path, text)
  await chmod(path, mode)
  return path
}

describe('the admin token', () => {
  it('is absent where nothing is configured', async () => {
    expect(await readAdminToken({ file: undefined, environment: undefined })).toBeNull()
    expect(await readAdminToken({ file: undefined, environment: ' ' })).toBeNull()
  })

  it('comes from the file without its newline, before the environment', async () => {
    const file = await fileOf(`${TOKEN}\n`)
    const environment = 'another-sufficiently-long'
    expect(await readAdminToken({ file, environment })).toEqual({ token: TOKEN, warning: null })
    expect(await readAdminToken({ file: undefined, environment })).toEqual({
      token: environment,
      warning: null,
    })
  })

  it.skipIf(process.platform === 'win32')('warns of a file that everybody may read', async () => {
    const file = await fileOf(TOKEN, 0o644)
    const read = await readAdminToken({ file, environment: undefined })
    expect(read?.warning).toBe(
      `--admin-token-file ${file} can be read by every user of this host: chmod 600 ${file}`,
    )
  })

  it.each(['', 'short', 'fifteen-letters', 'two words are no token', 'ungültiger-token-12345'])(
    'cannot be %j',
    async (text) => {
      const file = await fileOf(text)
      await expect(readAdminToken({ file, environment: undefined })).rejects.toMatchObject({
        code: 'PUSHCTL_CONFIG',
      })
    },
  )

  it('is never part of an error', async () => {
    const file = await fileOf('my secret token of mine')
    const failure = await readAdminToken({ file, environment: undefined }).catch(String)
    expect(failure).not.toContain('my secret')
  })

  it('is not read from what is no file, or is too large to be one token', async () => {
    for (const file of [join(folder, 'missing'), folder, await fileOf('x'.repeat(70_000))]) {
      await expect(readAdminToken({ file, environment: undefined })).rejects.toMatchObject({
        code: 'PUSHCTL_FILE_UNREADABLE',
      })
    }
  })
})
