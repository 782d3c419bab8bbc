/** One hop by our runner, doing what the peer's quix_pipeline.py does: JSON in, a small float computation, JSON out, key kept. */
import { systemClock } from '#lib/clock/clock.ts'
import { createKafkajsLog } from '#lib/stream/kafkajs/kafkajs-log.ts'
import { createRunner, type ProcessingGuarantee } from '#lib/stream/runtime/runner.ts'
import { createLogger } from '#lib/telemetry/logger.ts'

type Message = Readonly<{ i: number; t: number }>

const [brokers, input, output, guarantee] = process.argv.slice(2) as [string, string, string, ProcessingGuarantee]
const logger = createLogger('hop', 'warn')
const log = createKafkajsLog({ brokers: [brokers], clientId: 'hop', logger })
const runner = createRunner<Message, Message & { score: number }, null>({
  name: 'hop',
  log,
  clock: systemClock,
  logger,
  group: `hop-${output}`,
  input: { topic: input, decode: (bytes) => JSON.parse(bytes.toString()) as Message },
  processor: {
    initial: () => null,
    process: (batch) =>
      batch.map(({ value, record }) => ({
        type: 'emit',
        outputs: [{ topic: output, key: record.key ?? '', value: { ...value, score: value.i * 0.5 } }],
      })),
  },
  encode: ({ value }) => Buffer.from(JSON.stringify(value)),
  deadLetters: output,
  guarantee,
})
await runner.start()
process.once('SIGTERM', () => void runner.stop())
await runner.finished
process.exit()
