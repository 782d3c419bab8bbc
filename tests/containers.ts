import { GenericContainer, getContainerRuntimeClient, type StartedTestContainer, Wait } from 'testcontainers'
import type { StackAddresses } from '#lib/stack/addresses.ts'
import { brokerSettings, environmentName } from '#lib/stack/kafka-server.ts'
import { freePort } from '#lib/stack/ports.ts'
import { checkReachable } from '#lib/stack/reachable.ts'
import { requireCompatibility } from '#lib/stack/registry-server.ts'
import { images, localCredentials } from '#lib/stack/versions.ts'

const startMillis = 180_000

/** The three servers as containers of their own, new for this session; null where no Docker engine answers. */
export async function startContainers(
  onProgress: (line: string) => void,
): Promise<{ addresses: StackAddresses; stop(): Promise<void> } | null> {
  const host = await engineHost()
  if (host === null) return null
  onProgress(`starting ${Object.values(images).join(', ')} as containers …`)
  const [kafka, registry, store] = await Promise.all([startKafka(host), startRegistry(), startStore()])
  const addresses = {
    brokers: [`${host}:${kafka.getMappedPort(9092)}`],
    registryUrl: `http://${host}:${registry.getMappedPort(8080)}/apis/ccompat/v7`,
    s3: { endpoint: `http://${host}:${store.getMappedPort(9000)}`, region: 'us-east-1', ...localCredentials },
  }
  await checkReachable({ ...addresses, s3Endpoint: addresses.s3.endpoint }, { timeoutMillis: startMillis })
  await requireCompatibility(addresses.registryUrl)
  return {
    addresses,
    stop: async () => {
      await Promise.all([kafka, registry, store].map((container) => container.stop()))
    },
  }
}

async function engineHost(): Promise<string | null> {
  try {
    return (await getContainerRuntimeClient()).info.containerRuntime.host
  } catch {
    return null
  }
}

/** The broker tells clients where it is, so its port outside must be known before it starts. */
async function startKafka(host: string): Promise<StartedTestContainer> {
  const port = await freePort()
  const settings = Object.entries({
    'node.id': 1,
    'process.roles': 'broker,controller',
    listeners: 'PLAINTEXT://:9092,CONTROLLER://:9093',
    'advertised.listeners': `PLAINTEXT://${host}:${port}`,
    'controller.listener.names': 'CONTROLLER',
    'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    'controller.quorum.voters': '1@localhost:9093',
    ...brokerSettings,
  })
  const environment = Object.fromEntries(settings.map(([name, value]) => [environmentName(name), String(value)]))
  return new GenericContainer(images.kafka)
    .withEnvironment({ ...environment, KAFKA_HEAP_OPTS: '-Xms256m -Xmx512m' })
    .withExposedPorts({ container: 9092, host: port })
    .withWaitStrategy(Wait.forListeningPorts())
    .withStartupTimeout(startMillis)
    .start()
}

const startRegistry = () =>
  new GenericContainer(images.registry)
    .withExposedPorts(8080)
    .withWaitStrategy(Wait.forHttp('/apis/ccompat/v7/subjects', 8080))
    .withStartupTimeout(startMillis)
    .start()

const startStore = () =>
  new GenericContainer(images.store)
    .withEnvironment({
      ROOT_ACCESS_KEY: localCredentials.accessKey,
      ROOT_SECRET_KEY: localCredentials.secretKey,
      VGW_BACKEND: 'posix',
      VGW_BACKEND_ARG: '/data',
      VGW_PORT: ':9000',
      VGW_REGION: 'us-east-1',
      VGW_HEALTH: '/health',
    })
    .withTmpFs({ '/data': 'rw' })
    .withExposedPorts(9000)
    .withWaitStrategy(Wait.forHttp('/health', 9000))
    .withStartupTimeout(startMillis)
    .start()
