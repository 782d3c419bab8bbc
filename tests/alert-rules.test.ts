import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { apps } from '#app/apps.ts'
import { grafanaDashboard } from '../scripts/generate/grafana-dashboard.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (file: string) => readFileSync(`${root}k8s/components/monitoring/${file}`, 'utf8')

type Alert = { alert: string; expr: string; labels: { severity: string }; annotations: Record<'summary' | 'runbook' | 'dashboard', string> }
type Rule = Alert | { record: string; expr: string }
const allRules = (parse(read('rules.yaml')) as { spec: { groups: { rules: Rule[] }[] } }).spec.groups.flatMap((group) => group.rules)
const rules = allRules.filter((rule) => 'alert' in rule)
const dashboard = grafanaDashboard() as { title: string; panels: { type: string; title: string; targets?: { expr: string }[] }[] }

/** What others export: Kubernetes, Strimzi, Kafka. */
const foreign = /^(kube_|kubelet_|strimzi_|kafka_)/

/** Every metric that our code registers, as Prometheus names it. */
function ourMetrics(): ReadonlySet<string> {
  const names = new Set(['process_resident_memory_bytes', 'process_cpu_seconds_total', 'process_open_fds'])
  for (const file of globSync('{apps,libs}/**/*.ts', { cwd: root, exclude: (name) => name.endsWith('.test.ts') })) {
    for (const [, kind, name, rest] of readFileSync(`${root}${file}`, 'utf8').matchAll(
      /\bmetrics\.(counter|gauge|reading|latency)\(\s*'(\w+)'([^)]*)\)/g,
    )) {
      const endings =
        kind === 'latency'
          ? ['_seconds_bucket', '_seconds_count', '_seconds_sum', ...(/objectiveMillis/.test(rest!) ? ['_missed_total'] : [])]
          : ['']
      for (const ending of endings) names.add(`flipstream_${name}${ending}`)
    }
  }
  return names
}

const metricsOf = (expr: string): string[] =>
  [...expr.replace(/"[^"]*"/g, '').matchAll(/\b(flipstream|process|kube|kubelet|strimzi|kafka)_\w+/g)].map(([name]) => name)

describe('alert rules and dashboard', () => {
  it('use only metrics that exist', () => {
    const known = ourMetrics()
    const queries = [
      ...rules.map(({ alert, expr }) => [alert, expr] as const),
      ...dashboard.panels.flatMap(({ title, targets = [] }) => targets.map(({ expr }) => [title, expr] as const)),
    ]
    const unknown = queries.flatMap(([where, expr]) =>
      metricsOf(expr)
        .filter((name) => !known.has(name) && !foreign.test(name))
        .map((name) => `${where}: ${name}`),
    )
    expect(unknown).toEqual([])
  })

  it('tell what to do, and where to look: a row of the dashboard', () => {
    const rows = dashboard.panels.filter(({ type }) => type === 'row').map(({ title }) => `${dashboard.title} / ${title}`)
    for (const { alert, labels, annotations } of rules) {
      expect(annotations.runbook.length, alert).toBeGreaterThan(60)
      expect(annotations.summary, alert).toMatch(/\.$/)
      expect(rows, alert).toContain(annotations.dashboard)
      expect(['page', 'ticket'], alert).toContain(labels.severity)
    }
  })

  it('are tested one by one, and where all is quiet', () => {
    const tests = ['rules.test.yaml', 'rules-of-days.test.yaml'].flatMap(
      (file) => (parse(read(file)) as { tests: { name: string }[] }).tests,
    )
    const tested = new Set(tests.map(({ name }) => name.split(':')[0]))
    expect(tested).toEqual(new Set(['quiet', ...rules.map(({ alert }) => alert)]))
  })

  it('expect every app there is', () => {
    const expected = allRules.find((rule) => 'record' in rule && rule.record === 'flipstream:app_expected')!.expr
    expect([...expected.matchAll(/"app", "(\w+)"/g)].map(([, app]) => app)).toEqual(Object.keys(apps).sort())
  })

  it('add no namespace or run to another', () => {
    for (const { alert, expr } of rules.filter(({ expr }) => expr.includes('flipstream_')))
      for (const [, by] of expr.matchAll(/\b(?:sum|max|min|group) by \(([^)]*)\)/g))
        expect(by, alert).toMatch(/^namespace, (run|app, pod|pod)/)
  })
})
