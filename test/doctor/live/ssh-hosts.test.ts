import { execFile } from 'node:child_process'
import { delimiter, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { packageRoot } from '../../../src/config/package-root.ts'
import { reasonAgainstSshd, SshServer } from './ssh-server.ts'

const reason = reasonAgainstSshd()

describe.skipIf(reason !== null)(
  `doctor over a real ssh${reason === null ? '' : `: ${reason}`}`,
  { timeout: 90_000 },
  () => {
    const server = new SshServer()

    beforeAll(() => server.start(), 60_000)
    afterAll(() => server.end())

    function doctor(...words: string[]): Promise<{ code: number; out: string; err: string }> {
      const program = join(packageRoot(), 'bin/pushctl.js')
      const env = {
        ...process.env,
        PATH: `${server.folder}${delimiter}${process.env['PATH'] ?? ''}`,
      }
      return new Promise((resolve) => {
        execFile(
          process.execPath,
          [program, 'doctor', '--window', '100ms', ...words],
          { env, maxBuffer: 16 * 1024 * 1024 },
          (error, out, err) => resolve({ code: Number(error?.code ?? 0), out, err }),
        )
      })
    }

    it('reads a host that lets it in', async () => {
      const { code, out, err } = await doctor('--host', 'reached', '--json')
      expect([code, err]).toEqual([0, expect.not.stringContaining('Error')])
      const { hosts, findings } = JSON.parse(out) as {
        hosts: { name: string; sampling: string; failure: string | null }[]
        findings: { id: string; host: string; status: string }[]
      }
      expect(hosts).toMatchObject([{ name: 'reached', sampling: 'window', failure: null }])
      const somaxconn = findings.find(({ id }) => id === 'listen/somaxconn')
      expect(somaxconn).toMatchObject({
        host: 'reached',
        status: expect.not.stringMatching('unknown'),
      })
    })

    it('names who refuses and who is not there, shows the others, and ends with 4', async () => {
      const { code, out } = await doctor('--host', 'stranger,reached,closed,reached')
      expect(code).toBe(4)
      expect(out).toMatch(/^check +reached +reached$/m)
      expect(out).toMatch(/^stranger: could not be read: .*Permission denied \(publickey/m)
      expect(out).toMatch(/^closed: could not be read: .*Connection refused/m)
      expect(out).toMatch(/^reached \(Linux /m)
    })
  },
)
