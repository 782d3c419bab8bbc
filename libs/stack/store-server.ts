import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fetchWithin } from './http-probe.ts'
import { formatProperties } from './properties.ts'
import { localHost, type Ports, type ServerDefinition } from './server.ts'
import { localCredentials, preferredPorts, versions } from './versions.ts'

/** S3Proxy: the S3 protocol over a directory. */
export const storeServer: ServerDefinition = {
  name: 'store',
  title: `S3Proxy ${versions.store}`,
  preferredPorts: { http: preferredPorts.store },
  async prepare(place) {
    const objects = join(place.directory, 'objects')
    await mkdir(objects, { recursive: true })
    const settings = {
      's3proxy.endpoint': storeEndpoint(place.ports),
      's3proxy.authorization': 'aws-v2-or-v4',
      's3proxy.identity': localCredentials.accessKey,
      's3proxy.credential': localCredentials.secretKey,
      'jclouds.provider': 'filesystem-nio2',
      'jclouds.filesystem.basedir': objects,
    }
    await writeFile(configurationFile(place.directory), formatProperties(settings))
  },
  command: ({ artifacts, directory }) => ({
    args: [
      '-Xmx192m',
      '-XX:+UseSerialGC',
      '-XX:TieredStopAtLevel=1',
      '-Djava.awt.headless=true',
      '-jar',
      join(artifacts, 'store', `s3proxy-${versions.store}-jar-with-dependencies.jar`),
      '--properties',
      configurationFile(directory),
    ],
    env: { LOG_LEVEL: 'warn' },
  }),
  probe: ({ ports }, timeoutMillis) => probeStore(storeEndpoint(ports), timeoutMillis),
  afterReady: async () => {},
}

const configurationFile = (directory: string) => join(directory, 's3proxy.properties')

export const storeEndpoint = (ports: Ports): string => `http://${localHost}:${ports['http']}`

/** Resolves when an S3 server answers there. It may refuse us (we do not sign this request), but it must do so as S3 does, in XML. */
export async function probeStore(endpoint: string, timeoutMillis: number): Promise<void> {
  const response = await fetchWithin(endpoint, timeoutMillis)
  const body = await response.text()
  if (response.status >= 500 || !(body.includes('<Error>') || body.includes('ListAllMyBucketsResult'))) {
    throw new Error(`expected an S3 answer in XML, found status ${response.status}: that is no S3 server`)
  }
}
