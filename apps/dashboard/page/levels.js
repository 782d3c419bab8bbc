import uPlot from '/plot/uPlot.esm.js'
import { byId, h, setText } from './dom.js'
import { count, dateTime, signedPercent, titleCase, usd } from './format.js'
import { robustRange } from './robust-range.js'
import { timePlotOptions } from './time-plot.js'

const height = 320
const dayMillis = 86_400_000

/** Market level by class over time: lines on a logarithmic axis, figures in a table below. */
export function createLevels() {
  const holder = byId('levels-plot')
  const toggles = byId('levels-toggles')
  const hidden = new Set()
  let classes = []
  let samples = []
  let plot = null
  let axisRange = robustRange([])

  /** The range of what is shown now. */
  const measure = () => {
    const values = names().flatMap((name, index) => (hidden.has(name) ? [] : data()[index + 1]))
    axisRange = robustRange(values)
    const { beyond, lowest, highest } = axisRange
    const text = `The axis leaves out ${count(beyond)} ${beyond === 1 ? 'value' : 'values'} far from the rest (${usd(lowest)} to ${usd(highest)} in all).`
    setText(byId('levels-cut'), beyond === 0 ? '' : text)
  }

  /** What a canvas can draw with: a property of its own is not resolved for light or dark before it colours something. */
  const style = (name) => {
    holder.style.color = `var(${name})`
    const { color } = getComputedStyle(holder)
    holder.style.color = ''
    return color
  }
  const colorOf = (name) => style(`--${name}`)
  const names = () => ['market', ...classes]
  const data = () => [
    samples.map(({ at }) => at / 1_000),
    samples.map(({ market }) => market),
    ...classes.map((_, number) => samples.map((sample) => sample.classes[number])),
  ]

  const build = () => {
    plot?.destroy()
    plot = null
    const enough = samples.length > 1
    measure()
    byId('levels-empty').hidden = enough
    holder.hidden = !enough
    if (!enough) return
    plot = new uPlot(
      {
        ...timePlotOptions({ width: holder.clientWidth, height, style, formatValue: (value) => usd(value).replace(/\.00$/, '') }),
        // From the lowest to the highest, not to the next powers of ten; what is far beyond the rest is cut off, and said.
        scales: { y: { distr: 3, log: 10, range: () => [axisRange.low, axisRange.high] } },
        series: [
          {},
          ...names().map((name) => ({
            label: name,
            stroke: colorOf(name),
            width: name === 'market' ? 2.5 : 1.4,
            spanGaps: true,
            points: { show: false },
            show: !hidden.has(name),
          })),
        ],
      },
      data(),
      holder,
    )
  }
  const table = () => {
    const last = samples.at(-1)
    const before = samples.findLast(({ at }) => last !== undefined && at <= last.at - dayMillis)
    const value = (sample, index) => (sample === undefined ? null : index === 0 ? sample.market : sample.classes[index - 1])
    const change = (index) => {
      const [now, then] = [value(last, index), value(before, index)]
      return now === null || then === null ? '–' : signedPercent(now / then - 1)
    }
    byId('levels-table').replaceChildren(
      h('caption', { class: 'unseen' }, 'Price level now, and against a day ago'),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('th', { scope: 'col' }, 'Class'),
          h('th', { scope: 'col', class: 'number' }, 'level'),
          h('th', { scope: 'col', class: 'number' }, 'a day'),
        ),
      ),
      h(
        'tbody',
        {},
        ...names().map((name, index) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, titleCase(name)),
            h('td', { class: 'number' }, usd(value(last, index))),
            h('td', { class: 'number' }, change(index)),
          ),
        ),
      ),
    )
  }
  const toggle = (name) => {
    const button = h(
      'button',
      { type: 'button', class: 'toggle', 'aria-pressed': 'true' },
      h('i', { class: 'dot', 'data-class': name, 'aria-hidden': 'true' }),
      titleCase(name),
    )
    button.addEventListener('click', () => {
      if (!hidden.delete(name)) hidden.add(name)
      button.setAttribute('aria-pressed', String(!hidden.has(name)))
      measure()
      plot?.setSeries(names().indexOf(name) + 1, { show: !hidden.has(name) })
    })
    return button
  }

  new ResizeObserver(() => holder.clientWidth > 0 && plot?.setSize({ width: Math.max(200, holder.clientWidth), height })).observe(holder)
  return {
    /** Colours are those of the theme: drawn anew when that changes. */
    redraw: build,
    replace(levels) {
      if (classes.length === 0) toggles.append(...['market', ...levels.classes].map(toggle))
      classes = levels.classes
      samples = [...levels.samples]
      build()
      table()
    },
    /** The level now: the last sample moves with it, and stays when its hour is over. */
    now(sample, maxSamples, simulated) {
      if (sample === null || classes.length === 0) return
      const last = samples.at(-1)
      const sameHour =
        last !== undefined && Math.floor(last.at / 3_600_000) === Math.floor(sample.at / 3_600_000) && last.at % 3_600_000 !== 0
      samples = [...(sameHour ? samples.slice(0, -1) : samples), sample].slice(-maxSamples)
      if (plot === null) build()
      else {
        measure()
        plot.setData(data())
      }
      table()
      setText(byId('levels-aside'), `${simulated ? 'SIMULATED · ' : ''}mean of the middle half of 24 h of sales, to ${dateTime(sample.at)}`)
    },
  }
}
