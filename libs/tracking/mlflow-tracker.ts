/** An MLflow tracking server, by its REST API 2.0: https://mlflow.org/docs/latest/rest-api.html */
import { z } from 'zod'
import { FatalError } from '#lib/errors/errors.ts'
import type { NewRun, RecordedRun, Tracker } from './tracker.ts'

export type MlflowOptions = Readonly<{
  /** As MLFLOW_TRACKING_URI: http or https. */
  uri: string
  experiment: string
  /** Basic authentication or a bearer token; null where the server wants neither. */
  credentials: Readonly<{ username: string; password: string }> | Readonly<{ token: string }> | null
  /** Told of runs that others wrote into the experiment and that are none of ours to read. */
  onPassedOver?: (runs: number) => void
}>

const answerMillis = 30_000
/** What one request of MLflow takes. */
const maxInBatch = { metrics: 1_000, params: 100 }
const maxParameterLength = 500
const runsInPage = 1_000
const finished = 'FINISHED'

const keyValue = <V extends z.ZodType>(value: V) => z.array(z.object({ key: z.string(), value })).default([])
/** MLflow lets anybody log what is not a number; as text in newer versions, bare in older ones. */
const metricValue = z.union([z.number(), z.enum(['NaN', 'Infinity', '-Infinity'])])
const runSchema = z.object({
  info: z.object({
    run_id: z.string(),
    run_name: z.string().default(''),
    status: z.string(),
    start_time: z.coerce.number(),
    end_time: z.coerce.number().optional(),
    artifact_uri: z.string(),
  }),
  data: z.object({ metrics: keyValue(metricValue), params: keyValue(z.string()) }).prefault({}),
})

