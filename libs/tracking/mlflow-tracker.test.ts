import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { describe, expect, test } from 'vitest'
import { createMlflowTracker, type MlflowOptions } from './mlflow-tracker.ts'

/** A server that answers every request the same, and remembers the authorization it was given. */
async function answering(status: number, body: string) {
  const authorizations: (string | undefined)[] = []
  const server = createServer((request, response) => {
    authorizations.push(request.headers.authorization)
    response.writeHead(status).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { uri: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, authorizations, close: () => server.close() }
}

const tracker = (options: Partial<MlflowOptions> & { uri: string }) =>
  createMlflowTracker({ experiment: 'e', credentials: null, ...options })

describe('an experiment that others write into', () => {
  const info = { run_id: 'a', run_name: 'ours', status: 'FINISHED', start_time: 1, end_time: 2, artifact_uri: 'x' }
  const metrics = [
    { key: 'medianApe', value: 0.1 },
    { key: 'loss', value: 'not a metric' },
  ]
  // One answer for both requests: the experiment, and its runs.
  const answer = (...runs: unknown[]) => JSON.stringify({ experiment: { experiment_id: '1' }, runs })

  test.each([
    ['as text', (body: string) => body.replace('"not a metric"', '"NaN"')],
    ['bare, as older servers write it', (body: string) => body.replace('"not a metric"', 'NaN')],
    ['infinite', (body: string) => body.replace('"not a metric"', '-Infinity')],
  ])('a metric that is no number is left out, and costs nothing else: %s', async (_, change) => {
    const { uri, close } = await answering(200, change(answer({ info, data: { metrics } })))
    expect((await tracker({ uri }).list()).map(({ name, metrics }) => ({ name, metrics }))).toEqual([
      { name: 'ours', metrics: { medianApe: 0.1 } },
    ])
    close()
  })

  test('a run that cannot be read is passed over, and said', async () => {
    const passedOver: number[] = []
    const foreign = [{ info: { run_id: 7 } }, null, { info, data: { metrics } }]
    const { uri, close } = await answering(200, answer({ info, data: {} }, ...foreign))
    expect(await tracker({ uri, onPassedOver: (runs) => passedOver.push(runs) }).list()).toHaveLength(1)
    expect(passedOver).toEqual([3])
    close()
  })
})

describe('what an MLflow server that is unwell leads to', () => {
  test('none there: the address, and which variable says it', async () => {
    const { uri, close } = await answering(200, '{}')
    await new Promise((resolve) => close().once('close', resolve))
    await expect(tracker({ uri }).list()).rejects.toThrow(/MLflow at http:\/\/127\.0\.0\.1:\d+ does not answer .*check MLFLOW_TRACKING_URI/)
  })

  test('an error: what was asked and what it said', async () => {
    const { uri, close } = await answering(503, 'database is locked')
    await expect(tracker({ uri }).list()).rejects.toThrow('with 503: database is locked')
    close()
  })

  test('credentials are sent as the server wants them', async () => {
    const { uri, authorizations, close } = await answering(404, '{}')
    await tracker({ uri, credentials: { username: 'u', password: 'p' } }).list()
    await tracker({ uri, credentials: { token: 't' } }).list()
    await tracker({ uri }).list()
    expect(authorizations).toEqual(['Basic dTpw', 'Bearer t', undefined])
    close()
  })
})
