import { plot as observablePlot, type PlotOptions } from '@observablehq/plot'
import { parseHTML } from 'linkedom'
import { type Html, type HtmlContent, html } from './html.ts'

/** Colour of the nth series, from 1 to 6, right in light and dark: for `stroke` and `fill`. */
export const series = (number: 1 | 2 | 3 | 4 | 5 | 6): string => `var(--series-${number})`

/** Pixels. The narrow drawing is for phones, where a shrunken wide one could not be read. */
const widths = { 'wide-screen': 760, narrow: 360 }

const defaults = (width: number): PlotOptions => ({
  height: Math.round(width * 0.45),
  marginLeft: 52,
  marginBottom: 40,
  style: { fontSize: '12px' },
})

/**
 * An Observable Plot as SVG in the page, drawn once for wide screens and once for phones.
 * @param description what the drawing shows, in a sentence, for those who cannot see it
 * @param options as of Plot.plot (marks from '@observablehq/plot'), or a function of the width. Without `width`, and without legends
 * or titles: those are the figure's.
 */
export function plot(description: string, options: PlotOptions | ((width: number) => PlotOptions)): Html {
  const drawings = Object.entries(widths).map(([name, width]) => {
    const { document } = parseHTML('<!doctype html><html><body></body></html>')
    const given = typeof options === 'function' ? options(width) : options
    const drawn = observablePlot({ ...defaults(width), ...given, width, document, ariaLabel: description })
    if (drawn.tagName.toLowerCase() !== 'svg')
      throw new TypeError('a plot with a title or a legend is more than a drawing: give them to figure')
    drawn.setAttribute('class', `${drawn.getAttribute('class') ?? ''} plot ${name}`)
    drawn.setAttribute('role', 'img')
    return { markup: String(drawn) }
  })
  return html`${drawings}`
}

export type FigureOptions = Readonly<{
  title: string
  /** How to read it, the sample, what is not in it. */
  caption: HtmlContent
  drawing: Html
  /** In the order of the drawing: what a colour stands for. A dashed line says `dashed`. */
  legend?: readonly Readonly<{ name: string; color: string; dashed?: boolean }>[]
}>

export function figure({ title, caption, drawing, legend = [] }: FigureOptions): Html {
  const key = legend.map(
    ({ name, color, dashed }) =>
      html`<li><svg width="22" height="8" aria-hidden="true"><line x1="0" y1="4" x2="22" y2="4" stroke="${color}" stroke-width="3"${
        dashed === true ? html` stroke-dasharray="5 3"` : null
      }/></svg>${name}</li>`,
  )
  return html`<figure><figcaption><b>${title}.</b> ${caption}</figcaption>${key.length === 0 ? null : html`<ul class="legend">${key}</ul>`}${drawing}</figure>`
}
