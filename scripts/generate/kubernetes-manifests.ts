import { stringify } from 'yaml'
import { access, commandAccess, type Right, rightsOf, rightsToCheckTopics, rightsToReplay, rightsToSeeLag } from '#lib/market/access.ts'
import { topicSettings } from '#lib/market/topics.ts'
import { grafanaDashboard } from './grafana-dashboard.ts'

const partitions = 12
const apiVersion = 'kafka.strimzi.io/v1'
const labels = { 'strimzi.io/cluster': 'kafka', 'app.kubernetes.io/part-of': 'flipstream' }
const durable = { replicas: 3, minInSync: 2 }

/** Generated files, by path from the root of the repository. `prefix`: of topics and groups, for a log that was rebuilt beside the old one. */
export function manifests(prefix = ''): Readonly<Record<string, string>> {
  return {
    'k8s/kafka/topics.yaml': document('libs/market/topics.ts', topics(prefix)),
    'k8s/kafka/users.yaml': document('libs/market/access.ts', users(prefix)),
    'k8s/components/monitoring/flipstream.json': `${JSON.stringify(grafanaDashboard(), null, 2)}\n`,
  }
}

const document = (source: string, resources: readonly object[]): string =>
  `# Generated from ${source} by scripts/generate/generate-kubernetes.ts: change it there.\n${resources.map((resource) => stringify(resource)).join('---\n')}`

function topics(prefix: string) {
  return topicSettings(prefix, { partitions, ...durable }).map(({ topic, partitions: count, replicas, config }) => ({
    apiVersion,
    kind: 'KafkaTopic',
    metadata: { name: topic, labels },
    spec: { partitions: count, replicas, config },
  }))
}

function users(prefix: string) {
  const apps = [...Object.keys(access), ...Object.keys(commandAccess)].map((app) => user(app, rightsOf(app, prefix)))
  return [
    ...apps,
    user('replay', rightsToReplay),
    user('topics', rightsToCheckTopics(prefix)),
    user('keda', rightsToSeeLag(['featurizer', 'scorer', 'alerter'], prefix)),
  ]
}

const user = (name: string, rights: readonly Right[]) => ({
  apiVersion,
  kind: 'KafkaUser',
  metadata: { name, labels },
  spec: { authentication: { type: 'scram-sha-512' }, authorization: { type: 'simple', acls: rights.map(aclOf) } },
})

const aclOf = ({ resource, name, prefixed, operations }: Right) => ({
  resource: { type: resource, name, patternType: prefixed ? 'prefix' : 'literal' },
  operations: [...operations],
})
