/**
 * Writes the manifests that follow from the code: topics from libs/market/topics.ts, users and their ACLs from libs/market/access.ts,
 * the dashboard from grafana-dashboard.ts.
 *   node bin/node.mjs scripts/generate/generate-kubernetes.ts           writes them
 *   node bin/node.mjs scripts/generate/generate-kubernetes.ts --check   fails where they differ
 *   … --prefix g2.                                             for a log rebuilt under a prefix (k8s/README.md, when Kafka is lost)
 */
import { readFileSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { manifests } from './kubernetes-manifests.ts'

const check = process.argv.includes('--check')
const prefix = process.argv.includes('--prefix') ? process.argv[process.argv.indexOf('--prefix') + 1] : ''
const stale = Object.entries(manifests(prefix)).filter(([path, text]) => {
  const file = fileURLToPath(new URL(`../../${path}`, import.meta.url))
  if (check) return readFileSync(file, 'utf8') !== text
  writeFileSync(file, text)
  return false
})
for (const [path] of stale) console.error(`${path} differs from the code: node bin/node.mjs scripts/generate/generate-kubernetes.ts`)
process.exitCode = stale.length === 0 ? 0 : 1
