import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import {
  findGrant,
  grantsFromText,
  readAdminTokens,
  SCOPES,
} from '../../../src/server/auth/admin-grants.ts'

const FULL = 'full-token-of-many-letters'
const PUSH = 'push-token-of-many-letters'
const READ = 'read-token-of-many-letters'

describe('the admin tokens of a file', () => {
  it('are one a line, with all scopes or those that follow', () => {
    const grants = grantsFromText(`# ours\n\n${FULL}\r\n  ${PUSH}\t push\n${READ} read,kick\n`)
    expect(findGrant(grants, FULL)?.scopes).toEqual(SCOPES)
    expect(findGrant(grants, PUSH)?.scopes).toEqual(['push'])
    expect(findGrant(grants, READ)?.scopes).toEqual(['read', 'kick'])
    expect(findGrant(grants, `${READ}x`)).toBeNull()
    expect(findGrant(grants, '')).toBeNull()
  })

  it('do not lie about in memory as they are', () => {
    expect(JSON.stringify(grantsFromText(`${FULL} push`))).not.toContain(FULL)
  })

  it.each([
    ['', 'at least 16'],
    ['# nothing\n', 'at least 16'],
    ['short push', 'at least 16'],
    [`push ${PUSH}`, 'must be a token, and behind it any of push, kick, read'],
    [`${PUSH} write`, 'line 1 must be a token'],
    [`${FULL}\n${PUSH} push, read`, 'line 2 must be a token'],
    [`${PUSH} push,`, 'must be a token'],
    [`${PUSH} push\n${PUSH} read`, 'each token once'],
    [`${FULL}ü push`, 'visible ASCII'],
  ])('cannot be %j', (text, rule) => {
    expect(() => grantsFromText(text)).toThrow(rule)
  })
})

describe('a file of admin tokens', () => {
  let folder: string
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'admin-grants-'))
  })
  afterEach(() => rm(folder, { recursive: true }))

  it('is checked when it is read, and no error repeats what stands in it', async () => {
    const file = join(folder, 'tokens')
    for (const text of [`push ${PUSH}`, `${PUSH} ${READ}`, `${PUSH} a b`, PUSH.slice(0, 12)]) {
      await writeFile(file, text, { mode: 0o600 })
      const failure = String(
        await readAdminTokens({ file, environment: undefined }).catch((error) => error),
      )
      expect(failure).toContain('--admin-token-file')
      for (const secret of [PUSH, READ, PUSH.slice(0, 12)]) expect(failure).not.toContain(secret)
    }
    await writeFile(file, `${PUSH} push\n`, { mode: 0o600 })
    expect(await readAdminTokens({ file, environment: FULL })).toEqual({
      token: `${PUSH} push\n`,
      warning: null,
    })
    expect(await readAdminTokens({ file: undefined, environment: FULL })).toMatchObject({
      token: FULL,
    })
    expect(await readAdminTokens({ file: undefined, environment: undefined })).toBeNull()
  })
})
