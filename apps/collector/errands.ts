import { dayMillis, minuteMillis } from '#lib/clock/durations.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { decideExchangeRate, decideLeaderboard } from './processor.ts'
import type { TaskContext } from './task-context.ts'
import { decideAsk, decideSweep, nextToCheck, postponeAsk } from './tracked-asks.ts'

/** What is asked beside the news: now and then, one request at a time. */

/** As the marketplace spells them. */
const classNames = ['Aquatic', 'Beast', 'Bird', 'Bug', 'Dawn', 'Dusk', 'Mech', 'Plant', 'Reptile']

/** Exchange rate and leaderboard, when they are due by the market's clock; at the first call always, to learn what time it is. */
export function createReferencesTask({ marketplace, committer, collecting, marketTime }: TaskContext): () => Promise<void> {
  let isFirst = true
  let hasLeaderboard = true
  const isDue = (last: number | null, everyMillis: number): boolean => last === null || (marketTime() ?? last) - last >= everyMillis
  return async () => {
    if (isFirst || isDue(committer.state().exchangeRateAt, minuteMillis)) {
      const rate = await marketplace.exchangeRate()
      await committer.commit((state) => decideExchangeRate(state, rate, collecting))
      isFirst = false
    }
    if (!hasLeaderboard || !isDue(committer.state().leaderboardAt, dayMillis)) return
    const snapshot = await marketplace.leaderboard()
    if (snapshot === null) hasLeaderboard = false
    else await committer.commit((state) => decideLeaderboard(state, snapshot, collecting))
  }
}

/** The cheapest of one class after the other. */
export function createSweepTask({ marketplace, committer, collecting, paging }: TaskContext): () => Promise<void> {
  let turns = 0
  return async () => {
    const page = await marketplace.cheapestListings(classNames[turns % classNames.length]!, { from: 0, size: paging.size })
    turns++
    await committer.commit((state) => decideSweep(state, page, collecting))
  }
}

/** One tracked ask after the other: is it still there? */
export function createAskTask({ marketplace, committer, collecting, marketTime }: TaskContext): () => Promise<void> {
  return async () => {
    const asked = nextToCheck(committer.state().trackedAsks)
    if (asked === null) return
    try {
      const answer = await marketplace.axie(asked.tokenId)
      await committer.commit((state) => decideAsk(state, asked, answer, collecting))
    } catch (error) {
      // Its offer has become one that nobody can read: that was told once, as a reject of a page.
      if (!(error instanceof RejectedError)) throw error
      await committer.commit((state) => postponeAsk(state, asked, marketTime() ?? asked.seenAt))
    }
  }
}
