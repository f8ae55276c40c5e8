/**
 * Script and style of the page as `npm run build` made them: uPlot and src/report/page in one file
 * each, to be put into every page, so that a page needs no other file.
 */
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { packageRoot } from '../../config/package-root.ts'

export interface PageAssets {
  readonly script: string
  readonly style: string
}

export function pageAssets(): PageAssets {
  const textOf = (name: string): string =>
    readFileSync(join(packageRoot(), 'dist', 'assets', name), 'utf8').trim()
  return { script: textOf('report-page.js'), style: textOf('report-page.css') }
}
