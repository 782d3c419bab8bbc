/**
 * One stage of the kill tests, as a process of its own: node kill-worker.ts '<KillWorkerOptions as JSON>'. Not for production.
 * Tells its parent, by IPC, what the test waits for; ends when the parent does.
 */
import { fileURLToPath } from 'node:url'
import { systemClock } from '#lib/clock/clock.ts'
import { createKafkajsLog } from '#lib/stream/kafkajs/kafkajs-log.ts'
import type { Log } from '#lib/stream/log.ts'
import type { Processor } from '#lib/stream/processor.ts'
import { createRunner } from '#lib/stream/runtime/runner.ts'
import { noRunnerMetrics } from '#lib/stream/runtime/runner-metrics.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import { createWindowProcessor, type WindowEvent } from './window-processor.ts'

export type KillWorkerOptions = Readonly<{
  brokers: readonly string[]
  name: string
  prefix: string
  input: string
  output: string
  /** `relay` passes events on as they are, `window` is the stateful processor of window-processor.ts. */
  stage: 'relay' | 'window'
  sessionTimeoutMillis: number
  /** The transaction that holds this event stops, after everything but its commit is done, until the parent says `go on`. */
  holdAt?: string
}>

export type KillWorkerMessage = 'started' | 'holding' | 'fenced'

const tell = (message: KillWorkerMessage) => process.send?.(message)

const relay = (topic: string): Processor<WindowEvent, WindowEvent, null> => ({
  initial: () => null,
  process: (batch) => batch.map(({ value }) => ({ type: 'emit', outputs: [{ topic, key: value.key, value }] })),
})

/** A log whose producers stop once, right before a commit that holds the event: the worst moment to be frozen or killed. */
function holdingLog(log: Log, event: string): Log {
  let isPaused = false
  return {
    ...log,
    transactionalProducer(id) {
      const producer = log.transactionalProducer(id)
      return {
        ...producer,
        commitTransaction: (transaction) =>
          producer.commitTransaction({
            ...transaction,
            async beforeCommit() {
              await transaction.beforeCommit?.()
              if (isPaused || !transaction.records.some(({ value }) => value !== null && JSON.parse(String(value)).id === event)) return
              isPaused = true
              const released = new Promise((resolve) => process.once('message', resolve))
              tell('holding')
              await released
            },
          }),
      }
    },
  }
}

async function main(options: KillWorkerOptions): Promise<void> {
  const { brokers, name, prefix, input, output, stage, sessionTimeoutMillis, holdAt } = options
  const logger = createLogger(name, 'error')
  const kafka = createKafkajsLog({ brokers, clientId: `${prefix}${name}`, logger, sessionTimeoutMillis })
  const processor = (stage === 'relay' ? relay(output) : createWindowProcessor(output)) as Processor<WindowEvent, unknown, unknown>
  const runner = createRunner<WindowEvent, unknown, unknown>({
    name,
    log: holdAt === undefined ? kafka : holdingLog(kafka, holdAt),
    clock: systemClock,
    logger,
    group: `${prefix}${stage}`,
    input: { topic: input, decode: (bytes) => JSON.parse(String(bytes)) },
    processor,
    encode: ({ value }) => Buffer.from(JSON.stringify(value)),
    deadLetters: `${prefix}dead-letters`,
    guarantee: 'exactly_once',
    maxRecordsPerTransaction: 100,
    ...(stage === 'window' ? { standby: { pollMillis: 200 } } : {}),
    metrics: { ...noRunnerMetrics, fenced: (by) => by === 'other' && tell('fenced') },
  })
  process.once('disconnect', () => process.exit(0))
  process.once('SIGTERM', () => void runner.stop().then(() => kafka.close()))
  await runner.start()
  tell('started')
  await runner.finished
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(JSON.parse(process.argv[2]!))
