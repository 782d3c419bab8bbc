import { byId, h, setText } from './dom.js'
import { count, percent, signedUsd, tame, usd } from './format.js'
import { marketLink } from './market-link.js'

const bins = [
  ['below 5%', 0.05],
  ['5 to 25%', 0.2],
  ['25 to 50%', 0.25],
  ['50 to 75%', 0.25],
  ['75 to 95%', 0.2],
  ['above 95%', 0.05],
]
/** Shares are drawn up to this one. */
const fullShare = 0.5

/** Where the prices of sold listings fell within their forecasts, beside where a perfect forecast would have them. */
export function drawCalibration({ all, alerted }, simulated) {
  setText(byId('calibration-aside'), simulated ? 'SIMULATED' : '')
  if (all.sales === 0) {
    const text = 'No listing that we priced has been sold yet. Each that is shows here where its price fell within the forecast.'
    byId('calibration').replaceChildren(h('p', { class: 'empty' }, text))
    return
  }
  byId('calibration').replaceChildren(
    h(
      'p',
      { class: 'lead' },
      h('b', {}, count(all.sales)),
      ' priced listings were sold since this page’s server started; half of the forecasts were within ',
      h('b', {}, percent(all.medianError)),
      ' of the price.',
    ),
    h(
      'table',
      { class: 'plain bins' },
      h('caption', { class: 'unseen' }, 'Share of prices in each part of the forecast'),
      head(),
      h('tbody', {}, ...bins.map((bin, index) => binRow(bin, all, index))),
    ),
    h(
      'p',
      { class: 'note' },
      coverage('Sold', all),
      ' ',
      coverage('Alerted and sold on', alerted),
      ' Only what sold counts, and cheap listings sell sooner, so prices fall low.',
    ),
  )
}

const head = () =>
  h(
    'thead',
    {},
    h(
      'tr',
      {},
      h('th', { scope: 'col' }, 'Price at'),
      h('th', { scope: 'col' }, h('span', { class: 'unseen' }, 'share, drawn')),
      h('th', { scope: 'col', class: 'number' }, 'seen'),
      h('th', { scope: 'col', class: 'number' }, 'due'),
    ),
  )

function binRow([name, due], { sales, bins: counts }, index) {
  const share = counts[index] / sales
  const meter = h('span', { class: 'meter', 'aria-hidden': 'true' }, h('i', { class: 'seen' }), h('i', { class: 'due' }))
  meter.style.setProperty('--seen', `${Math.min(100, (share / fullShare) * 100)}%`)
  meter.style.setProperty('--due', `${(due / fullShare) * 100}%`)
  return h(
    'tr',
    {},
    h('th', { scope: 'row' }, name),
    h('td', { class: 'drawn' }, meter),
    h('td', { class: 'number' }, percent(share)),
    h('td', { class: 'number label' }, percent(due)),
  )
}

function coverage(name, { sales, bins: counts }) {
  if (sales === 0) return `${name}: none yet.`
  const within = (from, to) => percent(counts.slice(from, to).reduce((sum, some) => sum + some, 0) / sales)
  return `${name} (${count(sales)}): 25–75% holds ${within(2, 4)} (due 50%), 5–95% holds ${within(1, 5)} (due 90%).`
}

/** What became of the alerts, beside a buyer who picks listings at random (without that, no gain says anything) and what the rules rejected. */
export function drawOutcomes({ alerts, random, rejected, missed }) {
  if (alerts.followed + random.followed + rejected.followed === 0) return byId('outcomes').replaceChildren()
  const row = (name, read) =>
    h(
      'tr',
      {},
      h('th', { scope: 'row', class: 'wraps' }, name),
      ...[alerts, random, rejected].map((tally) => h('td', { class: 'number' }, read(tally))),
    )
  byId('outcomes').replaceChildren(
    h(
      'table',
      { class: 'plain' },
      h('caption', {}, 'What became of them'),
      h(
        'thead',
        {},
        h(
          'tr',
          {},
          h('td'),
          h('th', { scope: 'col', class: 'number' }, 'alerts'),
          h('th', { scope: 'col', class: 'number' }, 'random buyer'),
          h('th', { scope: 'col', class: 'number' }, 'rejected'),
        ),
      ),
      h(
        'tbody',
        {},
        row('followed', ({ followed }) => count(followed)),
        row('still there after 10 s', ({ after10s }) => percent(after10s)),
        row('still there after 60 s', ({ after60s }) => percent(after60s)),
        row('sold on so far', ({ soldOn }) => count(soldOn)),
        row('of these with a gain', ({ gained }) => percent(gained)),
        row('median after fee and ask', ({ medianNetUsd }) => signedUsd(medianNetUsd)),
      ),
    ),
    ...missedLines(missed),
  )
}

/** Why candidates were no alerts, what that spared or cost, and the best of what was missed. */
function missedLines({ reasons, winners }) {
  if (reasons.length === 0) return []
  const cells = (...values) => values.map((value) => h('td', { class: 'number' }, count(value)))
  const columns = ['because', 'all', 'gained', 'lost']
  return [
    h(
      'table',
      { class: 'plain', id: 'missed' },
      h('caption', {}, 'What the rules rejected, and what came of it where it was sold on'),
      h('thead', {}, h('tr', {}, ...columns.map((name, index) => h('th', { scope: 'col', class: index > 0 && 'number' }, name)))),
      h(
        'tbody',
        {},
        ...reasons.map((one) =>
          h('tr', {}, h('th', { scope: 'row', class: 'wraps' }, one.reason), ...cells(one.count, one.gained, one.lost)),
        ),
      ),
    ),
    ...winners.map(({ axieId, reason, askUsd, netUsd }) =>
      h(
        'p',
        { class: 'note' },
        'Missed ',
        h('b', {}, signedUsd(netUsd)),
        ': axie ',
        marketLink(axieId, {}, `#${tame(axieId, 20)}`),
        ` at ${usd(askUsd)}, ${reason}.`,
      ),
    ),
  ]
}
