/**
 * The report kit: one self-contained HTML file (no script, no font, no picture from elsewhere), for light and dark, phone and paper.
 *
 *   page({ title, summary, sections: [section('Prices', tiles([...]), figure({...}), table({...}))] })  → the text of the file
 *
 * page.ts      page, section, tiles (a few key numbers), note (what must not be overlooked)
 * table.ts     table: a caption, columns, rows
 * plot.ts      plot: an Observable Plot drawn while the report is made; figure: a plot with its caption and legend
 * html.ts      html`...`: anything else, escaped
 *
 * Whatever a reader must know to judge a number belongs into its caption, not into its colour.
 */
import { type Html, type HtmlContent, html, markupOf } from './html.ts'
import { pageStyle } from './style.ts'

export type PageOptions = Readonly<{
  title: string
  /** One or two sentences under the title: what this is, of what, from when to when. */
  summary: HtmlContent
  sections: readonly Section[]
  /** Below everything: versions, how to make it again. */
  footer?: HtmlContent
}>

export type Section = Readonly<{ title: string; content: readonly HtmlContent[] }>

export const section = (title: string, ...content: readonly HtmlContent[]): Section => ({ title, content })

/** A key number, as it shall be read, and a word or two below it: unit, interval, sample. */
export type Tile = Readonly<{ name: string; value: string; detail?: HtmlContent }>

export const tiles = (items: readonly Tile[]): Html =>
  html`<dl class="tiles">${items.map(
    ({ name, value, detail }) =>
      html`<div><dt>${name}</dt><dd>${value}</dd>${detail === undefined ? null : html`<dd class="detail">${detail}</dd>`}</div>`,
  )}</dl>`

/** Set apart: a condition under which the numbers mean something else, or a warning. */
export const note = (content: HtmlContent): Html => html`<aside class="note" role="note">${content}</aside>`

/** The whole file. */
export function page({ title, summary, sections, footer }: PageOptions): string {
  const contents = sections.map((one, index) => html`<li><a href="#section-${index + 1}">${one.title}</a></li>`)
  const bodies = sections.map(
    (one, index) =>
      html`<section id="section-${index + 1}" aria-labelledby="title-${index + 1}"><h2 id="title-${index + 1}">${one.title}</h2>
${one.content}</section>
`,
  )
  return markupOf(html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title}</title>
<style>${pageStyle}</style>
</head>
<body>
<header><h1>${title}</h1><div class="summary">${summary}</div></header>
${sections.length < 2 ? null : html`<nav aria-label="Contents"><ol>${contents}</ol></nav>`}
<main>
${bodies}</main>
${footer === undefined ? null : html`<footer>${footer}</footer>`}
</body>
</html>
`)
}
