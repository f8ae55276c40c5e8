/** The one setting that only `pushctl bench selftest` has; the others are bench's own. */
import { defineOptions } from '../config/option-table.ts'

export const SELFTEST_OPTIONS = defineOptions({
  quick: {
    flag: 'quick',
    kind: 'boolean',
    default: false,
    env: false,
    help: 'selftest: two short runs instead of three',
  },
})
