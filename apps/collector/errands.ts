import { dayMillis, minuteMillis } from '#lib/clock/durations.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import type { AskCriteria } from '#lib/marketplace/contract.ts'
import { MarketplaceError, type MarketplaceErrorCode } from '#lib/marketplace/errors.ts'
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

/** Whose cheapest are looked at, in turn: each class, and each collection that the marketplace can be asked for. */
const sweeps: readonly AskCriteria[] = [
  ...classNames.map((name) => ({ classes: [name] })),
  { title: ['Origin'] },
  { title: ['MEO Corp', 'MEO Corp II'] },
  ...(['numMystic', 'numJapan', 'numXmas', 'numSummer'] as const).map((count) => ({ [count]: [1, 2, 3, 4, 5, 6] })),
]

/** One after the other. Criteria that the marketplace does not understand are not asked for again: what is known of these is what is met. */
export function createSweepTask({ marketplace, committer, collecting, paging, metrics, logger }: TaskContext): () => Promise<void> {
  let turns = 0
  let asked = sweeps
  return async () => {
    const criteria = asked[turns % asked.length]!
    try {
      const page = await marketplace.cheapestListings(criteria, { from: 0, size: paging.size })
      turns++
      await committer.commit((state) => decideSweep(state, page, collecting))
    } catch (error) {
      if (!(error instanceof MarketplaceError) || error.code !== 'refused' || criteria.classes !== undefined) throw error
      asked = asked.filter((other) => other !== criteria)
      const field = `AxieSearchCriteria.${Object.keys(criteria)[0]}`
      metrics.fieldLeftOut(field)
      logger.error(
        { field, problem: error.message },
        'the marketplace no longer knows a criterion that we ask by: it is left out from now on',
      )
    }
  }
}

/** An answer came, and said nothing of the axie. */
const tellsNothing: ReadonlySet<MarketplaceErrorCode> = new Set(['graphql_error', 'unexpected_shape'])

/** One tracked ask after the other: is it still there? */
export function createAskTask({ marketplace, committer, collecting, marketTime }: TaskContext): () => Promise<void> {
  return async () => {
    const asked = nextToCheck(committer.state().trackedAsks)
    if (asked === null) return
    try {
      const answer = await marketplace.axie(asked.tokenId)
      await committer.commit((state) => decideAsk(state, asked, answer, collecting))
    } catch (error) {
      const isItsOwn = error instanceof RejectedError
      // An axie that the marketplace never gets together must not hold up the others.
      if (!isItsOwn && !(error instanceof MarketplaceError && tellsNothing.has(error.code))) throw error
      await committer.commit((state) => postponeAsk(state, asked, marketTime() ?? asked.seenAt))
      // Its offer has become one that nobody can read: that was told once, as a reject of a page.
      if (!isItsOwn) throw error
    }
  }
}
