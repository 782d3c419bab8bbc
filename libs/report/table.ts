import { type Html, type HtmlContent, html } from './html.ts'

export type Column = Readonly<{
  title: string
  /** Numbers stand on the right. Default text. */
  kind?: 'text' | 'number'
}>

export type TableOptions = Readonly<{
  /** What is counted, in which unit, over which sample. */
  caption: HtmlContent
  columns: readonly Column[]
  /** As they shall be read: whoever fills them in rounds. The first cell names the row. */
  rows: readonly (readonly HtmlContent[])[]
}>

/** Wider than the page, it scrolls by itself (by keyboard too), not the page. */
export function table({ caption, columns, rows }: TableOptions): Html {
  const kinds = columns.map(({ kind }) => (kind === 'number' ? 'number' : 'text'))
  const head = columns.map(({ title }, column) => html`<th scope="col" class="${kinds[column]}">${title}</th>`)
  const body = rows.map((cells) => {
    if (cells.length !== columns.length) throw new RangeError(`expected ${columns.length} cells in a row, found ${cells.length}`)
    const [name, ...rest] = cells
    const values = rest.map((cell, index) => html`<td class="${kinds[index + 1]}">${cell}</td>`)
    return html`<tr><th scope="row" class="${kinds[0]}">${name}</th>${values}</tr>
`
  })
  return html`<div class="wide" tabindex="0" role="region" aria-label="Table"><table><caption>${caption}</caption>
<thead><tr>${head}</tr></thead>
<tbody>
${body}</tbody></table></div>`
}
