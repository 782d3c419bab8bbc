import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, test } from 'vitest'
import { apps } from '#app/apps.ts'
import { commands } from '#app/cli/commands.ts'

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
    expect(wordsAfter(text, /npm run (?:--silent )?([a-z][\w:]*)/g).filter((name) => !(name in scripts))).toEqual([])
  })
})

test('the README is short: what is longer has a page of its own', () => {
  expect(Buffer.byteLength(read('README.md'))).toBeLessThanOrEqual(10_240)
})
