/**
 * HTML as a template that escapes every value, so that what a target sent can never become markup:
 * only what was made by `html` itself goes in as it is.
 *
 *   html`<td>${target}</td>`   →   <td>ws://&lt;script&gt;</td>
 */
import { plainText } from '../table.ts'

export class Markup {
  readonly text: string

  constructor(text: string) {
    this.text = text
  }
}

type Part = string | number | Markup | readonly Markup[]

export function html(strings: TemplateStringsArray, ...parts: readonly Part[]): Markup {
  let text = strings[0]
  for (const [index, part] of parts.entries()) text += textOf(part) + strings[index + 1]
  return new Markup(text)
}

export const NOTHING = new Markup('')

/** For JSON in a script element: no `<`, so neither `</script>` nor `<!--` can occur in it. */
export function jsonMarkup(value: unknown): Markup {
  return new Markup(JSON.stringify(value).replace(/</g, '\\u003c'))
}

function textOf(part: Part): string {
  if (part instanceof Markup) return part.text
  if (typeof part === 'object') return part.map(({ text }) => text).join('')
  return escaped(plainText(String(part)))
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, (letter) => ESCAPES[letter] ?? '')
}
