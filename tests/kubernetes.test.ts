import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse, parseAllDocuments } from 'yaml'
import { apps } from '#app/apps.ts'
import { access, commandAccess } from '#lib/market/access.ts'
import { topics } from '#lib/market/topics.ts'
import { brokerSettings, environmentName } from '#lib/stack/kafka-server.ts'
import { manifests } from '../scripts/generate/kubernetes-manifests.ts'

type Resource = Readonly<{ kind: string; metadata: { name: string } }> & Record<string, unknown>

const path = (file: string) => fileURLToPath(new URL(`../k8s/${file}`, import.meta.url))
const text = (file: string) => readFileSync(path(file), 'utf8')
const documents = (file: string) => parseAllDocuments(text(file)).map((document) => document.toJS() as Resource)
const base = parse(text('base/kustomization.yaml')) as { resources: string[] }

describe('k8s', () => {
  it('remembers what a group has read for longer than any topic keeps its records', () => {
    const { spec } = documents('kafka/cluster.yaml')[0] as unknown as { spec: { kafka: { config: Record<string, number> } } }
    const days = Object.values(topics).map(({ retentionDays }) => (retentionDays === 'compact' ? 0 : retentionDays))
    for (const minutes of [spec.kafka.config['offsets.retention.minutes']!, brokerSettings['offsets.retention.minutes']])
      expect(minutes / 1_440).toBeGreaterThan(Math.max(...days))
    expect(spec.kafka.config['transactional.id.expiration.ms']).toBe(brokerSettings['transactional.id.expiration.ms'])
  })

  it('has the topics and users that the code declares: scripts/generate/generate-kubernetes.ts writes them', () => {
    for (const [file, generated] of Object.entries(manifests())) expect(text(file.replace(/^k8s\//, ''))).toBe(generated)
    expect(documents('kafka/topics.yaml').map(({ metadata }) => metadata.name)).toEqual(Object.keys(topics))
    expect(documents('kafka/users.yaml').map(({ metadata }) => metadata.name)).toEqual([
      ...Object.keys(access),
      ...Object.keys(commandAccess),
      'replay',
      'topics',
      'keda',
    ])
  })

  it.each(Object.keys(apps))('runs %s as itself, with a budget for disruptions and its own login', (app) => {
    expect(base.resources).toContain(`apps/${app}.yaml`)
    const resources = documents(`base/apps/${app}.yaml`)
    expect(resources.map(({ kind }) => kind).slice(0, 3)).toEqual(['Deployment', 'ServiceAccount', 'PodDisruptionBudget'])
    for (const { metadata } of resources) expect(metadata.name).toBe(app)
    expect(resources[1]).toMatchObject({ automountServiceAccountToken: false })
    expect(resources[0]).toMatchObject({
      spec: {
        template: {
          spec: {
            serviceAccountName: app,
            containers: [{ name: 'app', args: [app], resources: { requests: {}, limits: {} } }],
          },
        },
      },
    })
    const { patches } = parse(text('components/kafka-login/kustomization.yaml')) as {
      patches: { target: { name?: string }; patch?: string }[]
    }
    expect(patches.find(({ target }) => target.name === app)?.patch).toContain(`secretName: ${app}`)
  })

  it('trains as itself, one at a time, until a deadline, and only where an overlay lets it', () => {
    expect(base.resources).toContain('train.yaml')
    const [job, account] = documents('base/train.yaml')
    expect(job).toMatchObject({
      kind: 'CronJob',
      spec: {
        suspend: true,
        concurrencyPolicy: 'Forbid',
        jobTemplate: { spec: { activeDeadlineSeconds: 7_200, template: { spec: { serviceAccountName: 'train' } } } },
      },
    })
    expect(account).toMatchObject({ kind: 'ServiceAccount', metadata: { name: 'train' }, automountServiceAccountToken: false })
    expect(text('components/kafka-login/train.yaml')).toContain('secretName: train,')
  })

  it('scales no group beyond its partitions, whatever scales it', () => {
    const partitions = (documents('kafka/topics.yaml') as unknown as { metadata: { name: string }; spec: { partitions: number } }[]).reduce(
      (counts, { metadata, spec }) => counts.set(metadata.name, spec.partitions),
      new Map<string, number>(),
    )
    type Scaler = { metadata: { name: string }; spec: { maxReplicaCount?: number; maxReplicas?: number } }
    for (const scaler of [
      ...documents('components/keda/scaled-objects.yaml'),
      ...documents('components/hpa/autoscalers.yaml'),
    ] as unknown as Scaler[]) {
      const input = access[scaler.metadata.name]!.reads[0]!
      expect(scaler.spec.maxReplicaCount ?? scaler.spec.maxReplicas).toBe(partitions.get(input))
    }
  })

  it('tells KEDA the brokers with their namespace, and leaves the count of what is scaled to the autoscaler', () => {
    for (const { spec } of documents('components/keda/scaled-objects.yaml') as unknown as {
      spec: { triggers: { metadata: { bootstrapServers: string } }[] }
    }[])
      expect(spec.triggers[0]!.metadata.bootstrapServers).toMatch(/^[a-z-]+\.flipstream\.svc:9093$/)
    for (const component of ['keda', 'hpa']) {
      const { patches } = parse(text(`components/${component}/kustomization.yaml`)) as {
        patches: { target: { name: string }; patch: string }[]
      }
      expect(patches.map(({ target }) => target.name)).toEqual(['featurizer', 'scorer', 'alerter'])
      for (const { patch } of patches) expect(parse(patch)).toEqual([{ op: 'remove', path: '/spec/replicas' }])
    }
  })

  it('gives the keys of the store to those who use it, as files, and to nobody else', async () => {
    const { patches } = base as unknown as { patches: { path: string; target: { name?: string } }[] }
    const users = patches.find(({ path: file }) => file === 'object-store.yaml')!.target.name!.split('|')
    const loaded = await Promise.all(Object.values(apps).map(({ load }) => load()))
    expect(users.sort()).toEqual(loaded.flatMap(({ name, usesStore = true }) => (usesStore ? [name] : [])).sort())
    for (const file of ['base/pod.yaml', ...Object.keys(apps).map((app) => `base/apps/${app}.yaml`)])
      expect(text(file), file).not.toContain('secretKeyRef')
  })

  it('lets /price through: the notifier asks by a name that the dashboard answers to, on a port that the policies open', () => {
    const notifier = text('components/discord/notifier.yaml')
    const host = new URL(/PRICE_API_URL, value: '(.*?)'/.exec(notifier)![1]!).host
    expect(text('base/apps/dashboard.yaml')).toContain(`{ name: DASHBOARD_HOSTS, value: ${host} }`)
    for (const policy of documents('components/discord/network-policies.yaml')) expect(JSON.stringify(policy)).toContain('"port":8000')
  })

  it('has in overlay local the servers that its settings name, told what local ones are told', () => {
    const servers = ['kafka', 'schema-registry', 'object-store'].map((name) => documents(`components/servers/${name}.yaml`))
    const [stateful] = servers[0] as unknown as {
      spec: { template: { spec: { containers: { env: { name: string; value: string }[] }[] } } }
    }[]
    const env = new Map(stateful!.spec.template.spec.containers[0]!.env.map(({ name, value }) => [name, value]))
    for (const [name, value] of Object.entries(brokerSettings)) expect(env.get(environmentName(name)), name).toBe(String(value))
    const settings = text('overlays/local/kustomization.yaml')
    for (const [, service] of servers as unknown as { metadata: { name: string }; spec: { ports: { port: number }[] } }[][])
      expect(settings).toContain(`${service!.metadata.name}:${service!.spec.ports[0]!.port}`)
  })

  it('names in its overlays only what exists', () => {
    for (const overlay of readdirSync(path('overlays'))) {
      const { resources = [], components = [] } = parse(text(`overlays/${overlay}/kustomization.yaml`)) as Record<
        'resources' | 'components',
        string[]
      >
      for (const one of [...resources, ...components]) expect(existsSync(path(`overlays/${overlay}/${one}/kustomization.yaml`))).toBe(true)
    }
  })
})
