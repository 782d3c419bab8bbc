import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { systemClock } from '#lib/clock/clock.ts'
import { createKafkajsLog } from '#lib/stream/kafkajs/kafkajs-log.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import { readTopics } from '../read-topics.ts'
import { runPrefix } from '../run-prefix.ts'
import { type KafkaCluster, startKafkaCluster } from './kafka-cluster.ts'
import { apiKeys, type Rule, type Verdict } from './kafka-proxy.ts'
import { coordinatorTypes, openRawCluster, type RawBroker, type RawProducer } from './raw-client.ts'
import { runCase } from './runner-case.ts'

/** What a network may do to requests: late, lost, half, answered in vain. Above all the end of a transaction that arrives in the next one. */

const count = Number(process.env['CLUSTER_RECORDS'] ?? 1_500)

let cluster: KafkaCluster
beforeAll(async () => {
  cluster = await startKafkaCluster()
})
afterAll(() => cluster?.dispose())

const decideAll = (rule: Rule) => {
  for (const { clients } of cluster.brokers) clients.decide(rule)
}
const deliverAll = async () => (await Promise.all(cluster.brokers.map(({ clients }) => clients.deliverHeld()))).flat()
const heldBack = () => cluster.brokers.reduce((sum, { clients }) => sum + clients.heldBack(), 0)

async function createTopic(name: string): Promise<string> {
  const log = createKafkajsLog({ brokers: cluster.addresses, clientId: 'setup', logger: createLogger('setup', 'silent') })
  const topic = `${runPrefix(name)}topic`
  await log.admin().createTopics([{ topic, partitions: 1 }])
  await log.close()
  return topic
}

describe('the end of a transaction that arrives late', () => {
  test('settles the next one of a client that goes on with its id and epoch: the danger is real', async () => {
    const topic = await createTopic('late-end')
    const transactionalId = `${topic}-id`
    const raw = await openRawCluster(cluster.addresses)
    await raw.addTargetTopic(topic)
    const coordinator = () => raw.findGroupCoordinator({ groupId: transactionalId, coordinatorType: coordinatorTypes.transaction })
    const producer = await patiently(async () => (await coordinator()).initProducerId({ transactionalId, transactionTimeout: 60_000 }))
    const write = async (value: string, firstSequence: number) => {
      await patiently(async () =>
        (await coordinator()).addPartitionsToTxn({ ...producer, transactionalId, topics: [{ topic, partitions: [0] }] }),
      )
      const [leader] = Object.keys(raw.findLeaderForPartitions(topic, [0]))
      const broker = await raw.findBroker({ nodeId: leader! })
      await broker.produce({
        ...producer,
        transactionalId,
        topicData: [{ topic, partitions: [{ partition: 0, firstSequence, messages: [{ key: 'k', value }] }] }],
      })
    }

    await write('first', 0)
    decideAll(({ apiKey, clientId }) => (clientId === 'raw' && apiKey === apiKeys.endTxn ? 'hold back' : 'pass'))
    await expect(end(await coordinator(), producer, transactionalId, true)).rejects.toThrow()
    decideAll(() => 'pass')
    // The client hears nothing and commits again: as far as it can tell that was the end of it.
    await patiently(async () => end(await coordinator(), producer, transactionalId, true))
    await write('second, to be aborted', 1)
    expect(heldBack()).toBe(1)
    await deliverAll()
    await expect(end(await coordinator(), producer, transactionalId, false)).rejects.toThrow()
    await raw.disconnect()
    // It meant to abort, and all the world can read it.
    expect((await readTopics(cluster.addresses, [topic])).map(({ value }) => String(value))).toEqual(['first', 'second, to be aborted'])
  })

  test('settles nothing of ours: an end without an answer is the end of the producer, and its successor has another epoch', async () => {
    const topic = await createTopic('late-end-ours')
    const log = createKafkajsLog({ brokers: cluster.addresses, clientId: 'ours', logger: createLogger('ours', 'silent') })
    const record = (value: string) => [{ topic, key: 'k', value: Buffer.from(value) }]
    const first = log.transactionalProducer(`${topic}-id`)
    await first.fence()
    decideAll(({ apiKey, clientId }) => (clientId === 'ours' && apiKey === apiKeys.endTxn ? 'hold back' : 'pass'))
    await expect(first.commitTransaction({ records: record('first') })).rejects.toThrow()
    decideAll(() => 'pass')
    await expect(first.commitTransaction({ records: record('in vain') })).rejects.toThrow(/create and fence a new one/)
    await first.close()

    const second = log.transactionalProducer(`${topic}-id`)
    await second.fence()
    const meant = new Error('not to be committed')
    const beforeCommit = async () => {
      // The worst moment: all of the second transaction is written, its end is not.
      const [answer] = await deliverAll()
      expect(errorCodeOf(answer!)).not.toBe(0)
      throw meant
    }
    await expect(second.commitTransaction({ records: record('second, to be aborted'), beforeCommit })).rejects.toBe(meant)
    await second.commitTransaction({ records: record('third') })
    await log.close()
    expect((await readTopics(cluster.addresses, [topic])).map(({ value }) => String(value))).toEqual(['third'])
  })
})