/** Every request that fails is a FatalError that names the address and what the server said. */
export function createMlflowTracker({ uri, experiment, credentials, onPassedOver = () => {} }: MlflowOptions): Tracker {
  const root = uri.replace(/\/+$/, '')
  const authorization = credentials === null ? {} : { authorization: authorizationOf(credentials) }

  const request = async (method: string, path: string, body: string | Buffer | null, type: string): Promise<Response> => {
    try {
      const headers = { ...authorization, ...(body === null ? {} : { 'content-type': type }) }
      return await fetch(`${root}/api/2.0/${path}`, {
        method,
        headers,
        body: body as BodyInit | null,
        signal: AbortSignal.timeout(answerMillis),
      })
    } catch (error) {
      const { cause, message } = error as Error
      throw new FatalError(`MLflow at ${root} does not answer (${(cause as Error)?.message ?? message}): check MLFLOW_TRACKING_URI`, {
        cause: error,
      })
    }
  }

  const call = async <Answer>(method: string, path: string, body: object | null, schema: z.ZodType<Answer>): Promise<Answer> => {
    const response = await request(method, `mlflow/${path}`, body === null ? null : JSON.stringify(body), 'application/json')
    const text = await response.text()
    if (!response.ok) throw refusal(path, response.status, text)
    return schema.parse(parseAnswer(text))
  }

  const refusal = (path: string, status: number, text: string): FatalError =>
    new FatalError(`MLflow at ${root} answered ${path} with ${status}: ${text.slice(0, 300)}`)

  /** Null where nothing was ever recorded under that name. */
  const findExperiment = async (): Promise<string | null> => {
    const path = `experiments/get-by-name?experiment_name=${encodeURIComponent(experiment)}`
    const response = await request('GET', `mlflow/${path}`, null, '')
    const text = await response.text()
    if (response.status === 404) return null
    if (!response.ok) throw refusal(path, response.status, text)
    return z.object({ experiment: z.object({ experiment_id: z.string() }) }).parse(parseAnswer(text)).experiment.experiment_id
  }

  /** Two who begin at the same time: one creates it, the other finds it then. */
  const experimentId = async (): Promise<string> => {
    const found = await findExperiment()
    if (found !== null) return found
    try {
      return (await call('POST', 'experiments/create', { name: experiment }, z.object({ experiment_id: z.string() }))).experiment_id
    } catch (error) {
      const created = await findExperiment()
      if (created === null) throw error
      return created
    }
  }

  const logBatches = async (runId: string, { parameters, metrics, endedAt }: NewRun): Promise<void> => {
    const params = Object.entries(parameters).map(([key, value]) => ({ key, value: value.slice(0, maxParameterLength) }))
    const values = Object.entries(metrics).map(([key, value]) => ({ key, value, timestamp: endedAt, step: 0 }))
    for (const part of chunks(params, maxInBatch.params)) await call('POST', 'runs/log-batch', { run_id: runId, params: part }, z.unknown())
    for (const part of chunks(values, maxInBatch.metrics))
      await call('POST', 'runs/log-batch', { run_id: runId, metrics: part }, z.unknown())
  }

  const upload = async (artifactUri: string, path: string, bytes: Buffer): Promise<void> => {
    // Only a server that serves artifacts itself can be given them by HTTP; elsewhere they lie in a store that it does not hand on.
    const served = /^mlflow-artifacts:\/+(.*)$/.exec(artifactUri)?.[1]
    if (served === undefined)
      throw new FatalError(
        `MLflow at ${root} keeps artifacts in ${artifactUri}: start it with --artifacts-destination, so that it serves them`,
      )
    const target = `mlflow-artifacts/artifacts/${[...served.split('/'), ...path.split('/')].map(encodeURIComponent).join('/')}`
    const response = await request('PUT', target, bytes, 'application/octet-stream')
    if (!response.ok) throw refusal(target, response.status, await response.text())
  }

  return {
    place: `MLflow at ${root}, experiment ${experiment}`,

    async record(run) {
      const created = { experiment_id: await experimentId(), run_name: run.name, start_time: run.startedAt }
      const { info } = (await call('POST', 'runs/create', created, z.object({ run: runSchema }))).run
      await logBatches(info.run_id, run)
      for (const { path, bytes } of run.artifacts) await upload(info.artifact_uri, path, bytes)
      // Last: a run that is not finished was not written down whole, and does not count.
      await call('POST', 'runs/update', { run_id: info.run_id, status: finished, end_time: run.endedAt }, z.unknown())
      const { artifacts: _, ...recorded } = run
      return { id: info.run_id, ...recorded }
    },

    async list() {
      const id = await findExperiment()
      if (id === null) return []
      const pageSchema = z.object({ runs: z.array(z.unknown()).default([]), next_page_token: z.string().optional() })
      let passedOver = 0
      const runs: RecordedRun[] = []
      for (let token: string | undefined = ''; token !== undefined; ) {
        const search = { experiment_ids: [id], max_results: runsInPage, ...(token === '' ? {} : { page_token: token }) }
        const page: z.infer<typeof pageSchema> = await call('POST', 'runs/search', search, pageSchema)
        for (const run of page.runs) {
          const read = runSchema.safeParse(run)
          if (!read.success) passedOver++
          else if (read.data.info.status === finished) runs.push(recordedOf(read.data))
        }
        token = page.next_page_token === '' ? undefined : page.next_page_token
      }
      if (passedOver > 0) onPassedOver(passedOver)
      return runs.sort((a, b) => a.endedAt - b.endedAt)
    },
  }
}

const recordedOf = ({ info, data }: z.infer<typeof runSchema>): RecordedRun => ({
  id: info.run_id,
  name: info.run_name,
  startedAt: info.start_time,
  endedAt: info.end_time ?? info.start_time,
  parameters: Object.fromEntries(data.params.map(({ key, value }) => [key, value])),
  metrics: Object.fromEntries(data.metrics.flatMap(({ key, value }) => (typeof value === 'number' ? [[key, value]] : []))),
})

/** JSON, also with the bare NaN and Infinity that Python writes and no standard knows. */
function parseAnswer(text: string): unknown {
  try {
    return JSON.parse(text || '{}')
  } catch {
    return JSON.parse(text.replaceAll(/(:\s*)(NaN|-?Infinity)(?=\s*[,}])/g, '$1"$2"'))
  }
}

function authorizationOf(credentials: NonNullable<MlflowOptions['credentials']>): string {
  if ('token' in credentials) return `Bearer ${credentials.token}`
  return `Basic ${Buffer.from(`${credentials.username}:${credentials.password}`).toString('base64')}`
}

function* chunks<Item>(items: readonly Item[], size: number): Generator<readonly Item[]> {
  for (let from = 0; from < items.length; from += size) yield items.slice(from, from + size)
}
