import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { stringify } from 'yaml'
import type { Run } from './runs.ts'

/** What a Prometheus needs to follow a run on this machine, written beside the run's logs: the path of the file. `url`: where all its metrics are. */
export function writePrometheusConfig({ directory }: Pick<Run, 'directory'>, url: string): string {
  const { host, pathname } = new URL(url)
  const config = {
    global: { scrape_interval: '5s' },
    scrape_configs: [
      {
        job_name: 'flipstream',
        // Each app has put its own name on its series.
        honor_labels: true,
        metrics_path: pathname,
        // What a cluster would say: the dashboard's panels are by namespace.
        static_configs: [{ targets: [host], labels: { namespace: 'local' } }],
      },
    ],
  }
  const file = join(directory, 'prometheus.yml')
  writeFileSync(file, stringify(config))
  return file
}
