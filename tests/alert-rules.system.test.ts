import { spawnSync } from 'node:child_process'
import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { parse, stringify } from 'yaml'
import { createCollectorMetrics } from '#app/collector/collector-metrics.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { createRunnerMetrics } from '#lib/stream/runtime/runner-metrics.ts'
import { createLogger } from '#lib/telemetry/logger.ts'
import { createMetrics } from '#lib/telemetry/metrics.ts'

const monitoring = fileURLToPath(new URL('../k8s/components/monitoring/', import.meta.url))
const isHere = spawnSync('promtool', ['--version']).status === 0
if (!isHere) {
  const missing = 'the alert rules cannot be checked: promtool is not there (Debian: apt-get install prometheus)'
  if (process.env['CI'] !== undefined) throw new Error(missing)
  console.error(`NOT CHECKED: ${missing}`)
}

let directory: string
beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'flipstream-rules-'))
  // promtool reads the groups alone, without the resource around them.
  const { spec } = parse(readFileSync(join(monitoring, 'rules.yaml'), 'utf8')) as { spec: unknown }
  writeFileSync(join(directory, 'rules.yaml'), stringify(spec))
})
afterAll(() => rmSync(directory, { recursive: true }))

const promtool = (args: readonly string[], input = '') => {
  const { status, stdout, stderr } = spawnSync('promtool', args, { cwd: directory, encoding: 'utf8', input })
  return { status, text: `${stdout}${stderr}` }
}

it.skipIf(!isHere)('the alert rules are such that promtool has nothing to say', () => {
  expect(promtool(['check', 'rules', '--lint=all', '--lint-fatal', 'rules.yaml'])).toMatchObject({
    status: 0,
    text: expect.stringContaining('SUCCESS'),
  })
})

it.skipIf(!isHere).each(['rules.test.yaml', 'rules-of-days.test.yaml'])(
  'the alert rules fire when they should, and not before: %s',
  (file) => {
    copyFileSync(join(monitoring, file), join(directory, file))
    expect(promtool(['test', 'rules', file])).toMatchObject({ status: 0, text: expect.stringContaining('SUCCESS') })
  },
  600_000,
)

it.skipIf(!isHere)('what apps export is such that promtool has nothing to say', async () => {
  const [metrics, ofSource] = [createMetrics('trial', { run: 'trial' }), createMetrics('source', { run: 'trial' })]
  createRunnerMetrics(metrics).lag({ topic: 'a', partition: 0 }, { records: 1, seconds: 1 })
  createCollectorMetrics(ofSource, createLogger('trial', 'silent'), systemClock).poll(5)
  metrics.latency('listing_to_alert', 'From the collector holding the answer to the alert read here.', { objectiveMillis: 1_000 }).record(3)
  for (const exported of [metrics, ofSource])
    expect(promtool(['check', 'metrics'], await exported.prometheus())).toEqual({ status: 0, text: '' })
})
