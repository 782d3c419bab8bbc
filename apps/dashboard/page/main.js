import { connect, setToken } from './connection.js'
import { byId, setText } from './dom.js'
import { clockTime, dateTime } from './format.js'
import { createHealthView } from './health.js'
import { createLookup } from './lookup.js'
import { startTheme } from './theme.js'
import { startViews } from './view-tabs.js'
import { views } from './views.js'

let status = null
let pictureOrigin = null
let link = 'connecting'
const redraws = []

const page = {
  status: () => status,
  pictureOrigin: () => pictureOrigin,
  redrawn: (draw) => redraws.push(draw),
  lookup: createLookup({ pictureOrigin: () => pictureOrigin }),
}
const showHealth = createHealthView()
const { tell } = startViews(views, page)
startTheme(() => {
  for (const redraw of redraws) redraw()
})

const linkTexts = { connecting: 'connecting', lost: 'not connected', refused: 'token wanted' }
const conditionTexts = { away: 'Kafka away', starting: 'starting', training: 'training', behind: 'behind', quiet: 'quiet', live: 'live' }

/** What is broken or not yet so, in words, until it no longer is. */
function trouble() {
  if (link === 'lost') return 'The dashboard’s server does not answer. What you see is as it was; this page tries again by itself.'
  if (status === null || link !== 'live') return ''
  const { condition, broker, marketTime } = status
  if (condition.state === 'away')
    return `Kafka does not answer since ${clockTime(broker.since)} (${broker.problem}). What you see is as it was then; the page goes on by itself once Kafka is back.`
  // Before the first event the empty page says it all; a market that rests is nobody's trouble.
  return condition.state === 'quiet' || (status.caughtUp && marketTime === null) ? '' : condition.detail
}

/** Only a pipeline that prices, and is not behind, is shown as live. */
function showLink() {
  const state = link === 'live' ? (status?.condition.state ?? 'connecting') : link
  const shown = byId('link')
  shown.dataset.state = state
  shown.dataset.connected = link === 'live' ? 'yes' : 'no'
  shown.title = link === 'live' ? (status?.condition.detail ?? '') : ''
  setText(byId('link-text'), linkTexts[state] ?? conditionTexts[state])
  const text = trouble()
  const banner = byId('banner')
  banner.hidden = text === ''
  banner.dataset.grave = state === 'lost' || state === 'away' ? 'yes' : 'no'
  setText(banner, text)
}

function showStatus(next) {
  status = next
  const stamp = status.simulated ? `SIMULATED · ${status.source}` : ''
  byId('stamp').hidden = stamp === ''
  setText(byId('stamp'), stamp)
  document.title = status.simulated ? 'SIMULATED · flipstream' : 'flipstream'
  setText(byId('market-time'), status.marketTime === null ? 'no time yet' : dateTime(status.marketTime))
  showHealth(status)
  showLink()
}

function onEvent(name, data) {
  if (name === 'snapshot') pictureOrigin = data.pictureOrigin
  if (name === 'snapshot' || name === 'status') showStatus(name === 'status' ? data : data.status)
  tell(name, data)
}

const gate = byId('gate')
function start() {
  connect({
    onEvent,
    onState(state) {
      link = state
      showLink()
      if (state === 'refused' && !gate.open) gate.showModal()
    },
  })
}
byId('gate-form').addEventListener('submit', () => {
  setToken(byId('token').value)
  byId('token').value = ''
  start()
})
start()
