import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import { apps } from '#app/apps.ts'
import { commands } from '#app/cli/commands.ts'
import { noticeOfControl, noticeOfEvent, noticeOfTraining } from '#app/notifier/notices.ts'
import { decisionHeldEvent, modelPromotedEvent, modelRolledBackEvent } from '#lib/market/event.ts'
import type { TrainingRun } from '#schemas/types.ts'

/** What the documents name is there: pages and their headings, files, commands, scripts. */

const root = fileURLToPath(new URL('..', import.meta.url))
const read = (path: string) => readFileSync(join(root, path), 'utf8')
const documents = ['*.md', 'docs/**/*.md', 'k8s/**/*.md', 'tests/fixtures/**/*.md']
  .flatMap((pattern) => globSync(pattern, { cwd: root }))
  .sort()

/** As GitHub makes the anchor of a heading. */
const anchorOf = (heading: string): string =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-')
const anchorsOf = (text: string): string[] => [...text.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => anchorOf(heading!))

const wordsAfter = (text: string, pattern: RegExp): string[] => [...new Set([...text.matchAll(pattern)].map(([, word]) => word!))]

describe.each(documents)('%s', (document) => {
  const text = read(document)

  test('every link leads somewhere', () => {
    const targets = [...text.matchAll(/\]\(([^)\s]+)\)|(?:src|srcset)="([^"]+)"/g)].map(([, link, source]) => link ?? source!)
    const broken = targets.filter((target) => {
      if (/^[a-z]+:/.test(target)) return false
      const [path, anchor] = target.split('#')
      const file = path === '' ? document : join(dirname(document), path!)
      if (!existsSync(join(root, file))) return true
      return anchor !== undefined && !anchorsOf(read(file)).includes(anchor)
    })
    expect(broken).toEqual([])
  })

  test('every file of the code that it names is there', () => {
    const named = [...text.matchAll(/`((?:apps|libs|scripts|tests|schemas|examples|k8s|docs|bin)\/[\w./-]+)`/g)].map(([, path]) => path!)
    expect(named.filter((path) => !existsSync(join(root, path)))).toEqual([])
  })

  test('every command and script that it names is there', () => {
    const words = wordsAfter(text, /npx flipstream ([a-z]+)/g)
    expect(words.filter((word) => !(word in commands) && !(word in apps))).toEqual([])
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> }
    expect(wordsAfter(text, /npm run (?:--silent )?([a-z][\w:-]*)/g).filter((name) => !(name in scripts))).toEqual([])
  })
})

describe('the runbook of learning', () => {
  const headings = [...read('docs/how-to/learning.md').matchAll(/^### (.+)$/gm)].map(([, heading]) => heading)

  test('has what to do for each message about models and rules', () => {
    const seen = { observedAt: 1, origin: 'live', source: 'live' } as const
    const evidence = { block: 0, sales: 1, better: 0, lower: 0, upper: 0, sentence: '' }
    const made = { modelId: 'ID', expected: { modelId: 'a', since: 0 }, reason: '', evidence }
    const training = { trainingId: 't', status: 'failed', reason: '', steps: [{ name: 'STEP', status: 'failed' }], conclusion: '' }
    const notices = [
      ...[modelPromotedEvent, modelRolledBackEvent].map((event) => noticeOfEvent(event({ ...made, featureSetHash: 'f' }, seen))),
      ...(['promote', 'roll_back'] as const).map((kind) => noticeOfEvent(decisionHeldEvent({ ...made, kind }, seen))),
      ...(['pause_rule', 'resume_rule'] as const).map((kind) =>
        noticeOfControl({ kind, subject: 'RULE', by: 'ledger', reason: null, at: 0 }),
      ),
      noticeOfTraining(training as unknown as TrainingRun),
    ]
    expect(notices.filter((notice) => !headings.includes(notice?.title))).toEqual([])
  })

  test('has what to do for each alert about models', () => {
    const rules = parse(read('k8s/components/monitoring/rules.yaml')) as {
      spec: { groups: { name: string; rules: { alert: string }[] }[] }
    }
    const group = rules.spec.groups.find(({ name }) => name === 'flipstream-model')
    expect(group?.rules.map(({ alert }) => alert).filter((alert) => !headings.includes(alert))).toEqual([])
  })

  test('is reached from where people begin', () => {
    for (const page of ['docs/how-to/operate.md', 'docs/how-to/train.md', 'docs/concepts/learning.md'])
      expect(read(page), page).toContain('learning.md)')
  })
})

test('the README is short: what is longer has a page of its own', () => {
  expect(Buffer.byteLength(read('README.md'))).toBeLessThanOrEqual(10_240)
})
