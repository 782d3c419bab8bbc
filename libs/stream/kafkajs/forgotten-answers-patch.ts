import { kafkajsModule } from './internals.ts'

/**
 * kafkajs 2.2.4 asks one broker after the other and forgets why each refused (no issue is filed). A group or transactional id that the user
 * may not use is reported as a coordinator that was not found, and looked for for ever. Where no broker gives metadata (the only one died a
 * moment ago) the answer is null, and its admin fails with a TypeError that names nothing.
 *
 * The patch asks once more where none succeeded, and passes on what the last broker says.
 */

type Coordinated = { groupId: string; coordinatorType?: number }
type Asked = { topics?: readonly string[] }
type Broker = {
  findGroupCoordinator(request: Required<Coordinated>): Promise<unknown>
  metadata(topics: readonly string[]): Promise<unknown>
}
type Cluster = {
  findGroupCoordinator(request: Coordinated): Promise<unknown>
  metadata(asked?: Asked): Promise<unknown>
  brokerPool: { withBroker(ask: (asked: { broker: Broker }) => Promise<unknown>): Promise<unknown> }
}

const groupCoordinator = 0

const { prototype } = kafkajsModule('cluster') as { prototype: Cluster }
const { KafkaJSBrokerNotFound } = kafkajsModule('errors') as { KafkaJSBrokerNotFound: new (message: string) => Error }
const { findGroupCoordinator: findUnpatched, metadata: metadataUnpatched } = prototype

prototype.findGroupCoordinator = async function (this: Cluster, request) {
  try {
    return await findUnpatched.call(this, request)
  } catch (error) {
    if ((error as Error).name !== 'KafkaJSGroupCoordinatorNotFound') throw error
    const ask = (broker: Broker) => broker.findGroupCoordinator({ coordinatorType: groupCoordinator, ...request })
    throw (await askAgain(this, ask, error)).reason
  }
}

prototype.metadata = async function (this: Cluster, asked = {}) {
  const answer = await metadataUnpatched.call(this, asked)
  if (answer !== null) return answer
  const unasked = new KafkaJSBrokerNotFound('No broker answered what topics there are')
  const second = await askAgain(this, (broker) => broker.metadata(asked.topics ?? []), unasked)
  if (second.answer !== null) return second.answer
  throw second.reason
}

/** `reason`: what the last broker that refused said; `unasked` where none did. */
async function askAgain(
  { brokerPool }: Cluster,
  question: (broker: Broker) => Promise<unknown>,
  unasked: unknown,
): Promise<Readonly<{ answer: unknown; reason: unknown }>> {
  let reason = unasked
  const answer = await brokerPool.withBroker(async ({ broker }) => {
    try {
      return await question(broker)
    } catch (error) {
      reason = error
      throw error
    }
  })
  return { answer, reason }
}
