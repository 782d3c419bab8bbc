import { createAlerts } from './alerts.js'
import { drawCalibration, drawOutcomes } from './calibration.js'
import { byId, setText } from './dom.js'
import { count } from './format.js'
import { createLevels } from './levels.js'
import { createListings } from './listings.js'

const maxLevels = 505

/** What happens now: alerts to act on, the newest listings, where the market stands, whether the forecasts hold. */
export const now = {
  id: 'now',
  title: 'Now',
  create(_root, page) {
    const listings = createListings({ onLookup: page.lookup })
    const alerts = createAlerts({
      onLookup: page.lookup,
      pictureOrigin: page.pictureOrigin,
      marketTime: () => page.status()?.marketTime ?? null,
    })
    const levels = createLevels()
    page.redrawn(levels.redraw)

    const status = (next) => {
      const stamp = next.simulated ? 'SIMULATED · ' : ''
      setText(byId('listings-aside'), `${stamp}newest 60 of ${count(next.counts.scored)}`)
      setText(byId('alerts-aside'), `${stamp}${count(next.counts.alerts)} so far`)
      drawCalibration(next.calibration, next.simulated)
      drawOutcomes(next.outcomes)
      levels.now(next.levelNow, maxLevels, next.simulated)
      alerts.tick()
    }
    return {
      status,
      shown: levels.redraw,
      snapshot(all) {
        levels.replace(all.levels)
        status(all.status)
        listings.replace(all.listings)
        alerts.replace(all.alerts)
        listings.classes(all.levels.classes)
      },
      listings: listings.add,
      alerts: alerts.add,
      outcomes: alerts.settle,
    }
  },
}
