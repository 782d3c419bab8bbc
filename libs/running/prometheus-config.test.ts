import { mkdtempSync, readFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { writePrometheusConfig } from './prometheus-config.ts'

test('a Prometheus is told the one address where the metrics of all apps are, and to leave their labels as they are', () => {
  const directory = mkdtempSync(join(tmpdir(), 'flipstream-prometheus-'))
  const file = writePrometheusConfig({ directory }, 'http://127.0.0.1:9464/metrics')
  const [job] = (parse(readFileSync(file, 'utf8')) as { scrape_configs: object[] }).scrape_configs
  expect(job).toMatchObject({ honor_labels: true, metrics_path: '/metrics', static_configs: [{ targets: ['127.0.0.1:9464'] }] })
})
