import { once } from 'node:events'
import { createServer, type Server } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, expect, test } from 'vitest'
import { PushctlError } from '../../src/errors/pushctl-error.ts'
import { blameTarget } from '../../src/loadgen/target-probe.ts'
import { parseTarget } from '../../src/loadgen/target/target-address.ts'

const silentApi = new PushctlError('PUSHCTL_TARGET_UNREACHABLE', 'no HTTP API at port 7002')
const servers: Server[] = []

afterEach(() => {
  for (const server of servers.splice(0)) server.close()
})

async function listening(): Promise<Server> {
  const server = createServer().listen(0, '127.0.0.1')
  servers.push(server)
  await once(server, 'listening')
  return server
}

function targetOf(server: Server) {
  const { port } = server.address() as AddressInfo
  return { ...parseTarget(`tcp://127.0.0.1:${port}`), address: '127.0.0.1' }
}

test('a target that is not there is named first, whatever its API is', async () => {
  const here = await listening()
  const gone = await listening()
  const targets = [targetOf(here), targetOf(gone)]
  gone.close()
  await once(gone, 'close')
  const error = await blameTarget(silentApi, targets).catch((caught) => caught)
  expect(error).toMatchObject({
    code: 'PUSHCTL_TARGET_UNREACHABLE',
    message: `${targets[1].url} cannot be reached`,
    why: 'connect: ECONNREFUSED',
    cause: silentApi,
  })
})

test('where targets listen, or the API answered, its own error stands', async () => {
  const here = await listening()
  await expect(blameTarget(silentApi, [targetOf(here)])).rejects.toBe(silentApi)
  const refused = new PushctlError('PUSHCTL_TARGET_REFUSED', 'refused the admin token')
  const nowhere = targetOf(here)
  here.close()
  await once(here, 'close')
  await expect(blameTarget(refused, [nowhere])).rejects.toBe(refused)
})
