/**
 * The node page: state, connections and rates of this node for a person with a browser. One
 * self-contained document, kept as text so that it needs no files beside the bundle; it polls
 * /v1/node and computes rates from the counters. Its content security policy allows its own script
 * and style by digest and requests to its own origin, nothing else.
 */
import { createHash } from 'node:crypto'
import { NODE_PAGE_SCRIPT } from './node-page-script.ts'
import { NODE_PAGE_STYLE } from './node-page-style.ts'

export const NODE_PAGE_HTML = `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>pushctl node</title>
<style>${NODE_PAGE_STYLE}</style>
</head>
<body>
<header>
<h1 id="title">pushctl node</h1>
<p id="state" role="status">asking the node</p>
<span id="level"></span>
</header>
<form id="login">
<label for="token">Admin token</label>
<input id="token" type="password" autocomplete="off">
<button>Show</button>
</form>
<p id="notice" role="alert"></p>
<section id="figures" aria-label="Figures"></section>
<div class="cards">
<section><h2>API latency</h2><div id="latency"></div></section>
<section><h2>Shard answers</h2><div id="answers"></div></section>
<section><h2>GC pauses</h2><div id="pauses" class="scroll"></div></section>
<section><h2>Ended by</h2><div id="byes" class="scroll"></div></section>
<section><h2>Errors</h2><div id="errors" class="scroll"></div></section>
<section><h2>Connections</h2><div id="states" class="scroll"></div></section>
<section class="wide"><h2>Shards</h2><div id="shards" class="scroll"></div></section>
</div>
<script>${NODE_PAGE_SCRIPT}</script>
</body>
</html>
`

const POLICY = [
  "default-src 'none'",
  `script-src '${digestOf(NODE_PAGE_SCRIPT)}'`,
  `style-src '${digestOf(NODE_PAGE_STYLE)}'`,
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
