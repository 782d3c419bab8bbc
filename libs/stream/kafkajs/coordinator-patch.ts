import { systemClock } from '#lib/clock/clock.ts'
import { kafkajsModule } from './internals.ts'

/**
 * kafkajs 2.2.4 asks for the coordinator anew before each step of a transaction: four of the nine requests of one commit, a quarter of
 * its time and of the broker's work (no issue is filed; Kafka's own client asks once and again after an error).
 *
 * The patch remembers the answer for a producer for a short while. A coordinator that moves meanwhile refuses the request; the producer
 * is thrown away then, as after any error, and its successor asks anew. Consumers, which look up without naming a type, are left alone:
 * they must find the new coordinator to join again.
 */

type Broker = object
type Coordinated = { groupId: string; coordinatorType?: number }
type Cluster = {
  findGroupCoordinator(request: Coordinated): Promise<Broker & { nodeId: string | number }>
  findBroker(node: { nodeId: string | number }): Promise<Broker & { nodeId: string | number }>
}
type Found = { nodeId: string | number; until: number }

const rememberMillis = 3_000

const { prototype } = kafkajsModule('cluster') as { prototype: Cluster }
const findUnpatched = prototype.findGroupCoordinator
const found = new WeakMap<Cluster, Map<string, Found>>()

prototype.findGroupCoordinator = async function (this: Cluster, request) {
  if (request.coordinatorType === undefined) return findUnpatched.call(this, request)
  const known = found.get(this) ?? new Map<string, Found>()
  found.set(this, known)
  const key = `${request.coordinatorType} ${request.groupId}`
  const remembered = known.get(key)
  if (remembered !== undefined && systemClock.monotonic() < remembered.until) return this.findBroker({ nodeId: remembered.nodeId })
  known.delete(key)
  const broker = await findUnpatched.call(this, request)
  known.set(key, { nodeId: broker.nodeId, until: systemClock.monotonic() + rememberMillis })
  return broker
}
