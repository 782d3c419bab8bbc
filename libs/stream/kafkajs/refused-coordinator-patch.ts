import { kafkajsModule } from './internals.ts'

/**
 * kafkajs 2.2.4 asks each broker in turn for a coordinator and forgets their answers: a group or transactional id that the user may not
 * use is reported as a coordinator that was not found, and looked for for ever (no issue is filed).
 *
 * The patch asks once more where none was found, and passes on what the broker says.
 */

type Coordinated = { groupId: string; coordinatorType?: number }
type Broker = { findGroupCoordinator(request: Required<Coordinated>): Promise<unknown> }
type Cluster = {
  findGroupCoordinator(request: Coordinated): Promise<unknown>
  brokerPool: { withBroker(ask: (asked: { broker: Broker }) => Promise<unknown>): Promise<unknown> }
}

const groupCoordinator = 0

const { prototype } = kafkajsModule('cluster') as { prototype: Cluster }
const findUnpatched = prototype.findGroupCoordinator

prototype.findGroupCoordinator = async function (this: Cluster, request) {
  try {
    return await findUnpatched.call(this, request)
  } catch (error) {
    if ((error as Error).name !== 'KafkaJSGroupCoordinatorNotFound') throw error
    throw await reasonOf(this, request, error)
  }
}

async function reasonOf(cluster: Cluster, request: Coordinated, notFound: unknown): Promise<unknown> {
  let reason = notFound
  await cluster.brokerPool.withBroker(async ({ broker }) => {
    try {
      return await broker.findGroupCoordinator({ coordinatorType: groupCoordinator, ...request })
    } catch (error) {
      reason = error
      throw error
    }
  })
  return reason
}
