import { pino } from 'pino'
import { createKafkajsLog } from '#lib/stream/kafkajs/kafkajs-log.ts'
import { describeLog } from '#lib/stream/testing/log-contract.ts'
import { deleteRecordsBefore } from '../delete-records.ts'
import { runPrefix } from '../run-prefix.ts'
import { startKafkaCluster } from './kafka-cluster.ts'

const logger = pino({ level: process.env['LOG_LEVEL'] ?? 'silent' })

describeLog('on three brokers', async () => {
  const cluster = await startKafkaCluster()
  const prefix = runPrefix('log')
  const open = () => createKafkajsLog({ brokers: cluster.addresses, clientId: `${prefix}client`, logger })
  const [log, other] = [open(), open()]
  return {
    log,
    other,
    name: (stem) => `${prefix}${stem}`,
    deleteRecords: (topic, before) => deleteRecordsBefore(cluster.addresses, topic, before),
    async close() {
      await other.close()
      await log.close()
      await cluster.dispose()
    },
  }
})
