import { pino } from 'pino'
import { describe, expect, inject, it } from 'vitest'
import { runPrefix } from '../../tests/run-prefix.ts'
import { FatalError } from './errors.ts'
import { createKafkajsLog } from './kafkajs-log.ts'
import { describeLog } from './log-contract.ts'

const logger = pino({ level: process.env['LOG_LEVEL'] ?? 'silent' })

describeLog('on Kafka', async () => {
  const prefix = runPrefix('log')
  const open = () => createKafkajsLog({ brokers: inject('brokers'), clientId: `${prefix}client`, logger })
  const [log, other] = [open(), open()]
  return {
    log,
    other,
    name: (stem) => `${prefix}${stem}`,
    async close() {
      await other.close()
      await log.close()
    },
  }
})

describe('a Kafka log', () => {
  it('says within 10 s that no broker is there, where it looked, and what to check', async () => {
    const log = createKafkajsLog({ brokers: ['127.0.0.1:1', 'nowhere.invalid:9092'], clientId: 'lost', logger })
    const begun = performance.now()
    const error = await log.checkReachable().catch((caught: unknown) => caught)
    expect(performance.now() - begun).toBeLessThan(10_000)
    expect(error).toBeInstanceOf(FatalError)
    expect((error as Error).message).toMatch(/127\.0\.0\.1:1, nowhere\.invalid:9092.*KAFKA_BROKERS/)
    await log.close()
  })

  it('finds the broker that is there', async () => {
    const log = createKafkajsLog({ brokers: inject('brokers'), clientId: 'found', logger })
    await log.checkReachable()
    await log.close()
  })
})
