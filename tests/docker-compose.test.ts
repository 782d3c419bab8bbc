import { readFileSync } from 'node:fs'
import { Ajv2019 } from 'ajv/dist/2019.js'
import { expect, it } from 'vitest'
import { parse } from 'yaml'
import { brokerSettings, environmentName } from '#lib/stack/kafka-server.ts'
import { images, localCredentials, preferredPorts, versions } from '#lib/stack/versions.ts'

type Service = Readonly<{ image: string; ports: string[]; environment: Record<string, unknown>; volumes: string[]; healthcheck?: object }>
type ComposeFile = Readonly<{ services: Record<string, Service>; volumes: Record<string, unknown> }>

const read = (path: string) => readFileSync(new URL(`../${path}`, import.meta.url), 'utf8')
const compose = parse(read('docker-compose.kafka.yml')) as ComposeFile
const services = Object.entries(compose.services)

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
  const published = services.flatMap(([, { ports }]) => ports)
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

it("Maven's file names the same versions", () => {
  const pom = read('libs/stack/pom.xml')
  const inPom = (property: string) => new RegExp(`<${property}.version>(.*)</`).exec(pom)?.[1]
  expect(Object.fromEntries(Object.keys(versions).map((name) => [name, inPom(name)]))).toEqual(versions)
})
