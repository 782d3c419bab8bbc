import { besideOf } from './beside.js'
import { byId, h, setText } from './dom.js'
import { evidenceList } from './evidence.js'
import { clockTime, date, dateTime, eth, percent, signedPercent, signedUsd, span, tame, titleCase, usd } from './format.js'
import { priceBar } from './interval-bar.js'
import { picture } from './picture.js'

const mostCards = 24
const announceMillis = 10_000

export const marketLink = (axieId) => `https://app.axieinfinity.com/marketplace/axies/${encodeURIComponent(axieId)}/`

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
      alerts = all.slice(0, mostCards)
      list.replaceChildren()
      draw(false)
    },
    /** Oldest first, as they came. */
    add(more) {
      const fresh = new Set(more.map(({ alertId }) => alertId))
      alerts = [...more.toReversed(), ...alerts.filter(({ alertId }) => !fresh.has(alertId))].slice(0, mostCards)
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
  const { listing, item, evidence, why, netGainUsd, netGainLowUsd } = alert
  const { q05, q25, q50, q75, q95 } = listing.forecastUsd
  const simulated = listing.source !== 'live'
  const breeds = `${listing.breedCount} ${listing.breedCount === 1 ? 'breed' : 'breeds'}`
  return h(
    'li',
    { class: hasArrived ? 'card arrived' : 'card', 'data-id': alert.alertId },
    h(
      'article',
      { 'aria-label': `Alert for axie ${listing.axieId}` },
      picture(item, simulated ? null : origin),
      h(
        'div',
        { class: 'main' },
        h(
          'h3',
          {},
          h('button', { type: 'button', class: 'axie', onclick: () => onLookup(listing.axieId) }, `#${tame(listing.axieId, 20)}`),
          h(
            'span',
            { class: 'class' },
            h('i', { class: 'dot', 'data-class': listing.class, 'aria-hidden': 'true' }),
            `${tame(titleCase(listing.class), 20)} · ${breeds}`,
          ),
          simulated ? h('span', { class: 'stamp small' }, 'SIMULATED') : null,
          h('time', { class: 'ago', title: dateTime(listing.observedAt), 'data-seen': listing.observedAt }),
        ),
        h(
          'p',
          { class: 'figures' },
          h(
            'span',
            {},
            h('span', { class: 'label' }, 'asks '),
            h('b', {}, usd(listing.askUsd)),
            h('span', { class: 'label' }, ` ${eth(listing.askEth)}`),
          ),
          h(
            'span',
            {},
            h('span', { class: 'label' }, 'worth '),
            h('b', {}, usd(q50)),
            h('span', { class: 'label' }, ` likely ${usd(q25)} to ${usd(q75)}`),
          ),
          h('span', { class: 'gain up' }, h('b', {}, signedUsd(netGainUsd)), ` ${signedPercent(netGainUsd / listing.askUsd)}`),
        ),
        besideOf(listing),
        priceBar(listing.forecastUsd, listing.askUsd),
        h('p', { class: 'ends' }, h('span', {}, '▏ask'), h('span', {}, `9 of 10: ${usd(q05)} to ${usd(q95)}`)),
        outcomeOf(alert.outcome),
      ),
      h(
        'details',
        {},
        h('summary', {}, 'Proof'),
        h('p', { class: 'reason' }, tame(alert.reason, 400)),
        evidenceList(item, evidence, why),
        h(
          'p',
          { class: 'note' },
          `rule ${tame(alert.rule, 40)} · at the low end ${signedUsd(netGainLowUsd)} · model ${tame(listing.modelId, 40)} on ${tame(alert.backend, 12)}, learnt until ${date(alert.modelTrainedUntil)} · novelty ${percent(listing.novelty)} · listed ${clockTime(listing.listedAt)}, seen ${span(listing.observedAt - listing.listedAt)} later · `,
          h('a', { href: marketLink(listing.axieId), rel: 'noopener noreferrer', target: '_blank' }, 'on the marketplace'),
        ),
      ),
    ),
  )
}

/** What became of an alert: sold on and for how much, gone, or not known yet. */
function outcomeOf(outcome) {
  const line = (kind, ...text) => h('p', { class: `outcome ${kind}` }, ...text)
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
