import type { Clock } from '#lib/clock/clock.ts'
import type { Codec } from '#lib/codec/codec.ts'
import { controlRecord } from '#lib/decisions/controls.ts'
import { sendDecisions } from '#lib/decisions/promote.ts'
import { RetryableError } from '#lib/errors/errors.ts'
import { initialMoneyState, type MoneyState, moneyWatchSettings, nextMoneyState, stateAsWritten } from '#lib/learning/money-watch.ts'
import { isPromotion, moneyEvidenceEvent, payloadOf } from '#lib/market/event.ts'
import type { MoneyBook, RuleDay } from '#lib/outcomes/money-book.ts'
import { backoffMillis } from '#lib/stream/backoff.ts'
import type { Log } from '#lib/stream/log.ts'
import type { Control, MarketEvent, MoneyEvidence, Source } from '#schemas/types.ts'

/** What rules earned, day by day, into market.events; and their posts paused and resumed by it. */
export interface MoneyPublisher {
  /** Takes note of the market's clock, and of evidence that is written already. `writtenAt`: when the record was written. */
  observe(event: MarketEvent, writtenAt: number): void
  /** What people told of a rule: resumed by them, it begins to count anew; paused by them, it stays so until they say otherwise. */
  heard(control: Control, writtenAt: number): void
  /** From now on, days that are over are written. Until then the past is only being read again. */
  begin(): void
  /** Resolves after `stop`; rejects when writing fails for good. */
  readonly finished: Promise<void>
  stop(): void
}

export type MoneyPublisherOptions = Readonly<{
  log: Log
  codec: Codec
  prefix: string
  clock: Clock
  book: MoneyBook
  onTrouble?: (problem: string | null) => void
}>

const lookMillis = 5_000
const keyOf = ({ rule, day }: Pick<MoneyEvidence, 'rule' | 'day'>): string => `${day} ${rule}`

/**
 * What is written is a function of the log, and what was written stays: each start folds the evidence in the log, and adds the days that
 * are missing. What people tell stands in another topic, which keeps the newest word alone: which came first is said by when it was written.
 * The control goes first: killed between the two, the same day says the same again, under the same key and time.
 */
export function createMoneyPublisher({ log, codec, prefix, clock, book, onTrouble }: MoneyPublisherOptions): MoneyPublisher {
  const written = new Set<string>()
  const states = new Map<string, MoneyState>()
  const stopping = new AbortController()
  const begun = Promise.withResolvers<void>()
  const producer = log.producer()
  let market: { clock: number; source: Source } | null = null
  /** The moment of the oldest live event that the log still has. */
  let logFrom = Number.POSITIVE_INFINITY
  let champion: string | null = null

  /** Resumed by people, and not counted from yet: by rule, when it was written. */
  const resumed = new Map<string, number>()
  const pausedByPeople = new Set<string>()
  /** When the newest evidence of a rule was written. */
  const newest = new Map<string, number>()

  /** @param writtenAt of the evidence: what people told later does not matter to it */
  const next = (evidence: RuleDay, writtenAt = Number.POSITIVE_INFINITY) => {
    const { rule } = evidence
    const resumedAt = resumed.get(rule)
    const isAnew = resumedAt !== undefined && resumedAt < writtenAt && resumedAt > (newest.get(rule) ?? Number.NEGATIVE_INFINITY)
    if (isAnew) resumed.delete(rule)
    return nextMoneyState((isAnew ? undefined : states.get(rule)) ?? initialMoneyState, evidence, moneyWatchSettings)
  }

  const write = async (ruleDay: RuleDay, at: { clock: number; source: Source }): Promise<void> => {
    const { state, decision } = next(ruleDay)
    const evidence: MoneyEvidence = { ...ruleDay, modelId: champion, vetoes: state.name === 'paused' }
    if (decision !== null && !pausedByPeople.has(ruleDay.rule)) {
      const { kind, reason } = decision
      const control = { kind, subject: ruleDay.rule, by: 'ledger', reason, at: Date.parse(ruleDay.day) }
      await producer.send([controlRecord(codec, prefix, control)])
    }
    await sendDecisions({ log, codec, prefix }, [moneyEvidenceEvent(evidence, { observedAt: at.clock, origin: 'live', source: at.source })])
    written.add(keyOf(evidence))
    states.set(evidence.rule, state)
  }

  const work = async (): Promise<void> => {
    await begun.promise
    for (let failures = 0; !stopping.signal.aborted; ) {
      try {
        if (market !== null)
          for (const day of book.daysBefore(market.clock, logFrom))
            if (!written.has(keyOf(day)) && !stopping.signal.aborted) await write(day, market)
        if (failures > 0) onTrouble?.(null)
        failures = 0
      } catch (error) {
        if (!(error instanceof RetryableError)) throw error
        onTrouble?.(error.message)
        failures++
      }
      await clock.sleep(failures === 0 ? lookMillis : backoffMillis(failures, clock), stopping.signal).catch(() => {})
    }
  }

  return {
    observe(event, writtenAt) {
      market = { clock: Math.max(market?.clock ?? 0, event.observedAt), source: event.source }
      if (event.origin === 'live') logFrom = Math.min(logFrom, event.observedAt)
      const payload = payloadOf(event)
      if (isPromotion(payload)) champion = payload.value.modelId
      if (payload.kind !== 'MoneyEvidence') return
      const { value } = payload
      // Also our own, which comes back: it counts once.
      if (!written.has(keyOf(value))) states.set(value.rule, stateAsWritten(next(value, writtenAt).state, value))
      written.add(keyOf(value))
      newest.set(value.rule, writtenAt)
    },
    heard({ kind, subject, by }, writtenAt) {
      if (by === 'ledger' || subject === null || (kind !== 'pause_rule' && kind !== 'resume_rule')) return
      if (kind === 'resume_rule') {
        pausedByPeople.delete(subject)
        resumed.set(subject, writtenAt)
      } else pausedByPeople.add(subject)
    },
    begin: () => begun.resolve(),
    finished: work().finally(() => producer.close()),
    stop() {
      stopping.abort(new Error('stopping'))
      begun.resolve()
    },
  }
}
