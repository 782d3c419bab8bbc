/** Markup that cannot be broken by what is put into it: text is escaped, markup made by `html` goes in as it is. */
export type Html = Readonly<{ markup: string }>

/** null and undefined leave nothing; a list is its members one after the other. */
export type HtmlContent = Html | string | number | null | undefined | readonly HtmlContent[]

/** html`<p>${anything}</p>`. Values may stand between tags, and inside an attribute's double quotes. */
export function html(parts: TemplateStringsArray, ...values: readonly HtmlContent[]): Html {
  return { markup: parts.reduce((markup, part, index) => markup + markupOf(values[index - 1]) + part) }
}

export function markupOf(content: HtmlContent): string {
  if (content === null || content === undefined) return ''
  if (typeof content === 'string' || typeof content === 'number') return escapeText(String(content))
  return 'markup' in content ? content.markup : content.map(markupOf).join('')
}

const escapes: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;' }

const escapeText = (text: string): string => text.replace(/[&<>"']/g, (character) => escapes[character] as string)
