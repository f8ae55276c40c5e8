/**
 * Prints "N passed, N failed" summed over vitest JSON reports, as the plain closing line of
 * .ci/run. A file that could not even be loaded has no failed test in the report, yet counts as one
 * here; a report that is missing too.
 *
 *   node scripts/count-tests.js REPORT.json…
 */
import { readFileSync } from 'node:fs'

let passed = 0
let failed = 0
for (const path of process.argv.slice(2)) {
  try {
    const report = JSON.parse(readFileSync(path, 'utf8'))
    passed += report.numPassedTests
    failed += report.numFailedTests
    for (const file of report.testResults) {
      const told = file.assertionResults.some((result) => result.status === 'failed')
      if (file.status === 'failed' && !told) failed += 1
    }
  } catch {
    failed += 1
  }
}
console.log(`${passed} passed, ${failed} failed`)
if (failed > 0) process.exitCode = 1
