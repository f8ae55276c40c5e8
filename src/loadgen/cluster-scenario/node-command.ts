/**
 * The user's command that stops or starts a node, in a shell of this host. Names and hosts come
 * from the cluster, so only those that mean nothing to a shell are put into it.
 */
import { spawn } from 'node:child_process'
import { isSshHost } from '../../config/ssh-host.ts'
import type { ClusterNode } from '../dispatch/discover-nodes.ts'

const COMMAND_LIMIT_MS = 120_000
const NAME = /^[\w.-]{1,64}$/

/** '' where it ended with 0; else why it did not. Never rejects. */
export function runNodeCommand(command: string, node: ClusterNode): Promise<string> {
  const host = new URL(node.http).hostname.replace(/^\[(.*)\]$/, '$1')
  if (!NAME.test(node.name)) return Promise.resolve('its name cannot be put into a command')
  if (command.includes('{host}') && !isSshHost(host)) {
    return Promise.resolve('its host cannot be put into a command')
  }
  const text = command.replaceAll('{node}', node.name).replaceAll('{host}', host)
  return new Promise((resolve) => {
    const child = spawn('/bin/sh', ['-c', text], { stdio: 'ignore', timeout: COMMAND_LIMIT_MS })
    child.once('error', (error) => resolve(error.message))
    child.once('exit', (code, signal) =>
      resolve(code === 0 ? '' : `the command ended with ${signal ?? `status ${code}`}`),
    )
  })
}
