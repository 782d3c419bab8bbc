import { existsSync, readFileSync } from 'node:fs'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { apps } from '#app/apps.ts'
import { brokerSettings, environmentName } from '#lib/stack/kafka-server.ts'
import { images, localCredentials, preferredPorts, versions } from '#lib/stack/versions.ts'

type Service = Readonly<{
  image: string
  profiles?: string[]
  command?: string[]
  ports?: string[]
  environment: Record<string, unknown>
  volumes: string[]
  healthcheck?: { test?: string[]; disable?: boolean }
}>
type ComposeFile = Readonly<{ services: Record<string, Service>; volumes: Record<string, unknown> }>

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const compose = parse(read('docker-compose.kafka.yml'), { merge: true }) as ComposeFile
const everything = Object.entries(compose.services)
/** What is started where no profile is asked for: the servers. */
const services = everything.filter(([, { profiles }]) => profiles === undefined)
const ofProfile = (profile: string) => everything.filter(([, { profiles = [] }]) => profiles.includes(profile))

function composeErrors(file: unknown): string[] {
  const { $schema: _, ...schema } = JSON.parse(read('tests/fixtures/compose-spec.schema.json'))
  const ajv = new Ajv2019({ strict: false, allErrors: true })
  // The schema says `id` in places, as older drafts did; nothing refers to these names.
  ajv.removeKeyword('id')
  // The spec's own formats, none of which its schema defines.
  for (const format of ['ports', 'expose', 'duration', 'subnet_ip_address']) ajv.addFormat(format, true)
  const isValid = ajv.compile(schema)
  return isValid(file) ? [] : (isValid.errors ?? []).map(({ instancePath, message }) => `${instancePath} ${message}`)
}

it('is a valid Compose file', () => {
  expect(composeErrors(compose)).toEqual([])
})

it('would be found out if it were not', () => {
  expect(composeErrors({ services: { kafka: { imagee: 'x' } } })).toContainEqual(
    expect.stringContaining('/services/kafka must NOT have additional'),
  )
})

it('runs the versions that the rest of flipstream is made for', () => {
  expect(Object.fromEntries(services.map(([name, { image }]) => [name, image]))).toEqual(images)
})

it('listens where flipstream looks first, and on this machine only', () => {
  const published = services.flatMap(([, { ports = [] }]) => ports)
  expect(published).toEqual([
    `127.0.0.1:\${FLIPSTREAM_KAFKA_PORT:-${preferredPorts.broker}}:9092`,
    `127.0.0.1:\${FLIPSTREAM_REGISTRY_PORT:-${preferredPorts.registry}}:8080`,
    `127.0.0.1:\${FLIPSTREAM_STORE_PORT:-${preferredPorts.store}}:9000`,
  ])
})

it('tells the broker what the local one is told', () => {
  const { environment } = compose.services['kafka']!
  for (const [name, value] of Object.entries(brokerSettings)) {
    expect(String(environment[environmentName(name)]), name).toBe(String(value))
  }
})

it('has the keys that flipstream uses for a store of its own', () => {
  expect(compose.services['store']!.environment).toMatchObject({
    ROOT_ACCESS_KEY: localCredentials.accessKey,
    ROOT_SECRET_KEY: localCredentials.secretKey,
  })
})

it('keeps data in named volumes and has every server checked', () => {
  for (const [name, { volumes, healthcheck }] of services) {
    expect(compose.volumes, name).toHaveProperty(volumes[0]!.split(':')[0]!)
    expect(healthcheck, name).toBeDefined()
  }
})

it('has profiles for the apps and for those who look on, none of it reachable from other machines', () => {
  expect([...new Set(everything.flatMap(([, { profiles = [] }]) => profiles))]).toEqual(['apps', 'observability'])
  for (const [name, { ports = [] }] of everything) for (const port of ports) expect(port, name).toMatch(/^127\.0\.0\.1:/)
})

it('runs every app, each checked, each with its own secrets alone', async () => {
  const found = ofProfile('apps').filter(([name]) => name !== 'topics')
  expect(found.map(([name]) => name).sort()).toEqual(Object.keys(apps).sort())
  for (const [name, { command, environment, healthcheck }] of found) {
    expect(command).toEqual([name])
    expect(healthcheck?.test, name).toBeDefined()
    const { settings, usesStore = true } = await apps[name]!.load()
    const secrets = Object.keys(environment).filter((variable) => /KEY|TOKEN|WEBHOOKS/.test(variable) && !/WITHOUT/.test(variable))
    for (const secret of secrets) expect(secret in settings || (usesStore && secret.startsWith('S3_')), `${name} ${secret}`).toBe(true)
    expect('S3_ENDPOINT' in environment, name).toBe(usesStore !== false)
    expect(environment['KAFKA_BROKERS']).toBe('kafka:19092')
  }
})

it('shows what the apps measure: Prometheus asks each of them, Grafana has our dashboard, all are checked', () => {
  const { scrape_configs: jobs } = parse(read('docker/prometheus.yml')) as {
    scrape_configs: { static_configs: { targets: string[] }[] }[]
  }
  expect(jobs[0]!.static_configs[0]!.targets.sort()).toEqual(
    Object.keys(apps)
      .map((app) => `${app}:8080`)
      .sort(),
  )
  const watching = ofProfile('observability')
  expect(watching.map(([name]) => name)).toEqual(['prometheus', 'grafana', 'kafka-page'])
  for (const [name, { healthcheck, volumes = [] }] of watching) {
    expect(healthcheck?.test, name).toBeDefined()
    const mounted = volumes.map((volume) => volume.split(':')[0]!).filter((path) => path.startsWith('./'))
    for (const path of mounted) expect(existsSync(new URL(`../${path}`, import.meta.url)), path).toBe(true)
  }
  expect(compose.services['grafana']!.volumes.join()).toContain('monitoring/flipstream.json')
})

it("Maven's file names the same versions", () => {
  const pom = read('libs/stack/pom.xml')
  const inPom = (property: string) => new RegExp(`<${property}.version>(.*)</`).exec(pom)?.[1]
  expect(Object.fromEntries(Object.keys(versions).map((name) => [name, inPom(name)]))).toEqual(versions)
})
