/** What the head knows of one of its workers. */
import type { RunProgress } from '../../stats/run-progress.ts'
import type { ClockOffset } from './clock-offset.ts'
import type {
  FailedMessage,
  Gate,
  HelloMessage,
  MomentMessage,
  PlannedMessage,
  ResultMessage,
  SetupMessage,
  StepEndMessage,
} from './control-messages.ts'
import type { HostLink } from './host-link.ts'

export interface HostCommand {
  readonly name: string
  readonly words: readonly string[]
}

export interface HostState extends HostCommand {
  readonly link: HostLink
  readonly offset: ClockOffset
  hello: HelloMessage | null
  setup: SetupMessage | null
  planned: PlannedMessage | null
  /** When it had planned, on our clock: its run begins with that. */
  plannedUs: number
  /** Its share of them, in the step that runs. */
  connections: number
  /** For the step that is about to begin; null: as it was ordered. */
  messagesPerSecond: number | null
  progress: RunProgress | null
  moment: MomentMessage | null
  /** Where it waits for the others. */
  at: Gate | null
  leadUs: number
  /** Of a step that has ended: it waits for the next. */
  step: StepEndMessage | null
  result: ResultMessage | null
  /** What it said of why it cannot. */
  failed: FailedMessage | null
  /** Why it is no part of the run any more. */
  lost: string | null
  heardUs: number
}

/** Beside what a host is: what is heard of it later. */
export const NOT_HEARD_OF: Omit<HostState, 'name' | 'words' | 'link' | 'offset' | 'heardUs'> = {
  hello: null,
  setup: null,
  planned: null,
  plannedUs: Number.POSITIVE_INFINITY,
  connections: 0,
  messagesPerSecond: null,
  progress: null,
  moment: null,
  at: null,
  leadUs: 0,
  step: null,
  result: null,
  failed: null,
  lost: null,
}
