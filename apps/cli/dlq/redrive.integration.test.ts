import { pino } from 'pino'
import { inject } from 'vitest'
import { createKafkajsLog } from '#lib/stream/kafkajs/kafkajs-log.ts'
import { runPrefix } from '../../../tests/run-prefix.ts'
import { describeRedrive } from './testing/redrive-contract.ts'

describeRedrive('on Kafka', async () => {
  const log = createKafkajsLog({ brokers: inject('brokers'), clientId: runPrefix('dlq'), logger: pino({ level: 'silent' }) })
  return { log, prefix: () => runPrefix('dlq'), close: () => log.close() }
})
