import { createAlerts } from './alerts.js'
import { drawCalibration, drawOutcomes } from './calibration.js'
import { connect, setToken } from './connection.js'
import { byId, setText } from './dom.js'
import { clockTime, count, dateTime } from './format.js'
import { createHealthView } from './health.js'
import { createLevels } from './levels.js'
import { createListings } from './listings.js'
import { createLookup } from './lookup.js'
import { startTheme } from './theme.js'

const mostLevels = 505

let status = null
let pictureOrigin = null
let link = 'connecting'

const lookup = createLookup({ pictureOrigin: () => pictureOrigin })
const listings = createListings({ onLookup: lookup })
const alerts = createAlerts({ onLookup: lookup, pictureOrigin: () => pictureOrigin, marketTime: () => status?.marketTime ?? null })
const showHealth = createHealthView()
const levels = createLevels()
startTheme(levels.redraw)

const linkTexts = { connecting: 'connecting', live: 'live', lost: 'not connected', refused: 'token wanted' }

/** What is broken, in words, until it no longer is. */
function brokenText() {
  if (link === 'lost') return 'The dashboard’s server does not answer. What you see is as it was; this page tries again by itself.'
  if (status === null || link !== 'live') return ''
  const { answers, since, problem } = status.broker
  if (!answers)
    return `Kafka does not answer since ${clockTime(since)} (${problem}). What you see is as it was then; the page goes on by itself once Kafka is back.`
  if (!status.caughtUp) return 'Reading what happened so far; prices may still change.'
  return ''
}

function showLink() {
  const isBroken = link === 'live' && status?.broker.answers === false
  byId('link').dataset.state = isBroken ? 'broken' : link
  setText(byId('link-text'), isBroken ? 'Kafka away' : linkTexts[link])
  const text = brokenText()
  byId('banner').hidden = text === ''
  setText(byId('banner'), text)
}

function showStatus(next) {
  status = next
  const stamp = status.simulated ? `SIMULATED · ${status.source}` : ''
  byId('stamp').hidden = stamp === ''
  setText(byId('stamp'), stamp)
  document.title = status.simulated ? 'SIMULATED · flipstream' : 'flipstream'
  setText(byId('market-time'), status.marketTime === null ? 'no time yet' : dateTime(status.marketTime))
  setText(byId('listings-aside'), `${status.simulated ? 'SIMULATED · ' : ''}newest 60 of ${count(status.counts.scored)}`)
  setText(byId('alerts-aside'), `${status.simulated ? 'SIMULATED · ' : ''}${count(status.counts.alerts)} so far`)
  showHealth(status)
  drawCalibration(status.calibration, status.simulated)
  drawOutcomes(status.outcomes)
  levels.now(status.levelNow, mostLevels, status.simulated)
  alerts.tick()
  showLink()
}

const onEvent = {
  snapshot(all) {
    pictureOrigin = all.pictureOrigin
    levels.replace(all.levels)
    showStatus(all.status)
    listings.replace(all.listings)
    alerts.replace(all.alerts)
    if (byId('class-filter').options.length === 1) listings.classes(all.levels.classes)
  },
  status: showStatus,
  listings: listings.add,
  alerts: alerts.add,
  outcomes: alerts.settle,
}

const gate = byId('gate')
function start() {
  connect({
    onEvent: (name, data) => onEvent[name]?.(data),
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
