import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { request } from 'undici'
import { choosePorts } from '#lib/stack/ports.ts'
import { localHost } from '#lib/stack/server.ts'
import { startMergedMetrics } from '#lib/telemetry/merged-metrics.ts'
import { labelsOfRun } from '#lib/telemetry/metrics.ts'
import { listRuns, type Run, runsDirectory } from './runs.ts'
import type { SupervisedApps } from './supervised-apps.ts'

/** Where Prometheus exporters of OpenTelemetry are looked for. */
const preferredPort = 9464
const answerMillis = 1_000
/** Holds the address while it is served. */
const noteOf = (directory: string): string => join(directory, 'metrics-url')

export type RunMetrics = Readonly<{ url: string; close(): Promise<void> }>

/** One /metrics for all apps of a run, on the usual port or the next that is free, and a note of its address for whoever looks for it. */
export async function serveRunMetrics(run: Run, apps: SupervisedApps): Promise<RunMetrics> {
  const sources = () => apps.all().map(({ name, exposition }) => ({ app: name, read: exposition }))
  const serve = (port: number) => startMergedMetrics({ host: localHost, port, sources, labels: labelsOfRun(run.prefix) })
  const { metrics: free = 0 } = await choosePorts({ metrics: preferredPort })
  // Should it have been taken in the meantime, any other will do: no run ends for that.
  const merged = await serve(free).catch(() => serve(0))
  writeFileSync(noteOf(run.directory), merged.url)
  return {
    url: merged.url,
    async close() {
      rmSync(noteOf(run.directory), { force: true })
      await merged.close()
    },
  }
}

/** Runs of this checkout that serve their metrics now, oldest first. A note outlives a process that was killed, so each is asked. */
export async function findRunMetrics(root: string): Promise<readonly Readonly<{ run: string; url: string }>[]> {
  const found = await Promise.all(
    listRuns(root).map(async ({ name: run }) => {
      const url = readNote(join(runsDirectory(root), run))
      return url !== null && (await answers(url, run)) ? [{ run, url }] : []
    }),
  )
  return found.flat()
}

function readNote(directory: string): string | null {
  try {
    return readFileSync(noteOf(directory), 'utf8')
  } catch {
    return null
  }
}

/** By now another run may serve on that port. */
async function answers(url: string, run: string): Promise<boolean> {
  try {
    const { body } = await request(url, { signal: AbortSignal.timeout(answerMillis) })
    return (await body.text()).includes(`run="${run}"`)
  } catch {
    return false
  }
}
