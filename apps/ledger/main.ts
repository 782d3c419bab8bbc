import { defineApp } from '#lib/app/app.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { marketFeeRatio } from '#lib/market/fee.ts'
import { topicName } from '#lib/market/topics.ts'
import { createAxieHistories } from '#lib/outcomes/axie-histories.ts'
import { createMoneyBook } from '#lib/outcomes/money-book.ts'
import { createOutcomeBook } from '#lib/outcomes/outcome-book.ts'
import { classicAccount, createPaperBook, type PaperBook } from '#lib/paper/paper-book.ts'
import { randomPickOf } from '#lib/paper/random-pick.ts'
import type { LogRecord } from '#lib/stream/log.ts'
import { isMeantFor } from '#lib/stream/redriven.ts'
import type { Metrics } from '#lib/telemetry/metrics.ts'
import type { Outcome, PaperTrade, RecordTypes } from '#schemas/types.ts'
import { settings } from './config.ts'
import { createMoneyPublisher } from './money-publisher.ts'
import { createOutcomePublisher } from './outcome-publisher.ts'
import { createPaperPublisher } from './paper-publisher.ts'

const caughtUp = 'caught up with market.events, controls, alerts, alerts.paper, candidates.rejected, alerts.feedback and notifications'

export const app = defineApp({
  name: 'ledger',
  summary: 'says what became of every alert, and what each rule earned, also on paper; pauses the posts of a rule that loses',
  settings,
  usesStore: false,
  async start({ config, prefix, log, codec, clock, logger, metrics, health }) {
    await codec.prepare(['Outcome', 'PaperTrade', 'MarketEvent', 'Control'])
    health.expect(caughtUp)
    const histories = createAxieHistories()
    const book = createOutcomeBook({ feeRatio: marketFeeRatio, drawOneIn: config.RANDOM_BUYER_ONE_IN, histories })
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
    const paperBook = createPaperBook(histories)
    const paper = createPaperPublisher({
      ...{ log, codec, prefix, clock, book: paperBook, onUnreadable: countUnreadable },
      onWritten: paperMetrics(metrics, paperBook),
      onTrouble: (problem) => health.set('writing paper trades', problem === null, problem ?? 'ok'),
    })
    await paper.load()
    const revise = (outcomes: readonly Outcome[]) => {
      publisher.revise(outcomes)
      moneyBook.note(outcomes)
    }

    const reading =
      <Name extends 'MarketEvent' | 'Alert' | 'RejectedCandidate' | 'AlertFeedback' | 'Control' | 'Notification'>(
        name: Name,
        take: (value: RecordTypes[Name], writtenAt: number) => Outcome[],
      ) =>
      async (records: readonly LogRecord[]) => {
        for (const { value, topic, partition, offset, headers, timestamp } of records) {
          try {
            if (value !== null && isMeantFor('ledger', headers)) revise(take(await codec.decode(name, value), timestamp))
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
        reading('MarketEvent', (event, writtenAt) => {
          money.observe(event, writtenAt)
          const outcomes = book.observe(event)
          paperBook.observe(event)
          const drawn = randomPickOf(event, outcomes)
          if (drawn !== null) paperBook.picked(drawn)
          return outcomes
        }),
      ),
      log.follow(
        [topicName(prefix, 'controls')],
        reading('Control', (control, writtenAt) => {
          money.heard(control, writtenAt)
          return []
        }),
      ),
      log.follow(
        [topicName(prefix, 'alerts')],
        reading('Alert', (alert) => {
          paperBook.alerted(alert)
          return book.alerted(alert)
        }),
      ),
      log.follow(
        [topicName(prefix, 'alerts.paper')],
        reading('Alert', (alert) => {
          paperBook.alerted(alert, classicAccount)
          return []
        }),
      ),
      log.follow([topicName(prefix, 'candidates.rejected')], reading('RejectedCandidate', book.rejected)),
      log.follow(
        [topicName(prefix, 'alerts.feedback')],
        reading('AlertFeedback', ({ alertId, kind, isOpinion }) => (kind === 'bought' && isOpinion !== true ? book.bought(alertId) : [])),
      ),
      log.follow(
        [topicName(prefix, 'notifications')],
        reading('Notification', ({ alertId, status, detail }) => (status === 'limited' ? book.heldBack(alertId, detail ?? 'a limit') : [])),
      ),
    ])
    Promise.all(followers.map((follower) => follower.caughtUp)).then(
      () => {
        publisher.begin()
        money.begin()
        paper.begin()
        health.set(caughtUp, true)
      },
      () => {}, // Stopped before, or failed: `finished` says so.
    )
    const ended = Promise.all([publisher.finished, money.finished, paper.finished, ...followers.map((follower) => follower.finished)]).then(
      () => {},
    )
    ended.catch(() => {})
    return {
      finished: ended,
      async stop() {
        await Promise.all(followers.map((follower) => follower.stop()))
        publisher.stop()
        money.stop()
        paper.stop()
        await Promise.all([publisher.finished, money.finished, paper.finished])
      },
    }
  },
})

/** Trades by what became of them; what each account has in money and on offer. */
function paperMetrics(metrics: Metrics, book: PaperBook): (trades: readonly PaperTrade[]) => void {
  const count = metrics.counter('paper_trades_total', 'Paper trades by what was decided of them.', ['account', 'state'])
  const gain = metrics.gauge('paper_gain_dollars', 'What the ended trades of a paper account left since it was started.', ['account'])
  const cash = metrics.gauge('paper_cash_dollars', 'Money of a paper account; what is on offer is not in it.', ['account'])
  const offered = metrics.gauge('paper_positions', 'What a paper account has on offer.', ['account'])
  return (trades) => {
    for (const { account, state } of trades) count(1, { account, state })
    for (const [account, { cashUsd, gainUsd, open }] of book.accounts()) {
      cash(cashUsd, { account })
      gain(gainUsd, { account })
      offered(open.size, { account })
    }
  }
}
