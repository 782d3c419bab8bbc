import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { randomId } from '#lib/clock/clock.ts'
import { FatalError } from '#lib/errors/errors.ts'
import { probeKafka } from './kafka-probe.ts'
import { formatProperties } from './properties.ts'
import { javaLocale, localHost, type Ports, type ServerDefinition, type ServerPlace } from './server.ts'
import { maxMessageBytes, preferredPorts, versions } from './versions.ts'

const loggingFile = fileURLToPath(new URL('kafka-log4j2.properties', import.meta.url))

/** What a broker of this machine may have beside the usual: for tests of listeners that ask who is there. */
export type KafkaServerOptions = Readonly<{
  /** Ports of further listeners, by their purpose. */
  ports?: Ports
  /** Settings of server.properties beside and above ours, given the place (files may be written there). */
  settings?(place: ServerPlace, listeners: Readonly<Record<string, string>>): Promise<Readonly<Record<string, string>>>
  /** Users of SCRAM-SHA-512, by name, with their passwords. */
  users?: Readonly<Record<string, string>>
  /** The id of a cluster that this broker is one of; `settings` then names its voters. Without it, a cluster of its own. */
  clusterId?: string
}>

/** Apache Kafka, broker and controller in one process, with the settings of a single machine that is to answer fast. */
export const createKafkaServer = ({
  ports = {},
  settings = async () => ({}),
  users = {},
  clusterId,
}: KafkaServerOptions = {}): ServerDefinition => ({
  name: 'kafka',
  title: `Apache Kafka ${versions.kafka}`,
  preferredPorts: { broker: preferredPorts.broker, controller: preferredPorts.controller, ...ports },
  async prepare(place) {
    await mkdir(place.directory, { recursive: true })
    const further = await settings(place, listenerSettings(place))
    const write = (file: string, data: string) => writeFile(file, configuration(place, data, further))
    await write(configurationFile(place.directory), dataDirectory(place.directory))
    if (!existsSync(dataDirectory(place.directory))) await format(place, write, users, clusterId)
  },
  command: (place) => ({
    args: [
      '-Xms256m',
      '-Xmx512m',
      '-XX:MaxGCPauseMillis=20',
      '-XX:+ExitOnOutOfMemoryError',
      ...javaArguments(place),
      'kafka.Kafka',
      configurationFile(place.directory),
    ],
    env: {},
  }),
  async probe({ ports, directory }, timeoutMillis) {
    const { clusterId } = await probeKafka({ host: localHost, port: ports['broker']! }, timeoutMillis)
    const expected = await readClusterId(directory)
    if (clusterId !== expected) {
      throw new Error(`expected our own cluster ${expected} on port ${ports['broker']}, found cluster ${clusterId}`)
    }
  },
  afterReady: async () => {},
})

export const kafkaServer: ServerDefinition = createKafkaServer()

const dataDirectory = (directory: string) => join(directory, 'data')
const configurationFile = (directory: string) => join(directory, 'server.properties')

const javaArguments = (place: ServerPlace) => [
  '-Djava.awt.headless=true',
  `-Dlog4j2.configurationFile=${loggingFile}`,
  '-cp',
  join(place.artifacts, 'kafka', '*'),
]

/**
 * Data is formatted beside its place and moved there whole: whoever finds the data directory finds it complete.
 * The cluster's id is new with the data, which tells our broker from any other on the same port.
 */
async function format(
  place: ServerPlace,
  write: (file: string, data: string) => Promise<void>,
  users: Readonly<Record<string, string>>,
  ofCluster?: string,
): Promise<void> {
  const unfinished = join(place.directory, 'data.unfinished')
  const formatFile = join(place.directory, 'format.properties')
  await rm(unfinished, { recursive: true, force: true })
  await write(formatFile, unfinished)
  const clusterId = ofCluster ?? newClusterId()
  // With `=`, since an id may begin with a dash.
  const tool = ['kafka.tools.StorageTool', 'format', `--cluster-id=${clusterId}`, '--config', formatFile]
  if (ofCluster === undefined) tool.push('--standalone')
  for (const [name, password] of Object.entries(users)) tool.push(`--add-scram=SCRAM-SHA-512=[name=${name},password=${password}]`)
  try {
    await promisify(execFile)(place.java, ['-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC', ...javaArguments(place), ...tool], {
      env: javaLocale,
    })
  } catch (error) {
    throw new FatalError(`Kafka could not format its data directory in ${place.directory}: ${(error as Error).message}`, { cause: error })
  }
  await rename(unfinished, dataDirectory(place.directory))
}

export const newClusterId = (): string => Buffer.from(randomId().replaceAll('-', ''), 'hex').toString('base64url')

async function readClusterId(directory: string): Promise<string | null> {
  const text = await readFile(join(dataDirectory(directory), 'meta.properties'), 'utf8')
  return /^cluster\.id=(.*)$/m.exec(text)?.[1]?.trim() ?? null
}

const listenerSettings = ({ ports }: ServerPlace) => ({
  listeners: `PLAINTEXT://${localHost}:${ports['broker']},CONTROLLER://${localHost}:${ports['controller']}`,
  'advertised.listeners': `PLAINTEXT://${localHost}:${ports['broker']}`,
  'listener.security.protocol.map': 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
})

function configuration(place: ServerPlace, data: string, further: Readonly<Record<string, string>>): string {
  const settings: Record<string, string | number | boolean> = {
    'node.id': 1,
    'process.roles': 'broker,controller',
    ...listenerSettings(place),
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': data,
    ...brokerSettings,
    ...further,
  }
  // Voters that never change are named instead of found.
  if (!('controller.quorum.voters' in settings))
    settings['controller.quorum.bootstrap.servers'] = `${localHost}:${place.ports['controller']}`
  return formatProperties(settings)
}

/** Shared with the containers of the tests and compared with docker-compose.kafka.yml. */
export const brokerSettings = {
  'auto.create.topics.enable': false,
  'offsets.topic.replication.factor': 1,
  'offsets.topic.num.partitions': 4,
  'transaction.state.log.replication.factor': 1,
  'transaction.state.log.min.isr': 1,
  'transaction.state.log.num.partitions': 4,
  'share.coordinator.state.topic.replication.factor': 1,
  'share.coordinator.state.topic.min.isr': 1,
  'group.initial.rebalance.delay.ms': 0,
  'group.min.session.timeout.ms': 1000,
  // A commit outside of transactions (at_least_once) would otherwise wait 5 ms for company.
  'group.coordinator.append.linger.ms': 0,
  'transaction.abort.timed.out.transaction.cleanup.interval.ms': 1000,
  // What a group has read is remembered for longer than any topic is kept (90 days): whoever was away reads on, or misses what is gone.
  'offsets.retention.minutes': 144_000,
  // As long as Kafka's whole number of milliseconds allows: 24 days.
  'transactional.id.expiration.ms': 2_147_483_647,
  'message.max.bytes': maxMessageBytes,
  'replica.fetch.max.bytes': maxMessageBytes,
  // A killed broker may come back only when its former self has timed out; a shorter time fences brokers of overloaded machines.
  'broker.session.timeout.ms': 6000,
  'broker.heartbeat.interval.ms': 500,
  // After a kill the newest segment of each partition is read again: small ones make that short.
  'log.segment.bytes': 128 * 1024 * 1024,
  'log.cleaner.dedupe.buffer.size': 16 * 1024 * 1024,
} as const

/** How the image apache/kafka takes a setting of server.properties. */
export const environmentName = (setting: string): string => `KAFKA_${setting.toUpperCase().replaceAll('.', '_')}`
