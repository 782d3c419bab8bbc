import { attributeWords } from './attributes.js'
import { byId, h, setText } from './dom.js'
import { evidenceList } from './evidence.js'
import { clockTime, date, dateTime, eth, percent, signedPercent, signedUsd, span, tame, titleCase, usd } from './format.js'
import { priceBar } from './interval-bar.js'
import { marketLink } from './market-link.js'
import { picture } from './picture.js'
import { whyDetails } from './why.js'

const maxCards = 24
const announceMillis = 10_000

/** Alerts as cards, newest first, with their proof, and with what became of them once that is known. */
export function createAlerts({ onLookup, pictureOrigin, marketTime }) {
  const list = byId('alert-cards')
  let alerts = []
  let announcedAt = Number.NEGATIVE_INFINITY

  const draw = (hasArrived) => {
    const known = new Map([...list.children].map((element) => [element.dataset.id, element]))
    list.replaceChildren(
      ...alerts.map((alert) => known.get(alert.alertId) ?? cardOf(alert, { onLookup, origin: pictureOrigin(), hasArrived })),
    )
    byId('alerts-empty').hidden = alerts.length > 0
    tick()
  }
  /** How long ago each was seen, by the market's clock. */
  const tick = () => {
    const now = marketTime()
    for (const element of list.querySelectorAll('[data-seen]'))
      setText(element, now === null ? '' : `${span(now - Number(element.dataset.seen))} ago`)
  }
  /** For those who listen: not more often than one can hear. */
  const announce = ({ listing, netGainUsd }) => {
    if (performance.now() - announcedAt < announceMillis) return
    announcedAt = performance.now()
    const simulated = listing.source === 'live' ? '' : 'Simulated. '
    setText(byId('announcer'), `${simulated}Alert: axie ${listing.axieId} asks ${usd(listing.askUsd)}, net gain ${usd(netGainUsd)}.`)
  }

  return {
    tick,
    /** Newest first. */
    replace(all) {
      alerts = all.slice(0, maxCards)
      list.replaceChildren()
      draw(false)
    },
    /** Oldest first, as they came. */
    add(more) {
      const fresh = new Set(more.map(({ alertId }) => alertId))
      alerts = [...more.toReversed(), ...alerts.filter(({ alertId }) => !fresh.has(alertId))].slice(0, maxCards)
      draw(true)
      announce(more.at(-1))
    },
    settle(outcomes) {
      for (const { alertId, outcome } of outcomes) {
        const card = [...list.children].find((element) => element.dataset.id === alertId)
        card?.querySelector('.outcome').replaceWith(outcomeOf(outcome))
      }
    },
  }
}

function cardOf(alert, { onLookup, origin, hasArrived }) {
  const { listing, item } = alert
  const simulated = listing.source !== 'live'
  return h(
    'li',
    { class: hasArrived ? 'card arrived' : 'card', 'data-id': alert.alertId },
    h(
      'article',
      { 'aria-label': `Alert for axie ${listing.axieId}` },
      picture(item, simulated ? null : origin),
      h(
        'div',
        { class: 'head' },
        h(
          'h3',
          {},
          marketLink(
            listing.axieId,
            { class: 'buy', title: 'Open on the marketplace' },
            `#${tame(listing.axieId, 20)}`,
            h('span', { 'aria-hidden': 'true' }, ' ↗'),
            h('span', { class: 'unseen' }, ' on the marketplace'),
          ),
          h('time', { class: 'ago', title: dateTime(listing.observedAt), 'data-seen': listing.observedAt }),
        ),
        nature(listing, item, simulated),
      ),
      h(
        'div',
        { class: 'below' },
        figures(alert),
        priceBar(listing.exit ?? listing.forecastUsd, listing.askUsd),
        outcomeOf(alert.outcome),
        proof(alert, onLookup),
      ),
    ),
  )
}

