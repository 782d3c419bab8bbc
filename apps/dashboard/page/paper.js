import { ask } from './ask.js'
import { h, setText, svg } from './dom.js'
import { count, date, dateTime, signedUsd, tame, usd } from './format.js'
import { gainClass, numberCell, scrollTable } from './table.js'

const states = ['resold', 'alike', 'unsold', 'censored', 'offered']

/** Account, figures of what it did, and money: each head with the class of its cells. */
const columns = [
  ['Account', ''],
  ['Since', 'extra'],
  ['Bought', 'number'],
  ['Resold', 'number extra'],
  ['As alike', 'number extra'],
  ['Unsold', 'number extra'],
  ['Censored', 'number extra'],
  ['On offer', 'number extra'],
  ['Gained', 'number extra'],
  ['Gain', 'number'],
  ['At random', 'number extra'],
  ['Money', 'number'],
  ['Over time', 'extra'],
]

/** Paper accounts: one for each rule that alerts, one for the ancestor's, and one that buys at random. Nobody risks money to know. */
export function createPaper() {
  const aside = h('p', { class: 'aside' })
  const body = h('div')
  const days = h('details', { class: 'below', hidden: true }, h('summary', {}, 'By day and account'))
  const daysBody = h('div')
  days.append(daysBody)
  const note = h('p', { class: 'note' })
  const element = h(
    'section',
    { class: 'panel', 'aria-labelledby': 'paper-title' },
    h('header', {}, h('h2', { id: 'paper-title' }, 'Paper accounts'), aside),
    body,
    days,
    note,
  )
  return {
    element,
    async refresh() {
      const { answer, problem } = await ask('/api/paper')
      if (problem !== undefined) return body.replaceChildren(h('p', { class: 'empty' }, tame(problem.detail, 400)))
      const { accounts, simulated, capitalUsd } = answer
      setText(aside, simulated ? 'SIMULATED · nobody risks money' : 'Nobody risks money')
      body.replaceChildren(accounts.length === 0 ? nothing() : accountsTable(accounts))
      days.hidden = answer.days.length === 0
      daysBody.replaceChildren(daysTable(answer.days))
      note.hidden = accounts.length === 0
      setText(note, noteOf(capitalUsd))
    },
  }
}

const nothing = () =>
  h('p', { class: 'empty' }, 'No alert has been bought on paper yet. The first one is, a minute after it was told, if it is still there.')

const noteOf = (capitalUsd) =>
  `Each account began with ${usd(capitalUsd)} and buys what its rule alerts if it is still there after a minute. It asks a little less than its like just sold for, cuts that daily, and sells to real buyers of its like, each once, with a chance of one half. After a day the unsold goes for half of what its like sells for. At random: what the same dollars came to for the random buyer’s account, which has the same money, limits and delay, and no forecast. Over time: the line is money and what is on offer at its cost, the area below it money.`

const table = (label, head, rows) => scrollTable({ label, kind: 'paper', head, rows })

const accountsTable = (accounts) =>
  table(
    'Paper accounts',
    columns,
    accounts.map(({ name, inForce, since, figures, randomUsd, cashUsd, curve }) =>
      h(
        'tr',
        {},
        h('th', { scope: 'row' }, tame(name, 40), inForce ? null : h('span', { class: 'label extra' }, ' not in force')),
        h('td', { class: 'time extra' }, dateTime(since)),
        ...figureCells(figures, randomUsd),
        numberCell(usd(cashUsd)),
        h('td', { class: 'extra' }, curvePicture(curve)),
      ),
    ),
  )

const dayColumns = [['Day', ''], ['Account', ''], ...columns.slice(2, 11), ['Missed', 'extra']]

const daysTable = (days) =>
  table(
    'Paper accounts by day',
    dayColumns,
    days.map(({ day, name, figures, randomUsd }) =>
      h(
        'tr',
        {},
        h('th', { scope: 'row' }, date(day)),
        h('td', {}, tame(name, 40)),
        ...figureCells(figures, randomUsd),
        h('td', { class: 'label extra' }, missedText(figures.missed)),
      ),
    ),
  )

function figureCells({ alerts, bought, gained, gainUsd, ...figures }, randomUsd) {
  const ended = figures.resold + figures.alike + figures.unsold + figures.censored
  return [
    numberCell(`${count(bought)} of ${count(alerts)}`),
    ...states.map((state) => numberCell(count(figures[state]), 'extra')),
    numberCell(ended === 0 ? '–' : `${count(gained)} of ${count(ended)}`, 'extra'),
    numberCell(ended === 0 ? '–' : signedUsd(gainUsd), ended === 0 ? '' : gainClass(gainUsd)),
    numberCell(ended === 0 || randomUsd === null ? '–' : signedUsd(randomUsd), 'label extra'),
  ]
}

const missedText = (missed) =>
  Object.entries(missed)
    .map(([reason, times]) => `${count(times)} ${tame(reason, 20)}`)
    .join(', ') || '–'

const [width, height] = [120, 28]

/** Money as an area, and with it what is on offer, at its cost, as a line. The table beside it has the figures. */
function curvePicture(curve) {
  if (curve.length < 2) return '–'
  const [first, last] = [curve[0].at, curve.at(-1).at]
  const totals = curve.map(({ cashUsd, offeredUsd }) => cashUsd + offeredUsd)
  const top = Math.max(...totals)
  const low = Math.min(0, ...totals)
  const x = (at) => ((at - first) / (last - first)) * width
  const y = (value) => height - 1 - ((value - low) / (top - low || 1)) * (height - 2)
  const line = (values) => values.map((value, index) => `${x(curve[index].at).toFixed(1)} ${y(value).toFixed(1)}`).join('L')
  const cash = line(curve.map(({ cashUsd }) => cashUsd))
  return svg(
    'svg',
    { class: 'curve', viewBox: `0 0 ${width} ${height}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svg('path', { class: 'money', d: `M0 ${height}L${cash}L${width} ${height}Z` }),
    svg('path', { class: 'whole', d: `M${line(totals)}` }),
  )
}
