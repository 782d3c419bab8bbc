import type { AppContext } from '#lib/app/app.ts'
import { topicName } from '#lib/market/topics.ts'
import type { Producer } from '#lib/stream/log.ts'
import { createRunnerMetrics } from '#lib/stream/runtime/runner-metrics.ts'
import { createSinkRunner, type PartitionSink, type SinkRunner } from '#lib/stream/sink/sink-runner.ts'
import { objectiveMillis, type settings } from './config.ts'
import { type NotifyOutcome, notifyOutcomes } from './delivery/alert-sink.ts'
import type { ReadAlertOptions } from './delivery/incoming-alert.ts'
import type { Intents } from './delivery/intents.ts'

/** The largest record of a dead letter: any broker takes that much. */
const maxRecordBytes = 1_000_000

/** What every sink of alerts is made with, wherever it tells of them. */
export type SinkBasis = ReadAlertOptions & Readonly<{ onSeen(latencyMillis: number): void; onOutcome(outcome: NotifyOutcome): void }>

export type AlertRunnerOptions = Readonly<{
  producer: Producer
  /** What was told before, wherever it was. */
  intents: readonly Pick<Intents, 'load'>[]
  /** Called for each partition that is assigned. */
  createSink(basis: SinkBasis): PartitionSink
  /** How often a sink is asked for its progress while nothing comes. */
  idleMillis?: number
}>

/** Reads the alerts for a sink, and counts what became of them. */
export function createAlertRunner(context: AppContext<typeof settings>, options: AlertRunnerOptions): SinkRunner {
  const { prefix, log, codec, clock, logger, metrics, health } = context
  const { producer, intents, createSink, idleMillis } = options
  const seen = metrics.latency('listing_to_alert', 'From the collector holding the answer to the alert read here.', { objectiveMillis })
  const outcomes = metrics.counter(
    'notifications_total',
    'Alerts, by what became of them.',
    ['outcome'],
    notifyOutcomes.map((outcome) => ({ outcome })),
  )
  const basis: SinkBasis = {
    codec,
    producer,
    deadLetters: topicName(prefix, 'dead-letters'),
    maxRecordBytes,
    onSeen: seen.record,
    onOutcome(outcome) {
      outcomes(1, { outcome })
      if (outcome === 'unknown') logger.warn('an alert may or may not have been told before: it is not told again')
      if (outcome === 'failed') logger.error('an alert was refused where it was to be told: see topic notifications')
    },
  }
  return createSinkRunner({
    name: 'notifier',
    log,
    clock,
    logger,
    group: `${prefix}notifier`,
    topics: [topicName(prefix, 'alerts')],
    ...(idleMillis === undefined ? {} : { idleMillis }),
    async open() {
      // Whoever had the partition before may have told of its alerts.
      await Promise.all(intents.map((each) => each.load()))
      return createSink(basis)
    },
    metrics: createRunnerMetrics(metrics),
    health,
  })
}
