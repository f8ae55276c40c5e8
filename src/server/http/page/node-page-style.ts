/**
 * The style of the node page: one column of tiles on a phone, several on a desk, light or dark as
 * the system asks. Colours are variables and stand here alone; the script sets none.
 */
export const NODE_PAGE_STYLE = `
:root {
  color-scheme: light dark;
  --ground: #f6f7f9; --card: #fff; --line: #dfe3e8; --ink: #16191d; --soft: #5c6670;
  --mark: #2563c9; --mark-soft: #2563c926; --good: #1a7f4b; --warn: #9a5b00; --bad: #c02b2b;
  font: 15px/1.45 system-ui, -apple-system, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #101317; --card: #191d23; --line: #2b313a; --ink: #e8ebef; --soft: #98a2ae;
    --mark: #6ea3ff; --mark-soft: #6ea3ff2e; --good: #55c98c; --warn: #e3a64a; --bad: #ff7b72;
  }
}
* { box-sizing: border-box }
body { max-width: 66rem; margin: 0 auto; padding: 1rem }
body { background: var(--ground); color: var(--ink) }
header { display: flex; flex-wrap: wrap; align-items: baseline; gap: .25rem 1rem }
h1 { font-size: 1.35rem; margin: 0; overflow-wrap: anywhere }
h2 { font-size: .8rem; margin: 0 0 .6rem; color: var(--soft); font-weight: 600 }
h2 { text-transform: uppercase; letter-spacing: .05em }
#state { margin: 0; color: var(--soft) }
#level { border-radius: 1rem; padding: .05rem .7rem; font-size: .85rem; font-weight: 600 }
#level { background: var(--card); border: 1px solid var(--line) }
#level.good { color: var(--good) }
#level.warn { color: var(--warn) }
#level.bad { color: var(--bad) }
#notice { min-height: 1.45em; margin: .4rem 0; color: var(--bad) }
.cards { display: grid; gap: .75rem; grid-template-columns: repeat(auto-fit, minmax(19rem, 1fr)) }
#figures { display: grid; gap: .6rem; margin-bottom: .75rem }
#figures { grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)) }
#figures div, .cards section { background: var(--card); border: 1px solid var(--line) }
#figures div, .cards section { border-radius: .5rem; padding: .65rem .8rem; min-width: 0 }
#figures div { color: var(--soft); font-size: .85rem }
#figures b { display: block; color: var(--ink); font-size: 1.2rem; line-height: 1.25 }
#figures b { font-variant-numeric: tabular-nums; overflow-wrap: anywhere }
#figures svg { display: block; width: 100%; height: 1.6rem; margin-top: .3rem }
.wide { grid-column: 1 / -1 }
.stroke { fill: none; stroke: var(--mark); stroke-width: 1.5; vector-effect: non-scaling-stroke }
.fill { fill: var(--mark-soft) }
.bar { fill: var(--mark) }
.axis { fill: var(--soft); font-size: 9px }
.histogram { display: block; width: 100%; height: auto }
/* A table wider than a phone scrolls by itself, the page does not. */
.scroll { overflow-x: auto }
table { border-collapse: collapse; width: 100%; font-size: .85rem }
th, td { text-align: right; padding: .25rem 0 .25rem .6rem; border-top: 1px solid var(--line) }
th:first-child, td:first-child { text-align: left; padding-left: 0 }
tr:first-child th { border-top: 0; color: var(--soft); font-weight: 500 }
td { font-variant-numeric: tabular-nums; white-space: nowrap }
.empty { color: var(--soft); margin: 0 }
.old { opacity: .45 }
form { display: none; flex-wrap: wrap; align-items: center; gap: .5rem; margin: 1rem 0 }
form.asked { display: flex }
input { flex: 1; min-width: 10rem; font: inherit; padding: .35rem .5rem }
button { font: inherit; padding: .35rem 1rem }
`
