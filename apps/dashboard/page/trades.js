import { ask } from './ask.js'
import { axieIdOf } from './axie-id.js'
import { authorized } from './connection.js'
import { h, setText } from './dom.js'
import { count, dateTime, signedUsd, tame, titleCase, usd } from './format.js'
import { gainClass, numberCell } from './table.js'

const pageSize = 50
const typingMillis = 250

const kinds = { alert: 'alerts', random: 'random buyer', rejected: 'rejected' }
const states = { open: 'on offer', gone: 'gone', resold: 'sold on', censored: 'not seen again' }

/** Head, key to sort by (null: none), class of its cells. */
const columns = [
  ['Seen', 'at', 'extra'],
  ['Axie', 'class', ''],
  ['What', null, 'extra'],
  ['Rule', 'rule', 'extra'],
  ['Asks', 'ask', 'number'],
  ['Forecast', null, 'number extra'],
  ['Expected', null, 'number extra'],
  ['State', 'state', ''],
  ['Sold for', null, 'number extra'],
  ['Gain', 'gain', 'number'],
]

const option = (value, text) => h('option', { value }, text)
const choice = (name, label, options) => h('label', {}, label, ' ', h('select', { name }, option('', 'all'), ...options))

/** The table of alerts, random purchases and rejected candidates: narrowed, sorted and paged by the API, which takes the same words. */
export function createTrades({ lookup }) {
  const form = filterForm()
  const aside = h('p', { class: 'aside', 'aria-live': 'polite' })
  const body = h('tbody')
  const heads = columns.map(([name, key, kind]) => headOf(name, key, kind, (wanted) => sortBy(wanted)))
  const empty = h('p', { class: 'empty', hidden: true })
  const [before, after] = ['Newer', 'Older'].map(() => h('button', { type: 'button' }))
  const place = h('span', { class: 'label' })
  let [sort, offset, turn, total] = ['-at', 0, 0, 0]

  const filters = () => {
    const wanted = new URLSearchParams()
    for (const [name, value] of new FormData(form))
      if (value.trim() !== '') wanted.set(name, name === 'q' ? (axieIdOf(value) ?? value.trim()) : value)
    wanted.set('sort', sort)
    return wanted
  }
  const refresh = async () => {
    const mine = ++turn
    const { answer, problem } = await ask(`/api/trades?${filters()}&limit=${pageSize}&offset=${offset}`)
    // A later question has been asked since.
    if (mine !== turn) return
    total = answer?.total ?? 0
    body.replaceChildren(...(answer?.trades ?? []).map((trade) => rowOf(trade, lookup)))
    empty.hidden = total > 0
    setText(empty, problem === undefined ? 'Nothing here that matches.' : tame(problem.detail, 400))
    setText(aside, `${answer?.simulated ? 'SIMULATED · ' : ''}${count(total)} ${total === 1 ? 'row' : 'rows'}`)
    showPlace()
  }
  const showPlace = () => {
    before.disabled = offset === 0
    after.disabled = offset + pageSize >= total
    setText(place, total === 0 ? '' : `${count(offset + 1)} to ${count(Math.min(total, offset + pageSize))} of ${count(total)}`)
  }
  const again = () => {
    offset = 0
    refresh()
  }
  const sortBy = (key) => {
    sort = sort === `-${key}` ? key : `-${key}`
    for (const head of heads) showSort(head, sort)
    again()
  }
  const turnBy = (pages) => () => {
    offset = Math.max(0, offset + pages * pageSize)
    refresh()
  }

  let typing
  form.addEventListener('input', () => {
    clearTimeout(typing)
    typing = setTimeout(again, typingMillis)
  })
  form.addEventListener('reset', () => setTimeout(again))
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    again()
  })
  form.querySelector('[name=csv]').addEventListener('click', () => download(filters()))
  setText(before, 'Back')
  setText(after, 'Next')
  before.addEventListener('click', turnBy(-1))
  after.addEventListener('click', turnBy(1))
  for (const head of heads) showSort(head, sort)

  const element = h(
    'section',
    { class: 'panel', 'aria-labelledby': 'trades-title' },
    h('header', {}, h('h2', { id: 'trades-title' }, 'Alerts and what became of them'), aside),
    form,
    h(
      'div',
      { class: 'scroll tall', tabindex: '0', role: 'region', 'aria-labelledby': 'trades-title' },
      h('table', { class: 'plain trades' }, h('thead', {}, h('tr', {}, ...heads)), body),
      empty,
    ),
    h('nav', { class: 'pager', 'aria-label': 'Pages' }, before, place, after),
  )
  return {
    element,
    refresh,
    classes: (names) => addOptions(form.elements.class, names, titleCase),
    rules: (names) => addOptions(form.elements.rule, names, (name) => tame(name, 40)),
  }
}

