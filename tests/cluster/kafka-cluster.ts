import { createKafkaServer, newClusterId } from '#lib/stack/kafka-server.ts'
import { freePort } from '#lib/stack/ports.ts'
import { localHost } from '#lib/stack/server.ts'
import { type PrivateServer, startPrivateServer } from '../private-servers.ts'
import { type KafkaProxy, startKafkaProxy } from './kafka-proxy.ts'

/**
 * Three brokers of a test's own, as in production: three replicas, at least two in sync. Each is a controller too, so that the death of
 * one is also a vote, and of two a stop. Everybody reaches everybody through a proxy: clients, peers and controllers.
 */
export interface KafkaCluster {
  readonly brokers: readonly ClusterBroker[]
  /** Where clients begin: `host:port` of each broker's proxy. */
  readonly addresses: string[]
  broker(id: number): ClusterBroker
  /** No other broker and no controller hears of this one, nor it of them; clients still reach it. */
  cutOff(id: number): void
  /** Everybody hears everybody again. */
  heal(): void
  dispose(): Promise<void>
}

export type ClusterBroker = PrivateServer & Readonly<{ id: number; clients: KafkaProxy }>

const ids = [1, 2, 3] as const

export const replicationFactor = 3
const settings = {
  'default.replication.factor': replicationFactor,
  'min.insync.replicas': 2,
  'offsets.topic.replication.factor': replicationFactor,
  'transaction.state.log.replication.factor': replicationFactor,
  'transaction.state.log.min.isr': 2,
  'share.coordinator.state.topic.replication.factor': replicationFactor,
  'share.coordinator.state.topic.min.isr': 2,
  // A follower that is cut off leaves the ones in sync soon.
  'replica.lag.time.max.ms': 5_000,
  // So that leaders follow the order of replicas within a second or two: `moveLeaders` changes that order.
  'leader.imbalance.check.interval.seconds': 1,
  'leader.imbalance.per.broker.percentage': 0,
  'controller.quorum.election.timeout.ms': 1_000,
  'controller.quorum.fetch.timeout.ms': 2_000,
  'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,INTERNAL:PLAINTEXT,CONTROLLER:PLAINTEXT',
  'inter.broker.listener.name': 'INTERNAL',
}

const listenerNames = ['broker', 'internal', 'controller'] as const
type PortsByListener = Readonly<Record<(typeof listenerNames)[number], number>>
/** A broker's own ports, and those of the proxies before them. */
type Places = ReadonlyMap<number, Readonly<{ own: PortsByListener; proxies: PortsByListener }>>

export async function startKafkaCluster(): Promise<KafkaCluster> {
  const places: Places = new Map(
    await Promise.all(ids.map(async (id) => [id, { own: await freePorts(), proxies: await freePorts() }] as const)),
  )
  const clusterId = newClusterId()
  const proxies = new Map(await Promise.all(ids.map(async (id) => [id, await startProxies(places, id)] as const)))
  const servers = await Promise.all(ids.map((id) => startMember(places, id, clusterId)))
  const brokers = ids.map((id, index): ClusterBroker => ({ ...servers[index]!, id, clients: proxies.get(id)!.broker }))
  const between = ids.flatMap((id) => [
    { to: id, proxy: proxies.get(id)!.internal },
    { to: id, proxy: proxies.get(id)!.controller },
  ])

  return {
    brokers,
    addresses: brokers.map(({ clients }) => clients.address),
    broker: (id) => brokers.find((broker) => broker.id === id)!,
    cutOff(id) {
      for (const { to, proxy } of between) proxy.decide(({ clientId }) => (to !== id && senderOf(clientId) !== id ? 'pass' : 'freeze'))
    },
    heal() {
      for (const { proxy } of between) {
        proxy.decide(() => 'pass')
        proxy.resume()
      }
    },
    async dispose() {
      await Promise.all(servers.map((server) => server.dispose()))
      for (const { broker, internal, controller } of proxies.values())
        await Promise.all([broker, internal, controller].map((proxy) => proxy.close()))
    },
  }
}

async function freePorts(): Promise<PortsByListener> {
  return { broker: await freePort(), internal: await freePort(), controller: await freePort() }
}

async function startProxies(places: Places, id: number): Promise<Record<keyof PortsByListener, KafkaProxy>> {
  const { own, proxies } = places.get(id)!
  const start = (name: keyof PortsByListener) => startKafkaProxy({ port: proxies[name], target: own[name] })
  return { broker: await start('broker'), internal: await start('internal'), controller: await start('controller') }
}

function startMember(places: Places, id: number, clusterId: string): Promise<PrivateServer> {
  const { own, proxies } = places.get(id)!
  const definition = createKafkaServer({
    clusterId,
    ports: { internal: own.internal },
    settings: async () => ({
      ...Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, String(value)])),
      'node.id': String(id),
      listeners: `PLAINTEXT://${localHost}:${own.broker},INTERNAL://${localHost}:${own.internal},CONTROLLER://${localHost}:${own.controller}`,
      'advertised.listeners': `PLAINTEXT://${localHost}:${proxies.broker},INTERNAL://${localHost}:${proxies.internal}`,
      'controller.quorum.voters': [...places].map(([voter, { proxies }]) => `${voter}@${localHost}:${proxies.controller}`).join(','),
    }),
  })
  return startPrivateServer(definition, own)
}

/** Brokers and controllers name themselves in their requests: `3`, `broker-3-fetcher-0`, `raft-client-3`. Null: somebody else. */
function senderOf(clientId: string): number | null {
  const named = /^(?:broker-|raft-client-)?(\d+)(?:-|$)/.exec(clientId)
  return named === null ? null : Number(named[1])
}
