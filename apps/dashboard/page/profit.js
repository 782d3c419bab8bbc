import { ask } from './ask.js'
import { h, setText } from './dom.js'
import { count, date, signedUsd, tame, usd } from './format.js'
import { gainClass, numberCell, scrollTable } from './table.js'

/** What each rule's alerts came to by day, had all been bought, beside as many purchases at random, and beside what was really bought. */
export function createProfit() {
  const aside = h('p', { class: 'aside' })
  const body = h('div')
  const element = h(
    'section',
    { class: 'panel', 'aria-labelledby': 'profit-title' },
    h('header', {}, h('h2', { id: 'profit-title' }, 'Profit by day and rule'), aside),
    body,
    h(
      'p',
      { class: 'note' },
      'As if every alert had been bought at its ask. Net: what was really sold on, less fee and ask; what was not sold on yet counts neither as gain nor as loss, and its asks stand beside it. At random: what a buyer who picks listings blindly got a purchase, times as many purchases. Really bought: what people said that they bought that day by this rule’s alerts.',
    ),
  )
  return {
    element,
    stamp: (simulated) => setText(aside, simulated ? 'SIMULATED · UTC, by the market’s clock' : 'UTC, by the market’s clock'),
    async refresh() {
      const { answer, problem } = await ask('/api/profit')
      body.replaceChildren(problem === undefined ? profitTable(answer.rows) : h('p', { class: 'empty' }, tame(problem.detail, 400)))
    },
  }
}

const columns = [
  ['Day', ''],
  ['Rule', ''],
  ['Alerts', 'number'],
  ['Sold on', 'number extra'],
  ['Gained', 'number extra'],
  ['Net', 'number'],
  ['Unsold, at ask', 'number extra'],
  ['At random', 'number'],
  ['Better by', 'number'],
  ['Really bought', 'number extra'],
  ['Real net', 'number extra'],
]

function profitTable(rows) {
  if (rows.length === 0) return h('p', { class: 'empty' }, 'No alert yet, so nothing to gain or lose.')
  return scrollTable({
    label: 'Profit by day and rule',
    kind: 'profit',
    head: columns,
    rows: rows.map(profitRow),
    foot: rows.length === 1 ? null : h('tfoot', {}, totalRow(rows)),
  })
}

const signed = (value) => numberCell(signedUsd(value), gainClass(value))

const profitRow = ({ day, rule, alerts, real, randomSameCountUsd }) =>
  h(
    'tr',
    {},
    h('th', { scope: 'row' }, date(day)),
    h('td', {}, rule === '' ? 'no alert' : tame(rule, 40)),
    ...figures(alerts, randomSameCountUsd),
    ...realFigures(real),
  )

/** What people said that they bought, and what that left. */
const realFigures = ({ purchases, resold, netUsd }) => [
  numberCell(purchases === 0 ? '–' : `${count(purchases)}, ${count(resold)} sold`, 'label extra'),
  numberCell(resold === 0 ? '–' : signedUsd(netUsd), resold === 0 ? 'extra' : `${gainClass(netUsd)} extra`),
]

function figures({ purchases, resold, gained, netUsd, unsoldUsd }, randomUsd) {
  return [
    numberCell(count(purchases)),
    numberCell(count(resold), 'extra'),
    numberCell(resold === 0 ? '–' : `${count(gained)} of ${count(resold)}`, 'extra'),
    signed(resold === 0 ? null : netUsd),
    numberCell(usd(unsoldUsd), 'label extra'),
    numberCell(signedUsd(randomUsd), 'label'),
    signed(resold === 0 || randomUsd === null ? null : netUsd - randomUsd),
  ]
}

function totalRow(rows) {
  const sum = (read) => rows.reduce((total, row) => total + read(row), 0)
  const names = ['purchases', 'resold', 'gained', 'netUsd', 'unsoldUsd']
  const totals = (kind) => Object.fromEntries(names.map((name) => [name, sum((row) => row[kind][name])]))
  const known = rows.every(({ alerts, randomSameCountUsd }) => alerts.purchases === 0 || randomSameCountUsd !== null)
  const random = known ? sum(({ randomSameCountUsd }) => randomSameCountUsd ?? 0) : null
  return h('tr', {}, h('th', { scope: 'row', colspan: '2' }, 'All'), ...figures(totals('alerts'), random), ...realFigures(totals('real')))
}
