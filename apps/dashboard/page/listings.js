import { byId, h, setText } from './dom.js'
import { clockTime, signedUsd, tame, titleCase, usd } from './format.js'
import { intervalBar } from './interval-bar.js'

const maxRows = 60

/** The newest listings, at most `maxRows` of them in memory and on the page, whatever comes. */
export function createListings({ onLookup }) {
  const body = byId('listing-rows')
  const filter = byId('class-filter')
  const pause = byId('pause')
  /** Not on the page yet, and come since it was opened. */
  const arrived = new Set()
  let rows = []
  let paused = false
  let waiting = 0
  let asked = false

  const visible = () => rows.filter((row) => filter.value === '' || row.class === filter.value)

  const draw = () => {
    asked = false
    const wanted = visible()
    const known = new Map([...body.children].map((element) => [element.dataset.id, element]))
    body.replaceChildren(...wanted.map((row) => known.get(row.listingId) ?? rowOf(row, onLookup, arrived.has(row.listingId))))
    arrived.clear()
    byId('listings-empty').hidden = wanted.length > 0
    setText(
      byId('listings-empty'),
      rows.length > 0 ? 'No listing of this class among the newest.' : 'No listing yet. The first one shows here the moment it is priced.',
    )
  }
  /** Once a frame at most, and not at all while nobody looks. */
  const drawSoon = () => {
    if (asked) return
    asked = true
    requestAnimationFrame(draw)
  }
  const showPause = () => {
    pause.setAttribute('aria-pressed', String(paused))
    setText(pause, paused ? `Resume${waiting > 0 ? ` (${waiting} new)` : ''}` : 'Pause')
  }

  filter.addEventListener('change', draw)
  pause.addEventListener('click', () => {
    paused = !paused
    waiting = 0
    showPause()
    if (!paused) drawSoon()
  })

  return {
    /** Newest first. */
    replace(all) {
      rows = all.slice(0, maxRows)
      drawSoon()
    },
    /** Oldest first, as they came. */
    add(more) {
      const fresh = new Set(more.map(({ listingId }) => listingId))
      arrived.clear()
      for (const listingId of fresh) arrived.add(listingId)
      rows = [...more.toReversed(), ...rows.filter(({ listingId }) => !fresh.has(listingId))].slice(0, maxRows)
      if (!paused) return drawSoon()
      waiting += more.length
      showPause()
    },
    classes(names) {
      if (filter.options.length > 1) return
      for (const name of names) filter.append(h('option', { value: name }, titleCase(name)))
    },
  }
}

function rowOf(row, onLookup, hasArrived) {
  const { listingId, axieId, breedCount, askUsd, forecastUsd, netGainUsd, observedAt } = row
  const said = `worth ${usd(forecastUsd.q25)} to ${usd(forecastUsd.q75)}, likely`
  return h(
    'tr',
    { 'data-id': listingId, class: hasArrived ? 'arrived' : null },
    h('td', { class: 'time' }, clockTime(observedAt)),
    h(
      'th',
      { scope: 'row' },
      h('i', { class: 'dot', 'data-class': row.class, 'aria-hidden': 'true' }),
      h('button', { type: 'button', class: 'axie', onclick: () => onLookup(axieId) }, `#${tame(axieId, 20)}`),
      h('span', { class: 'class' }, ` ${tame(titleCase(row.class), 20)}`),
    ),
    h('td', { class: 'breeds' }, String(breedCount)),
    h('td', { class: 'number' }, usd(askUsd)),
    h('td', { class: 'bar' }, intervalBar(forecastUsd, askUsd), h('span', { class: 'unseen' }, said)),
    h('td', { class: 'number worth' }, usd(forecastUsd.q50)),
    h('td', { class: `number gain ${netGainUsd > 0 ? 'up' : 'down'}` }, signedUsd(netGainUsd)),
  )
}
