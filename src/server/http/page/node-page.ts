/**
 * The node page: state, connections and rates of this node for a person with a browser. One
 * self-contained document, kept as text so that it needs no files beside the bundle; it polls
 * /v1/node and computes rates from the counters. Its content security policy allows its own script
 * and style by digest and requests to its own origin, nothing else.
 */
import { createHash } from 'node:crypto'
import { NODE_PAGE_SCRIPT } from './node-page-script.ts'

const STYLE = `
:root { color-scheme: light dark; font: 15px/1.5 system-ui, sans-serif }
body { max-width: 60rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.3rem; margin: 0 }
#figures { display: grid; gap: .75rem }
#figures { grid-template-columns: repeat(auto-fill, minmax(11rem, 1fr)) }
#figures div { border: 1px solid #8886; border-radius: .4rem; padding: .6rem .8rem }
#figures b { display: block; font-size: 1.4rem; font-variant-numeric: tabular-nums }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1.5rem }
/* A table wider than a phone scrolls by itself, the page does not. */
table { display: block; overflow-x: auto }
.old { opacity: .5 }
th, td { text-align: left; padding: .25rem .6rem .25rem 0; border-bottom: 1px solid #8884 }
td { font-variant-numeric: tabular-nums }
#notice { min-height: 1.5em; color: #b40 }
form { display: none; gap: .5rem; margin: 1rem 0 }
form.asked { display: flex }
input { flex: 1; font: inherit }
`

export const NODE_PAGE_HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>pushctl node</title>
<style>${STYLE}</style>
</head>
<body>
<h1 id="title">pushctl node</h1>
<p id="state" role="status">asking the node</p>
<form id="login">
<label for="token">Admin token</label>
<input id="token" type="password" autocomplete="off">
<button>Show</button>
</form>
<p id="notice" role="alert"></p>
<section id="figures" aria-label="Figures"></section>
<h2>Shards</h2>
<table id="shards"></table>
<h2>Closed connections</h2>
<table id="closes"></table>
<script>${NODE_PAGE_SCRIPT}</script>
</body>
</html>
`

const POLICY = [
  "default-src 'none'",
  `script-src '${digestOf(NODE_PAGE_SCRIPT)}'`,
  `style-src '${digestOf(STYLE)}'`,
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

export const NODE_PAGE_HEADERS = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
}

function digestOf(text: string): string {
  return `sha256-${createHash('sha256').update(text).digest('base64')}`
}
