import { areaY, line, ruleY } from '@observablehq/plot'
import fc from 'fast-check'
import { parseHTML } from 'linkedom'
import { describe, expect, test } from 'vitest'
import { html, markupOf } from './html.ts'
import { note, page, section, tiles } from './page.ts'
import { figure, plot, series } from './plot.ts'
import { table } from './table.ts'

const points = [
  { day: 1, gain: 3 },
  { day: 2, gain: -1 },
  { day: 3, gain: 4 },
]
const drawing = () =>
  plot('Gain by day: up, down, up', {
    marks: [ruleY([0]), areaY(points, { x: 'day', y: 'gain', clip: true }), line(points, { x: 'day', y: 'gain', stroke: series(1) })],
  })

const report = (): string =>
  page({
    title: 'Prices & <people>',
    summary: 'Of three days.',
    sections: [
      section('Gains', tiles([{ name: 'gain', value: '$6', detail: 'n 3' }]), note(html`<p>Of a generated market.</p>`)),
      section(
        'Days',
        figure({ title: 'Gain', caption: 'Three days.', drawing: drawing(), legend: [{ name: 'alerts', color: series(1), dashed: true }] }),
        table({ caption: 'Each day', columns: [{ title: 'day' }, { title: 'gain', kind: 'number' }], rows: [['1', 3]] }),
      ),
    ],
    footer: 'made by a test',
  })

describe('text in a report', () => {
  test('is escaped wherever it stands; markup is not escaped again', () => {
    expect(markupOf(html`<p title="${'"><b>'}">${['a<b', html`<i>${'&'}</i>`, null, 3]}</p>`)).toBe(
      '<p title="&quot;&gt;&lt;b&gt;">a&lt;b<i>&amp;</i>3</p>',
    )
  })

  test('comes out of a browser as it went in, whatever it is', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme-ascii' }), (text) => {
        const { document } = parseHTML(`<html><body>${markupOf(html`<p title="${text}">${text}</p>`)}</body></html>`)
        expect(document.querySelector('p')?.textContent).toBe(text)
        expect(document.querySelector('p')?.getAttribute('title')).toBe(text)
        expect(document.querySelectorAll('*').length).toBe(3)
      }),
    )
  })
})

describe('a report', () => {
  const { document } = parseHTML(report())

  test('is one file: nothing is loaded, nothing runs', () => {
    expect(document.querySelectorAll('script, link, img, iframe').length).toBe(0)
    const references = [...report().matchAll(/(?:href|src)="([^"]*)"|url\(([^)]*)\)|@import/g)].map((match) => match[1] ?? match[2] ?? '')
    expect(references.filter((reference) => !reference.startsWith('#'))).toEqual([])
  })

  test('names its language, its sections and every drawing for those who hear it', () => {
    expect(document.documentElement.getAttribute('lang')).toBe('en')
    expect([...document.querySelectorAll('nav a')].map((link) => document.querySelector(link.getAttribute('href') ?? '')?.tagName)).toEqual(
      ['SECTION', 'SECTION'],
    )
    const drawings = [...document.querySelectorAll('svg.plot')]
    expect(drawings.map((svg) => [svg.getAttribute('role'), svg.getAttribute('aria-label')])).toEqual([
      ['img', 'Gain by day: up, down, up'],
      ['img', 'Gain by day: up, down, up'],
    ])
    expect(document.querySelector('table caption')?.textContent).toBe('Each day')
    expect(document.querySelector('tbody th')?.getAttribute('scope')).toBe('row')
  })

  test('has a drawing for wide screens and one for phones, in colours of the page', () => {
    const widths = [...document.querySelectorAll('svg.plot')].map((svg) => [
      svg.getAttribute('class')?.split(' ').at(-1),
      svg.getAttribute('width'),
    ])
    expect(widths).toEqual([
      ['wide-screen', '760'],
      ['narrow', '360'],
    ])
    expect(report()).toContain('stroke="var(--series-1)"')
  })

  test('refuses a row that does not fit its columns, and a drawing that is more than one', () => {
    expect(() => table({ caption: '', columns: [{ title: 'a' }], rows: [['1', '2']] })).toThrow('expected 1 cells in a row, found 2')
    expect(() => plot('', { title: 'twice', marks: [ruleY([0])] })).toThrow('give them to figure')
  })
})