const filterForm = () =>
  h(
    'form',
    { class: 'filters' },
    h(
      'label',
      { class: 'search' },
      h('span', { class: 'unseen' }, 'Search'),
      h('input', { name: 'q', type: 'search', maxlength: '300', placeholder: 'Axie, class, rule, state' }),
    ),
    choice(
      'kind',
      'What',
      Object.entries(kinds).map(([value, text]) => option(value, text)),
    ),
    choice('rule', 'Rule', []),
    choice('class', 'Class', []),
    choice(
      'state',
      'State',
      Object.entries(states).map(([value, text]) => option(value, text)),
    ),
    h('label', {}, 'From ', h('input', { name: 'from', type: 'date' })),
    h('label', {}, 'To ', h('input', { name: 'to', type: 'date' })),
    h('label', {}, 'Gain from $ ', h('input', { name: 'minGain', type: 'number', step: 'any', class: 'short' })),
    h('label', {}, 'to $ ', h('input', { name: 'maxGain', type: 'number', step: 'any', class: 'short' })),
    h('button', { type: 'reset', class: 'quiet' }, 'Clear'),
    h('button', { type: 'button', name: 'csv' }, 'CSV'),
  )

function headOf(name, key, kind, onSort) {
  if (key === null) return h('th', { scope: 'col', class: kind }, name)
  const button = h(
    'button',
    { type: 'button', class: 'sort', onclick: () => onSort(key) },
    name,
    h('span', { class: 'arrow', 'aria-hidden': 'true' }),
  )
  return h('th', { scope: 'col', class: kind, 'data-key': key }, button)
}

function showSort(head, sort) {
  const { key } = head.dataset
  if (key === undefined) return
  const isSorted = sort.replace('-', '') === key
  const descending = sort.startsWith('-')
  head.setAttribute('aria-sort', isSorted ? (descending ? 'descending' : 'ascending') : 'none')
  setText(head.querySelector('.arrow'), isSorted ? (descending ? ' ↓' : ' ↑') : '')
}

function addOptions(select, names, textOf) {
  const known = new Set([...select.options].map(({ value }) => value))
  for (const name of names) if (!known.has(name)) select.append(option(name, textOf(name)))
}

function rowOf(trade, lookup) {
  const { axieId, class: axieClass, at, rule, askUsd, forecastUsd, expectedUsd, state, resoldUsd, netUsd, heldBack } = trade
  return h(
    'tr',
    { 'data-id': trade.tradeId },
    h('td', { class: 'time extra' }, dateTime(at)),
    h(
      'th',
      { scope: 'row' },
      h('i', { class: 'dot', 'data-class': axieClass, 'aria-hidden': 'true' }),
      h('button', { type: 'button', class: 'axie', onclick: () => lookup(axieId) }, `#${tame(axieId, 20)}`),
      axieClass === null ? null : h('span', { class: 'class label' }, ` ${tame(titleCase(axieClass), 20)}`),
    ),
    h('td', { class: 'extra' }, whatText(trade)),
    h('td', { class: 'extra' }, rule === null ? '–' : tame(rule, 40)),
    numberCell(usd(askUsd)),
    numberCell(usd(forecastUsd), 'extra'),
    numberCell(signedUsd(expectedUsd), 'label extra'),
    h('td', {}, states[state] ?? state, heldBack === null ? null : h('span', { class: 'label' }, ' · held back')),
    numberCell(usd(resoldUsd), 'extra'),
    numberCell(signedUsd(netUsd), gainClass(netUsd)),
  )
}

/** Whose purchase it was or would have been; of an alert, whether it was bought or a limit held it back; of a rejected one, why. */
function whatText({ kind, reason, bought, heldBack }) {
  if (kind === 'rejected') return `rejected: ${tame(reason ?? '', 60)}`
  if (kind !== 'alert') return kinds[kind] ?? kind
  return ['alert', bought ? 'bought' : null, heldBack === null ? null : `not posted: ${tame(heldBack, 120)}`].filter(Boolean).join(', ')
}

/** By fetch, which can send the token: a link cannot. */
async function download(filters) {
  const response = await fetch(`/api/trades.csv?${filters}`, { headers: authorized() })
  if (!response.ok) return
  const address = URL.createObjectURL(await response.blob())
  h('a', { href: address, download: 'flipstream-trades.csv' }).click()
  URL.revokeObjectURL(address)
}