const isCampaign = process.env['CLUSTER_RECORDS'] !== undefined

describe('a stage whose requests are hurt', () => {
  /** Time to recover from one before the next, or nothing would ever come through. */
  const everyMillis = 400
  const hurt: readonly Verdict[] = ['hold back', 'lose answer', 'cut', 'halve', { delayMillis: 400 }, 'hold back']

  /** One kind of request alone is hurt too seldom in a short run to prove anything: the campaign's larger n is for those. */
  const alone = [
    { name: 'ends of transactions', keys: [apiKeys.endTxn] },
    { name: 'produce', keys: [apiKeys.produce] },
  ]
  test.each([
    ...(isCampaign ? alone : []),
    {
      name: 'all that a transaction sends',
      keys: [
        apiKeys.addPartitionsToTxn,
        apiKeys.addOffsetsToTxn,
        apiKeys.txnOffsetCommit,
        apiKeys.initProducerId,
        apiKeys.produce,
        apiKeys.endTxn,
      ],
    },
  ])('$name: late, lost, half or without an answer', async ({ name, keys }) => {
    let [hurtSoFar, hurtAt] = [0, systemClock.monotonic()]
    const chosen = new Set<number>(keys)
    decideAll(({ apiKey, clientId }) => {
      if (!clientId.startsWith('member-') || !chosen.has(apiKey) || systemClock.monotonic() - hurtAt < everyMillis) return 'pass'
      hurtAt = systemClock.monotonic()
      return hurt[hurtSoFar++ % hurt.length]!
    })
    const result = await runCase({
      cluster,
      prefix: runPrefix('hurt'),
      count,
      async disturb({ flowing }) {
        // What was held back arrives seconds later, in the middle of other transactions.
        while (!flowing.aborted) {
          await systemClock.sleep(1_000, flowing).catch(() => {})
          await deliverAll()
        }
        decideAll(() => 'pass')
        await deliverAll()
      },
    })
    const { sent, out, lost, twice, seconds, violations } = result
    console.error(`cluster: hurt ${name}: ${sent} in, ${out} out, ${lost} lost, ${twice} twice, ${hurtSoFar} requests hurt, ${seconds} s`)
    expect(hurtSoFar).toBeGreaterThan(3)
    expect(violations).toEqual([])
  })
})

const end = (broker: RawBroker, producer: RawProducer, transactionalId: string, transactionResult: boolean) =>
  broker.endTxn({ ...producer, transactionalId, transactionResult })

/** In the answer to EndTxn: behind length, correlation id and throttle time. */
const errorCodeOf = (answer: Buffer): number => answer.readInt16BE(12)

/** The transaction before may still be writing its markers, and a coordinator may be new. */
async function patiently<T>(ask: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await ask()
    } catch (error) {
      if (attempt === 100) throw error
      await systemClock.sleep(100)
    }
  }
}
