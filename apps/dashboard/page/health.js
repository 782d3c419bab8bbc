import { byId, h, setText } from './dom.js'
import { count, dateTime, milliseconds, span, tame } from './format.js'

/** Above these a figure is marked: something is slow, or stands. */
const lateMillis = 1_000
const behindSeconds = 5

const none = { text: '–', note: 'nothing measured yet' }

const latency = (summary) =>
  summary === null
    ? none
    : {
        text: milliseconds(summary.p50),
        note: `p99 ${milliseconds(summary.p99)} · ${count(summary.n)} seen`,
        warns: summary.p99 > lateMillis,
      }

function worstLag(stages) {
  const worst = stages.filter(({ started }) => started).reduce((most, stage) => (stage.records > (most?.records ?? 0) ? stage : most), null)
  if (worst === null) return { text: '0', note: 'every stage is at the newest record' }
  const seconds = span(worst.seconds * 1_000)
  return {
    text: `${worst.atLeast ? '≥ ' : ''}${count(worst.records)}`,
    note: `${worst.app}, ${seconds} behind`,
    warns: worst.seconds > behindSeconds,
  }
}

function modelOf(model) {
  if (model === null) return { text: '–', note: 'no model has priced yet' }
  const age = model.ageMillis === null ? '' : `learnt until ${span(model.ageMillis)} ago · `
  return { text: tame(model.id, 40), note: `${age}${tame(model.backend, 12)}`, isLong: true }
}

/** Where something needs a look: a stage far behind or slow. */
const isLate = (summary) => summary !== null && summary.p99 > lateMillis

/** All of it in one line: what is marked is worth opening it for. */
function healthLine({ listingsPerSecond, counts, listingToScoredMs, listingToAlertMs, stages, model, rules, spent }) {
  const waiting = worstLag(stages)
  const part = (text, warns = false) => h('span', { class: warns ? 'part warns' : 'part' }, text)
  return [
    part(`${listingsPerSecond.toFixed(1)} listings/s`),
    part(`priced in ${speed(listingToScoredMs)}`, isLate(listingToScoredMs)),
    part(`alerted in ${speed(listingToAlertMs)}`, isLate(listingToAlertMs)),
    part(waiting.text === '0' ? 'nothing waits' : `${waiting.text} wait (${waiting.note})`, waiting.warns),
    part(counts.deadLetters === 1 ? '1 dead letter' : `${count(counts.deadLetters)} dead letters`, counts.deadLetters > 0),
    part(model === null ? 'no model yet' : `model ${tame(model.id, 40)}`, model === null),
    ...spent.map(({ share, until }) =>
      part(`${share === null ? 'marketplace key' : `${tame(share, 20)}’s share of the key`} spent until ${dateTime(until)}`, true),
    ),
    part(`rules ${tame(rules.name ?? rules.hash, 40)}`),
  ]
}
const speed = (summary) => (summary === null ? '–' : milliseconds(summary.p50))

function drawRules({ name, hash, rules }) {
  const lines = (rules ?? []).map((rule) => h('li', {}, h('b', {}, tame(rule.name, 40)), `: ${tame(rule.words, 400)}`))
  byId('rules').replaceChildren(
    h('h3', {}, `Rules in force: ${tame(name ?? 'not read yet', 80)} `, h('span', { class: 'note' }, tame(hash, 12))),
    h('ol', { class: 'rules' }, ...lines),
  )
}

const tiles = [
  [
    'Listings',
    ({ listingsPerSecond, counts }) => ({
      text: `${listingsPerSecond.toFixed(1)}/s`,
      note: `${count(counts.scored)} seen · ${count(counts.alerts)} alerts`,
    }),
  ],
  ['Listing → priced', ({ listingToScoredMs }) => latency(listingToScoredMs)],
  ['Listing → alert', ({ listingToAlertMs }) => latency(listingToAlertMs)],
  ['Waiting', ({ stages }) => worstLag(stages)],
  [
    'Dead letters',
    ({ counts, deadLettersByCode }) => ({
      text: count(counts.deadLetters),
      note:
        Object.keys(deadLettersByCode)
          .slice(0, 2)
          .map((code) => tame(code, 30))
          .join(', ') || 'none',
    }),
  ],
  ['Model', ({ model }) => modelOf(model)],
]

export function createHealthView() {
  const shown = tiles.map(([name, read]) => {
    const value = h('dd', { class: 'value' }, '–')
    const note = h('dd', { class: 'note' }, '')
    const tile = h('div', { class: 'tile' }, h('dt', {}, name), value, note)
    byId('tiles').append(tile)
    return { tile, value, note, read }
  })
  const table = byId('stages')
  table.append(h('caption', { class: 'unseen' }, 'How far each stage is behind the newest record of its input'))
  table.append(
    h(
      'thead',
      {},
      h(
        'tr',
        {},
        ...['Stage', 'reads', 'records waiting', 'behind'].map((name, index) =>
          h('th', { scope: 'col', class: index > 1 ? 'number' : null }, name),
        ),
      ),
    ),
  )
  const body = h('tbody')
  table.append(body)

  return (status) => {
    byId('health-line').replaceChildren(...healthLine(status))
    drawRules(status.rules)
    for (const { tile, value, note, read } of shown) {
      const { text, note: below, warns = false, isLong = false } = read(status)
      setText(value, text)
      setText(note, below)
      tile.classList.toggle('warns', warns)
      tile.classList.toggle('long', isLong)
    }
    body.replaceChildren(...status.stages.map(stageRow))
    const letters = Object.entries(status.deadLettersByCode).map(([code, times]) => `${tame(code, 40)} ${count(times)}`)
    setText(byId('dead-letters'), letters.length === 0 ? '' : `Dead letters by reason: ${letters.join(' · ')}`)
  }
}

const stageRow = ({ app, input, started, records, seconds, atLeast }) =>
  h(
    'tr',
    {},
    h('th', { scope: 'row' }, app),
    h('td', {}, input),
    h('td', { class: 'number' }, started ? `${atLeast ? '≥ ' : ''}${count(records)}` : 'not started'),
    h('td', { class: `number ${seconds > behindSeconds ? 'warns' : ''}` }, started ? (records === 0 ? '–' : span(seconds * 1_000)) : ''),
  )
