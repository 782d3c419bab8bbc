import { existsSync } from 'node:fs'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fetchWithin } from './http-probe.ts'
import { localHost, type Ports, type ServerDefinition } from './server.ts'
import { preferredPorts, versions } from './versions.ts'

const compatibility = 'BACKWARD_TRANSITIVE'

/** By default it writes a line for every request. */
const quietLogging = {
  QUARKUS_BANNER_ENABLED: 'false',
  QUARKUS_HTTP_ACCESS_LOG_ENABLED: 'false',
  QUARKUS_LOG_LEVEL: 'WARN',
  QUARKUS_LOG_CATEGORY__IO_APICURIO__LEVEL: 'WARN',
}

/** Apicurio Registry with its data in a file, speaking the Confluent API. */
export const registryServer: ServerDefinition = {
  name: 'registry',
  title: `Apicurio Registry ${versions.registry}`,
  preferredPorts: { http: preferredPorts.registry },
  async prepare({ directory }) {
    // Killed while it creates its tables, it would never start again.
    if (!existsSync(createdFile(directory))) await rm(directory, { recursive: true, force: true })
    await mkdir(directory, { recursive: true })
  },
  command: ({ artifacts, directory, ports }) => ({
    args: [
      '-Xmx256m',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      '-Djava.awt.headless=true',
      '-jar',
      join(artifacts, 'registry', `apicurio-registry-app-${versions.registry}-runner.jar`),
    ],
    env: {
      QUARKUS_HTTP_HOST: localHost,
      QUARKUS_HTTP_PORT: String(ports['http']),
      ...quietLogging,
      // WRITE_DELAY: without it a killed registry forgets schemas it has acknowledged, and gives their ids to others.
      APICURIO_DATASOURCE_URL: `jdbc:h2:file:${join(directory, 'registry')};WRITE_DELAY=0`,
    },
  }),
  probe: ({ ports }, timeoutMillis) => probeRegistry(registryUrl(ports), timeoutMillis),
  async afterReady({ ports, directory }) {
    await requireCompatibility(registryUrl(ports))
    await writeFile(createdFile(directory), '')
  },
}

/** Says that the tables are complete. */
const createdFile = (directory: string) => join(directory, 'created')

/** Makes the registry refuse schemas that cannot read what any earlier version wrote. Repeating it does no harm. */
export async function requireCompatibility(url: string): Promise<void> {
  const response = await fetchWithin(`${url}/config`, 5000, {
    method: 'PUT',
    headers: { 'content-type': 'application/vnd.schemaregistry.v1+json' },
    body: JSON.stringify({ compatibility }),
  })
  if (!response.ok) throw new Error(`the registry refused compatibility ${compatibility} with status ${response.status}`)
}

export const registryUrl = (ports: Ports): string => `http://${localHost}:${ports['http']}/apis/ccompat/v7`

/** Resolves when a registry with the Confluent API answers there. */
export async function probeRegistry(url: string, timeoutMillis: number): Promise<void> {
  const response = await fetchWithin(`${url}/subjects`, timeoutMillis)
  const body: unknown = await response.json().catch(() => null)
  if (!response.ok || !Array.isArray(body)) {
    throw new Error(`expected a list of subjects, found status ${response.status}: that is no schema registry, or not its path`)
  }
}
