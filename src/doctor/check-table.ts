/**
 * Every check doctor knows, by family, in the order of the catalogue. Adding one: docs/doctor.md#adding-a-check.
 * One import and one row a check, both sorted within their family, so that two people's additions merge.
 */
import { twOverflow } from './checks/tw/overflow.ts'
import type { Check } from './finding.ts'

export const CHECKS: readonly Check[] = [
  // tw: TIME_WAIT and closing states
  twOverflow,
  // listen: the accept path
  // ports: outgoing capacity
  // files: descriptors and limits per user
  // memory
  // tcp: quality of the path
  // nic: packets in and out
  // conntrack
  // cgroup
  // cpu
  // process
  // time
]
