import { once } from 'node:events'
import { type AddressInfo, createServer } from 'node:net'
import { expect, it } from 'vitest'
import { known } from '../../../src/doctor/fact.ts'
import { findListenerOwners } from '../../../src/doctor/facts-reader/listener-owners.ts'
import { LiveSource } from '../../../src/doctor/facts-reader/live-source.ts'
import { parseSsListeners } from '../../../src/doctor/parsers/ss-listeners.ts'

/** This host, with this process alone. */
class OwnProcess extends LiveSource {
  override list(folder: string) {
    return folder === '/proc'
      ? Promise.resolve(known([`${process.pid}`], folder))
      : super.list(folder)
  }
}

it('finds who listens by the first descriptors of each process', async () => {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const source = new OwnProcess()
  const output = await source.run({ name: 'ss', argv: ['ss', '-Htlne'] })
  const listeners = parseSsListeners(output.known ? output.value.text : '') ?? []
  expect([...(await findListenerOwners(source, listeners, [port]))]).toEqual([[process.pid, port]])
  expect([...(await findListenerOwners(source, listeners, [1]))]).toEqual([])
  server.close()
})
