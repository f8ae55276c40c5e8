/** The target in one phrase, for headlines and for the comments of files. */
import { grouped } from './counter-moves.ts'
import type { Target } from './target.ts'

/** "a server: 1,000,000 connections, 30,000 connects/s, 10,000 messages/s of 256 bytes". */
export function describeTarget(target: Target): string {
  const roles = { server: 'a server', loadgen: 'a load generator', both: 'a server and generator' }
  return (
    `${roles[target.role]}: ${grouped(target.connections)} connections, ` +
    `${grouped(target.connectsPerSecond)} connects/s, ` +
    `${grouped(target.messagesPerSecond)} messages/s of ${grouped(target.messageBytes)} bytes`
  )
}