/** Class, breeds and what sets it apart. */
const nature = (listing, item, simulated) =>
  h(
    'p',
    { class: 'nature' },
    h('i', { class: 'dot', 'data-class': listing.class, 'aria-hidden': 'true' }),
    `${tame(titleCase(listing.class), 20)} · ${listing.breedCount} ${listing.breedCount === 1 ? 'breed' : 'breeds'}`,
    ...attributeWords(item).map((word) => h('span', { class: 'chip' }, word)),
    simulated ? h('span', { class: 'stamp small' }, 'SIMULATED') : null,
  )

const figure = (name, value, note, properties = {}) =>
  h('div', properties, h('dt', {}, name), h('dd', { class: 'value' }, value), h('dd', { class: 'note' }, note))

/** What is decided by: the ask, what it sells for next, how surely, and what that leaves after the fee. */
function figures({ listing, netGainUsd, netGainLowUsd }) {
  const { askUsd, askEth, exit, forecastUsd, demand } = listing
  const { q25, q50, q75 } = exit ?? forecastUsd
  return h(
    'dl',
    { class: 'figures' },
    figure('Asks', usd(askUsd), eth(askEth)),
    figure(exit === null ? 'Worth' : 'Likely exit', usd(q50), `${usd(q25)} to ${usd(q75)}`),
    demand === null ? figure('Demand 24 h', '–', 'not known') : figure('Demand 24 h', percent(demand.h24), `${usd(demand.usd)} or more`),
    figure('Gain at the median', signedUsd(netGainUsd), `${signedUsd(netGainLowUsd)} lower quartile`, {
      class: netGainUsd > 0 ? 'gain up' : 'gain down',
    }),
  )
}

/** Why and why not: what it is made of, and how each rule judged it. */
function proof({ listing, item, evidence, why, rule, reason, netGainUsd, modelTrainedUntil, backend }, onLookup) {
  const { q05, q95 } = listing.forecastUsd
  return h(
    'div',
    { class: 'proof' },
    h(
      'details',
      {},
      h('summary', {}, 'Why'),
      h('p', { class: 'reason' }, tame(reason, 400)),
      evidenceList(item, evidence, why),
      h(
        'p',
        { class: 'note' },
        `gain ${signedPercent(netGainUsd / listing.askUsd)} of the ask at the median · forecast ${usd(listing.forecastUsd.q50)}, 9 of 10 ${usd(q05)} to ${usd(q95)}${listing.mean === null ? '' : `, mean ${usd(listing.mean)}`} · rule ${tame(rule, 40)} · model ${tame(listing.modelId, 40)} on ${tame(backend, 12)}, learnt until ${date(modelTrainedUntil)} · novelty ${percent(listing.novelty)} · listed ${clockTime(listing.listedAt)}, seen ${span(listing.observedAt - listing.listedAt)} later`,
      ),
    ),
    whyDetails('Rules', listing.listingId),
    h('button', { type: 'button', class: 'quiet', onclick: () => onLookup(listing.axieId) }, 'Price now'),
  )
}

/** What became of an alert: sold on and for how much, gone, or not known yet. */
function outcomeOf(outcome) {
  const held = outcome?.heldBack == null ? null : h('span', { class: 'held' }, `not posted, ${tame(outcome.heldBack, 120)} · `)
  const line = (kind, ...text) => h('p', { class: `outcome ${kind}` }, held, ...text)
  if (outcome === null || outcome.status === 'open') return line('open', outcome === null ? '' : 'still on offer')
  if (outcome.status === 'gone') return line('gone', `gone ${dateTime(outcome.goneAt)}`)
  if (outcome.status === 'censored') return line('gone', 'gone, and not seen sold again so far')
  const net = outcome.netUsd
  return line(
    net >= 0 ? 'won' : 'lost',
    `sold on for ${usd(outcome.resoldUsd)} on ${dateTime(outcome.resoldAt)}: `,
    h('b', {}, `${signedUsd(net)} after the fee`),
  )
}
