import { ask } from './ask.js'
import { h, setText } from './dom.js'
import { count, dateTime, percent, signedUsd, tame, usd } from './format.js'
import { gainClass, numberCell, scrollTable } from './table.js'

const maxShown = 50

const columns = [
  ['Axie', ''],
  ['Account', 'extra'],
  ['Bought', 'extra'],
  ['Cost', 'number'],
  ['Worth', 'number'],
  ['Likely half', 'number extra'],
  ['Ask', 'number'],
  ['Leaves', 'number extra'],
  ['Demand', 'number'],
]

/** What was really bought and is not sold yet: what it is worth now, and what to ask for it. */
export function createPositions({ lookup }) {
  const aside = h('p', { class: 'aside' })
  const body = h('div')
  const note = h(
    'p',
    { class: 'note' },
    'Worth: the forecast’s median now. Ask: 2% below the median of the last similar sales, else (*) of the forecast. Leaves: sold at that, after fee and cost. Demand: the chance that another one alike sells at that price or more within 24 hours.',
  )
  const element = h(
    'section',
    { class: 'panel', 'aria-labelledby': 'positions-title' },
    h('header', {}, h('h2', { id: 'positions-title' }, 'Open positions'), aside),
    body,
    note,
  )
  return {
    element,
    async refresh() {
      const { answer, problem } = await ask(`/api/positions?status=open&limit=${maxShown}`)
      if (problem !== undefined) return body.replaceChildren(h('p', { class: 'empty' }, tame(problem.detail, 400)))
      const { total, openCostUsd, positions, simulated } = answer
      setText(aside, `${simulated ? 'SIMULATED · ' : ''}${count(total)} open, ${usd(openCostUsd)} paid`)
      note.hidden = total === 0
      body.replaceChildren(total === 0 ? nothing() : positionsTable(positions, lookup))
    },
  }
}

const nothing = () =>
  h(
    'p',
    { class: 'empty' },
    'Nobody has said that they bought anything. Press Bought under an alert in Discord, use /bought, or POST /api/positions.',
  )

const positionsTable = (positions, lookup) =>
  scrollTable({ label: 'Open positions', kind: 'held', head: columns, rows: positions.map((position) => rowOf(position, lookup)) })

function rowOf({ axieId, class: axieClass, account, boughtAt, boughtUsd, now }, lookup) {
  const leaves = now?.leavesUsd ?? null
  return h(
    'tr',
    {},
    h(
      'th',
      { scope: 'row' },
      h('i', { class: 'dot', 'data-class': axieClass, 'aria-hidden': 'true' }),
      h('button', { type: 'button', class: 'axie', onclick: () => lookup(axieId) }, `#${tame(axieId, 20)}`),
    ),
    h('td', { class: 'extra' }, tame(account, 40)),
    h('td', { class: 'time extra' }, dateTime(boughtAt)),
    numberCell(usd(boughtUsd)),
    numberCell(usd(now?.forecastUsd.q50)),
    numberCell(now === null ? '–' : `${usd(now.forecastUsd.q25)} to ${usd(now.forecastUsd.q75)}`, 'label extra'),
    numberCell(now === null ? '–' : `${usd(now.suggestedAskUsd)}${now.suggestedFrom === 'forecast' ? ' *' : ''}`),
    numberCell(signedUsd(leaves), `extra ${gainClass(leaves)}`),
    numberCell(percent(now?.demand?.h24)),
  )
}
