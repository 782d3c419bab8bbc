/**
 * The laws of the house (ARCHITECTURE.md), as a pure function over the committed files:
 *   - an app or a command imports libs, never another app; only the command line's registry and `up` compose apps;
 *   - a lib imports no app;
 *   - no circle between folders;
 *   - what runs in production never imports a test rig (a `testing/` folder, or tests/);
 *   - no folder of more than 24 files.
 * Tests and rigs may import what they like.
 */
import { dirname } from 'node:path'
import type { SourceFile, Violation } from './conventions.ts'
import { everyImportOf, resolveImport } from './imports.ts'

type Arrow = Readonly<{ from: string; to: string; line: number }>

/** "About twenty": beyond that it is two things. */
const largestFolder = 24

const isProduction = (path: string) => /^(apps|libs)\/.*\.(ts|mjs)$/.test(path) && !path.endsWith('.test.ts') && !isRig(path)
const isRig = (path: string) => /(^|\/)testing\//.test(path) || path.startsWith('tests/')
const mayCompose = (path: string) => /^apps\/(apps\.ts|cli\/commands\.ts|cli\/main\.ts|cli\/up\/)/.test(path)

/** The app that a file belongs to: its folder below apps, or its word of the command line. */
const appOf = (path: string): string | null => /^apps\/(cli\/[^/]+(?=\/)|[^/]+(?=\/))/.exec(path)?.[1] ?? null

export function arrowViolations(files: readonly SourceFile[]): Violation[] {
  const production = files.filter(({ path }) => isProduction(path))
  const arrows = production.flatMap(arrowsOf)
  return [...arrows.flatMap(forbidden), ...circles(arrows), ...crowded(production)]
}

const arrowsOf = ({ path, text }: SourceFile): Arrow[] =>
  everyImportOf(text).flatMap((specifier) => {
    const to = resolveImport(path, specifier)
    return to === null ? [] : [{ from: path, to, line: text.slice(0, text.indexOf(`'${specifier}'`)).split('\n').length }]
  })

function forbidden({ from, to, line }: Arrow): Violation[] {
  const violation = (message: string): Violation[] => [{ path: from, line, message: `${message} (${from} → ${to})` }]
  if (isRig(to)) return violation('imports a test rig: production code stands without it')
  if (!to.startsWith('apps/')) return []
  if (from.startsWith('libs/')) return violation('imports an app from a lib: move what both need into a lib')
  if (appOf(from) !== appOf(to) && !mayCompose(from)) return violation('imports one app from another: move what both need into a lib')
  return []
}

function circles(arrows: readonly Arrow[]): Violation[] {
  const targets = new Map<string, Map<string, Arrow>>()
  for (const arrow of arrows) {
    const [from, to] = [dirname(arrow.from), dirname(arrow.to)]
    if (from === to || !/^(apps|libs)\b/.test(to)) continue
    if (!targets.has(from)) targets.set(from, new Map())
    if (!targets.get(from)!.has(to)) targets.get(from)!.set(to, arrow)
  }
  const done = new Set<string>()
  const found: Violation[] = []
  const visit = (folder: string, way: readonly string[]) => {
    if (way.includes(folder)) {
      const circle = [...way.slice(way.indexOf(folder)), folder]
      const { from, line } = targets.get(circle.at(-2)!)!.get(folder)!
      const named = circle.slice(1).map((to, index) => targets.get(circle[index]!)!.get(to)!)
      const arrowNames = named.map((arrow) => `${arrow.from} → ${arrow.to}`).join('; ')
      found.push({ path: from, line, message: `closes a circle of folders: ${circle.join(' → ')} (${arrowNames})` })
      return
    }
    if (done.has(folder)) return
    for (const next of targets.get(folder)?.keys() ?? []) visit(next, [...way, folder])
    done.add(folder)
  }
  for (const folder of targets.keys()) visit(folder, [])
  return found
}

function crowded(files: readonly SourceFile[]): Violation[] {
  const sizes = new Map<string, number>()
  for (const { path } of files) sizes.set(dirname(path), (sizes.get(dirname(path)) ?? 0) + 1)
  return [...sizes]
    .filter(([, size]) => size > largestFolder)
    .map(([folder, size]) => ({
      path: folder,
      line: 1,
      message: `holds ${size} files, expected at most ${largestFolder}: it is two things`,
    }))
}
