import { execFile, spawnSync } from 'node:child_process'
import { existsSync, readdirSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { parseAllDocuments } from 'yaml'

/** Starts a real API server and prints its kubeconfig. */
const tool = process.env['KUBE_API_TOOL'] ?? ''
const isHere = existsSync(tool) && spawnSync('kubectl', ['version', '--client']).status === 0
if (!isHere)
  console.error(
    `NOT CHECKED: the manifests in k8s/, against a real API server. It takes kubectl and KUBE_API_TOOL, a program that starts one (found '${tool}')`,
  )

const k8s = fileURLToPath(new URL('../k8s/', import.meta.url))
const examples = ['replay', 'managed-kafka', 'ingress']
const applied = [
  ...readdirSync(`${k8s}overlays`).map((overlay) => `overlays/${overlay}`),
  ...examples.map((example) => `examples/${example}`),
]
/** The tool may have to build its server first. */
const startMillis = 1_200_000

type Template = { metadata?: object; spec: { volumes?: object[] } }
type Resource = {
  apiVersion: string
  kind: string
  metadata: { name: string; namespace?: string }
  spec?: { template?: Template; volumeClaimTemplates?: { metadata: { name: string } }[]; jobTemplate?: { spec: { template: Template } } }
}

describe.skipIf(!isHere)('the manifests, on a real API server', () => {
  let kubeconfig: string
  beforeAll(async () => {
    kubeconfig = (await promisify(execFile)(tool, ['up'])).stdout.trim()
  }, startMillis)
  afterAll(() => void spawnSync(tool, ['down']))

  const kubectl = (args: readonly string[], input = '') => {
    const env = { ...process.env, KUBECONFIG: kubeconfig }
    const { status, stdout, stderr } = spawnSync('kubectl', args, { env, input, encoding: 'utf8', maxBuffer: 64e6 })
    return { accepted: status === 0, stdout, said: stderr }
  }
  const resourcesOf = (directory: string): Resource[] => {
    const { accepted, stdout, said } = kubectl(['kustomize', directory])
    if (!accepted) throw new Error(said)
    return parseAllDocuments(stdout).map((document) => document.toJS() as Resource)
  }
  const dryRun = (items: readonly unknown[]) =>
    kubectl(['apply', '--dry-run=server', '--validate=strict', '-f', '-'], JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
  /** Namespaces must exist for what is in them to be looked at. */
  const withNamespace = (resources: readonly Resource[]): readonly Resource[] => {
    const { accepted, said } = kubectl(['apply', '-f', '-'], JSON.stringify(resources.find(({ kind }) => kind === 'Namespace')))
    if (!accepted) throw new Error(said)
    return resources
  }
  const podsOf = (resources: readonly Resource[]) =>
    resources.flatMap(({ spec, metadata }) => {
      const template = spec?.template ?? spec?.jobTemplate?.spec.template
      if (template === undefined) return []
      // What a StatefulSet makes of its claims.
      const claims = (spec?.volumeClaimTemplates ?? []).map(({ metadata: { name } }) => ({
        name,
        persistentVolumeClaim: { claimName: name },
      }))
      const pod = { ...template.spec, volumes: [...(template.spec.volumes ?? []), ...claims] }
      return [{ apiVersion: 'v1', kind: 'Pod', metadata: { name: metadata.name, namespace: metadata.namespace }, spec: pod }]
    })

  it.each(applied)('%s is accepted, strictly', (directory) => {
    const { accepted, said } = dryRun(withNamespace(resourcesOf(`${k8s}${directory}`)))
    expect(said).toBe('')
    expect(accepted).toBe(true)
  })

  it.each(applied)('%s: every pod is accepted by a namespace that enforces the level “restricted”', (directory) => {
    const pods = podsOf(withNamespace(resourcesOf(`${k8s}${directory}`)))
    expect(pods.length).toBeGreaterThan(8)
    const { accepted, said } = dryRun(pods)
    expect(said).toBe('')
    expect(accepted).toBe(true)
    const asRoot = pods.slice(0, 1).map((pod) => ({ ...pod, spec: { ...pod.spec, securityContext: { runAsUser: 0 } } }))
    expect(dryRun(asRoot).said).toMatch(/violates PodSecurity "restricted/)
  })
})
