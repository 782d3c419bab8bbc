import { kafkajsModule } from './internals.ts'

/**
 * kafkajs 2.2.4 asks one broker after the other for metadata and forgets what each answered: where none succeeded (a broker that died a
 * moment ago, and was the only one) it returns null, and its admin fails with a TypeError that names nothing (no issue is filed).
 *
 * The patch asks once more where no broker succeeded, and passes on what the last one said.
 */

type Asked = { topics?: readonly string[] }
type Broker = { metadata(topics: readonly string[]): Promise<unknown> }
type Cluster = {
  metadata(asked?: Asked): Promise<unknown>
  brokerPool: { withBroker(ask: (asked: { broker: Broker }) => Promise<unknown>): Promise<unknown> }
}

const { prototype } = kafkajsModule('cluster') as { prototype: Cluster }
const { KafkaJSBrokerNotFound } = kafkajsModule('errors') as { KafkaJSBrokerNotFound: new (message: string) => Error }
const metadataUnpatched = prototype.metadata

prototype.metadata = async function (this: Cluster, asked = {}) {
  const answer = await metadataUnpatched.call(this, asked)
  if (answer !== null) return answer
  let reason: unknown = new KafkaJSBrokerNotFound('No broker answered what topics there are')
  const second = await this.brokerPool.withBroker(async ({ broker }) => {
    try {
      return await broker.metadata(asked.topics ?? [])
    } catch (error) {
      reason = error
      throw error
    }
  })
  if (second !== null) return second
  throw reason
}
