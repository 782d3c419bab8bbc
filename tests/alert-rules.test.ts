import { globSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { grafanaDashboard } from '../scripts/grafana-dashboard.ts'

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (file: string) => readFileSync(`${root}k8s/components/monitoring/${file}`, 'utf8')

type Rule = { alert: string; expr: string; labels: { severity: string }; annotations: Record<'summary' | 'runbook' | 'dashboard', string> }
const rules = (parse(read('rules.yaml')) as { spec: { groups: { rules: Rule[] }[] } }).spec.groups.flatMap((group) => group.rules)
const dashboard = grafanaDashboard() as { title: string; panels: { type: string; title: string; targets?: { expr: string }[] }[] }

/** Of others: Kubernetes' own and Strimzi's. */
const foreign = /^(kube_|kubelet_|strimzi_)/

/** Every metric that our code registers, as Prometheus names it. */
function ourMetrics(): ReadonlySet<string> {
  const names = new Set(['process_resident_memory_bytes', 'process_cpu_seconds'])
  for (const file of globSync('{apps,libs}/**/*.ts', { cwd: root, exclude: (name) => name.endsWith('.test.ts') })) {
    for (const [, kind, name, rest] of readFileSync(`${root}${file}`, 'utf8').matchAll(
      /\bmetrics\.(counter|gauge|latency)\(\s*'(\w+)'([^)]*)\)/g,
    )) {
      const endings = kind === 'latency' ? ['_seconds', '_count', ...(/objectiveMillis/.test(rest!) ? ['_missed_total'] : [])] : ['']
      for (const ending of endings) names.add(`flipstream_${name}${ending}`)
    }
  }
  return names
}

const metricsOf = (expr: string): string[] =>
  [...expr.replace(/"[^"]*"/g, '').matchAll(/\b(flipstream|process|kube|kubelet|strimzi)_\w+/g)].map(([name]) => name)

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
    for (const [where, expr] of queries) expect(metricsOf(expr), where).not.toEqual([])
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

  it('are tested one by one', () => {
    const { tests } = parse(read('rules.test.yaml')) as { tests: { name: string }[] }
    expect(tests.map(({ name }) => name)).toEqual(rules.map(({ alert }) => alert))
  })
})
