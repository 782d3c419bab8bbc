import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { systemClock } from '#lib/clock/clock.ts'
import { FatalError } from '#lib/errors/errors.ts'
import type { MetricsLabels } from './metrics.ts'

/** An app whose metrics are merged. `read` gives them as Prometheus text, and rejects where the app does not answer. */
export type MetricsSource = Readonly<{ app: string; read(): Promise<string> }>

export type MergedMetricsOptions = Readonly<{
  host: string
  /** 0 takes a free one. */
  port: number
  /** Whoever there is now: asked anew for each scrape, for apps come and go. */
  sources(): readonly MetricsSource[]
  /** What the apps have in every series, for what is said of the apps themselves. */
  labels?: MetricsLabels
  /** How long one app may take before the others are answered without it. */
  timeoutMillis?: number
}>

export type MergedMetrics = Readonly<{ url: string; close(): Promise<void> }>

const aliveFamily = 'flipstream_app_up'

/**
 * One /metrics for several processes, for a Prometheus that is to know one address. Series differ by their label `app`, which every
 * process puts on its own. An app that does not answer has no series but `flipstream_app_up` at 0: its last numbers are not shown as news.
 */
export async function startMergedMetrics({ host, port, ...options }: MergedMetricsOptions): Promise<MergedMetrics> {
  const server = createServer((incoming, response) => {
    const answer = (status: number, body: string) =>
      response.writeHead(status, { 'content-type': 'text/plain; version=0.0.4', 'cache-control': 'no-store' }).end(body)
    if (incoming.method !== 'GET' || incoming.url !== '/metrics') return void answer(404, 'GET /metrics\n')
    scrape(options).then(
      (text) => answer(200, text),
      (error: Error) => answer(500, `${error.message}\n`),
    )
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(new FatalError(`cannot serve metrics on ${host}:${port} (${error.code}): name a free port, or 0 for any`)),
    )
    server.listen(port, host, resolve)
  })
  const { port: actual } = server.address() as AddressInfo
  return {
    url: `http://${host.includes(':') ? `[${host}]` : host}:${actual}/metrics`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

async function scrape({ sources, labels = {}, timeoutMillis = 2_000 }: Omit<MergedMetricsOptions, 'host' | 'port'>): Promise<string> {
  const asked = sources()
  const texts = await Promise.all(asked.map(({ read }) => answerWithin(timeoutMillis, read)))
  const common = Object.entries(labels).map(([name, value]) => `,${name}="${value}"`)
  const alive = [
    `# HELP ${aliveFamily} Whether this app answered: 1, or 0.`,
    `# TYPE ${aliveFamily} gauge`,
    ...asked.map(({ app }, index) => `${aliveFamily}{app="${app}"${common.join('')}} ${texts[index] === null ? 0 : 1}`),
  ].join('\n')
  return mergeExpositions([...texts.filter((text) => text !== null), alive])
}

/** Null where there is no answer in time. */
async function answerWithin(millis: number, read: MetricsSource['read']): Promise<string | null> {
  const late = new AbortController()
  const waiting = systemClock.sleep(millis, late.signal).then(() => null)
  waiting.catch(() => {}) // Aborted: the answer was there first.
  return Promise.race([read().catch(() => null), waiting]).finally(() => late.abort())
}

/** Prometheus wants all lines of a family together, and its HELP and TYPE once. Families in order of their first appearance. */
export function mergeExpositions(texts: readonly string[]): string {
  const families = new Map<string, { header: string[]; samples: string[] }>()
  for (const text of texts) {
    let family: { header: string[]; samples: string[] } | undefined
    const known = new Set(families.keys())
    for (const line of text.split('\n')) {
      const [, name] = /^# (?:HELP|TYPE) (\S+)/.exec(line) ?? []
      if (name !== undefined) {
        family = families.get(name) ?? { header: [], samples: [] }
        families.set(name, family)
        if (!known.has(name)) family.header.push(line)
      } else if (line !== '' && !line.startsWith('#')) family?.samples.push(line)
    }
  }
  return `${[...families.values()].flatMap(({ header, samples }) => (samples.length === 0 ? [] : [...header, ...samples])).join('\n')}\n`
}
