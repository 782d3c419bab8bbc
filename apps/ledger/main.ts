import { defineApp } from '#lib/app/app.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { marketFeeRatio } from '#lib/market/fee.ts'
import { topicName } from '#lib/market/topics.ts'
import { createMoneyBook } from '#lib/outcomes/money-book.ts'
import { createOutcomeBook } from '#lib/outcomes/outcome-book.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import { isMeantFor } from '#lib/stream/redriven.ts'
import type { Outcome, RecordTypes } from '#schemas/types.ts'
import { settings } from './config.ts'
import { createMoneyPublisher } from './money-publisher.ts'
import { createOutcomePublisher } from './outcome-publisher.ts'

const caughtUp = 'caught up with market.events, alerts, candidates.rejected and alerts.feedback'

export const app = defineApp({
  name: 'ledger',
  summary: 'says what became of every alert, and what each rule earned; pauses the posts of a rule that loses',
  settings,
  usesStore: false,
  async start({ config, prefix, log, codec, clock, logger, metrics, health }) {
    await codec.prepare(['Outcome', 'MarketEvent', 'Control'])
    health.expect(caughtUp)
    const book = createOutcomeBook({ feeRatio: marketFeeRatio, drawOneIn: config.RANDOM_BUYER_ONE_IN })
    const countPublished = metrics.counter('outcomes_published_total', 'Outcomes written: new ones and revisions.')
    const countUnreadable = metrics.counter('outcomes_unreadable_total', 'Records that could not be decoded, and were passed over.')
    const sizes = metrics.gauge('outcomes_remembered', 'What the ledger holds in memory.', ['what'])
    const publisher = createOutcomePublisher({
      log,
      codec,
      prefix,
      clock,
      onUnreadable: countUnreadable,
      onPublished(count) {
        countPublished(count)
        for (const [what, size] of Object.entries(book.size())) sizes(size, { what })
      },
      onTrouble(problem) {
        health.set('writing outcomes', problem === null, problem ?? 'ok')
        if (problem !== null) logger.warn({ problem }, 'outcomes cannot be written; trying again')
      },
    })
    await publisher.load()
    const moneyBook = createMoneyBook()
    const money = createMoneyPublisher({
      ...{ log, codec, prefix, clock, book: moneyBook },
      onTrouble: (problem) => health.set('writing evidence', problem === null, problem ?? 'ok'),
    })
    const revise = (outcomes: readonly Outcome[]) => {
      publisher.revise(outcomes)
      moneyBook.note(outcomes)
    }

    const reading =
      <Name extends 'MarketEvent' | 'Alert' | 'RejectedCandidate' | 'AlertFeedback'>(
        name: Name,
        take: (value: RecordTypes[Name]) => Outcome[],
      ) =>
      async (records: readonly LogRecord[]) => {
        for (const { value, topic, partition, offset, headers } of records) {
          try {
            if (value !== null && isMeantFor('ledger', headers)) revise(take(await codec.decode(name, value)))
          } catch (error) {
            if (!(error instanceof RejectedError)) throw error
            countUnreadable()
            logger.warn({ topic, partition, offset, problem: error.message }, 'passed over a record that cannot be read')
          }
        }
      }
    const followers = await Promise.all([
      log.follow(
        [topicName(prefix, 'market.events')],
        reading('MarketEvent', (event) => {
          money.observe(event)
          return book.observe(event)
        }),
      ),
      log.follow([topicName(prefix, 'alerts')], reading('Alert', book.alerted)),
      log.follow([topicName(prefix, 'candidates.rejected')], reading('RejectedCandidate', book.rejected)),
      log.follow(
        [topicName(prefix, 'alerts.feedback')],
        reading('AlertFeedback', ({ alertId, kind, isOpinion }) => (kind === 'bought' && isOpinion !== true ? book.bought(alertId) : [])),
      ),
    ])
    Promise.all(followers.map((follower) => follower.caughtUp)).then(
      () => {
        publisher.begin()
        money.begin()
        health.set(caughtUp, true)
      },
      () => {}, // Stopped before, or failed: `finished` says so.
    )
    const ended = Promise.all([publisher.finished, money.finished, ...followers.map((follower) => follower.finished)]).then(() => {})
    ended.catch(() => {})
    return {
      finished: ended,
      async stop() {
        await Promise.all(followers.map((follower) => follower.stop()))
        publisher.stop()
        money.stop()
        await Promise.all([publisher.finished, money.finished])
      },
    }
  },
})
