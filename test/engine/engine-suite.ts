/**
 * The one suite that every socket engine passes: over real loopback sockets, against plain node:net
 * peers and against a second engine. Where the engines may differ, the test says so by
 * `engine.kind`.
 */
import { afterEach, describe } from 'vitest'
import { describeAccepting } from './suite/accepting.ts'
import { describeClosing } from './suite/closing.ts'
import { describeConnecting } from './suite/connecting.ts'
import { describeDescriptors } from './suite/descriptors.ts'
import { describeLimits } from './suite/limits.ts'
import { describeModel } from './suite/model.ts'
import { describeReceiving } from './suite/receiving.ts'
import { describeSending } from './suite/sending.ts'
import { describeSlots } from './suite/slots.ts'
import { type MakeEngine, Stage } from './suite/stage.ts'

export function describeEngine(
  kind: 'node' | 'epoll',
  makeEngine: MakeEngine,
  title = `${kind} engine`,
): void {
  describe(title, () => {
    const stage = new Stage(makeEngine)
    afterEach(() => stage.clear())
    describeAccepting(stage)
    describeConnecting(stage)
    describeReceiving(stage)
    describeSending(stage)
    describeClosing(stage)
    describeSlots(stage)
    describeLimits(stage)
    describeDescriptors(stage, kind)
    describeModel(stage)
  })
}
