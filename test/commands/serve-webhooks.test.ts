import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { planWebhooks } from '../../src/commands/serve-webhooks.ts'

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'webhooks-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

const OPTIONS = {
  webhooks: ['chat=http://127.0.0.1:1/hook'],
  webhookSecretFile: undefined,
  webhookEvents: [],
  webhookTimeoutMs: 10_000,
  webhookRetryMs: 60_000,
  webhookQueueBytesMax: 1 << 20,
  drainMs: 3_000,
}
const SECRET = 'a secret that is long enough'

describe('webhooks of a node', () => {
  it('are none where none is given', async () => {
    expect(await planWebhooks({ ...OPTIONS, webhooks: [] }, SECRET)).toEqual({
      webhooks: null,
      notes: [],
    })
  })

  it('are signed with the secret of the file, else of the environment', async () => {
    const file = join(folder, 'secret')
    writeFileSync(file, `${SECRET} of the file\n`, { mode: 0o600 })
    const fromFile = await planWebhooks({ ...OPTIONS, webhookSecretFile: file }, SECRET)
    expect(fromFile).toMatchObject({ notes: [], webhooks: { secret: `${SECRET} of the file` } })
    const fromEnvironment = await planWebhooks(OPTIONS, SECRET)
    expect(fromEnvironment).toMatchObject({ notes: [], webhooks: { secret: SECRET } })
    const unsigned = await planWebhooks({ ...OPTIONS, webhookEvents: ['device'] }, undefined)
    expect(unsigned.webhooks).toMatchObject({ secret: null, deviceEvents: true, closeMs: 3_000 })
    expect(unsigned.notes[0]).toContain('not signed')
  })

  it('say what is wrong, all at once, and never the secret', async () => {
    await expect(planWebhooks(OPTIONS, 'short')).rejects.toMatchObject({
      code: 'PUSHCTL_CONFIG',
      message: expect.not.stringContaining('short'),
    })
    const wrong = { ...OPTIONS, webhooks: ['chat', 'http://', 'http://127.0.0.1/'] }
    await expect(planWebhooks(wrong, SECRET)).rejects.toMatchObject({ faults: { length: 2 } })
    const nowhere = { ...OPTIONS, webhooks: [], webhookEvents: ['device'] as const }
    await expect(planWebhooks(nowhere, SECRET)).rejects.toMatchObject({ code: 'PUSHCTL_CONFIG' })
  })
})
