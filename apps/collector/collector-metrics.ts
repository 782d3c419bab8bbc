import type { Clock } from '#lib/clock/clock.ts'
import { payloadOf } from '#lib/market/event.ts'
import type { Budget } from '#lib/marketplace/budget.ts'
import { marketplaceErrorCodes } from '#lib/marketplace/errors.ts'
import type { Reject } from '#lib/marketplace/page.ts'
import type { HttpAnswer } from '#lib/marketplace/transport.ts'
import type { Logger } from '#lib/telemetry/logger.ts'
import type { Metrics } from '#lib/telemetry/metrics.ts'
import type { Decision } from './decision.ts'

export interface CollectorMetrics {
  request(result: string, millis: number): void
  /** A whole look at the newest listings, with every page it took. */
  poll(millis: number): void
  answered(answer: HttpAnswer): void
  /** What this process may still ask of the key. */
  budget(left: ReturnType<Budget['left']>): void
  /** A field that the marketplace refuses. */
  fieldLeftOut(field: string): void
  committed(decision: Decision): void
}

const repeatMillis = 60_000

/** What alerts ask for: there at 0 before the first of each. */
const requestResults = ['ok', ...marketplaceErrorCodes].map((result) => ({ result }))
const liveKinds = ['Listing', 'AskSeen', 'Cancellation', 'Sale', 'ExchangeRate', 'LeaderboardSnapshot'].map((kind) => ({
  kind,
  origin: 'live',
}))

export function createCollectorMetrics(metrics: Metrics, logger: Logger, clock: Clock): CollectorMetrics {
  const requests = metrics.counter('marketplace_requests_total', 'Requests to the marketplace, by result.', ['result'], requestResults)
  const requestLatency = metrics.latency('marketplace_request', 'From the request to the answer in our hands.')
  const pollLatency = metrics.latency('poll', 'A whole look at the newest listings.')
  const lastPoll = metrics.gauge('last_successful_poll_timestamp_seconds', 'When the newest listings were last seen, unix time.')
  const quota = metrics.gauge('marketplace_quota_remaining', "What is left of the key's quota, where the marketplace says so.")
  const budgetLeft = metrics.gauge('marketplace_budget_left_requests', 'What this process may still ask in the window.', ['window'])
  const fieldsLeftOut = metrics.counter('marketplace_fields_left_out_total', 'Fields that the marketplace refuses, by name.', ['field'])
  const marketTime = metrics.gauge('market_time_seconds', "The market's clock at the newest answer, unix time.")
  const events = metrics.counter('events_total', 'Events written, by kind and origin.', ['kind', 'origin'], liveKinds)
  const deadLetters = metrics.counter('dead_letters_total', 'Entries of answers that were refused, by code.', ['code'])
  const rejectLog = createRejectLog(logger, clock)
  return {
    request(result, millis) {
      requests(1, { result })
      requestLatency.record(millis)
    },
    poll(millis) {
      pollLatency.record(millis)
      lastPoll(clock.now() / 1_000)
    },
    answered(answer) {
      marketTime(answer.marketTime / 1_000)
      if (answer.quotaRemaining !== null) quota(answer.quotaRemaining)
    },
    budget({ minute, day }) {
      if (minute !== null) budgetLeft(minute, { window: 'minute' })
      if (day !== null) budgetLeft(day, { window: 'day' })
    },
    fieldLeftOut: (field) => fieldsLeftOut(1, { field }),
    committed({ events: written, rejects }) {
      for (const { event } of written) events(1, { kind: payloadOf(event).kind, origin: event.origin })
      for (const { code } of rejects) deadLetters(1, { code })
      rejectLog(rejects)
    },
  }
}

/** A line for the first of each code; from then on a line a minute with the counts, as long as there are more. */
function createRejectLog(logger: Logger, clock: Clock): (rejects: readonly Reject[]) => void {
  const counts = new Map<string, number>()
  let saidAt = Number.NEGATIVE_INFINITY
  return (rejects) => {
    if (rejects.length === 0) return
    for (const { code, message, tokenId } of rejects) {
      if (!counts.has(code)) logger.warn({ code, tokenId }, `an entry of the marketplace was refused: ${message}`)
      counts.set(code, (counts.get(code) ?? 0) + 1)
    }
    if (clock.monotonic() - saidAt < repeatMillis) return
    saidAt = clock.monotonic()
    logger.warn({ refused: Object.fromEntries(counts) }, 'entries of the marketplace refused so far; see dead-letters')
  }
}
