import { dirname, join } from 'node:path'

/** Comments become blanks, so that lines keep their numbers. A `//` after a colon is an address. */
export function withoutComments(text: string): string {
  const blank = (comment: string) => comment.replace(/[^\n]/g, ' ')
  return text.replace(/\/\*[\s\S]*?\*\//g, blank).replace(/(?<![:'"`])\/\/[^\n]*/g, blank)
}

const statement = /^\s*(?:import|export)\s+(type\b)?(?:[^'";]*?\sfrom\s+)?'([^']+)'/gm
const dynamic = /\bimport\(\s*'([^']+)'\s*\)/g

/** The specifiers that a file loads when it runs: imports of types are erased. Dynamic imports only where asked for. */
export const importsOf = (text: string): string[] =>
  [...withoutComments(text).matchAll(statement)].flatMap(([, type, specifier]) => (type === undefined ? [specifier!] : []))

/** Whatever a file names: types and dynamic imports too. */
export function everyImportOf(text: string): string[] {
  const code = withoutComments(text)
  return [
    ...[...code.matchAll(statement)].map(([, , specifier]) => specifier!),
    ...[...code.matchAll(dynamic)].map(([, specifier]) => specifier!),
  ]
}

const aliases: Readonly<Record<string, string>> = { '#lib/': 'libs/', '#app/': 'apps/', '#schemas/': 'schemas/' }

/** A path inside the repository, or null for packages. */
export function resolveImport(from: string, specifier: string): string | null {
  if (specifier.startsWith('.')) return join(dirname(from), specifier)
  const alias = Object.keys(aliases).find((prefix) => specifier.startsWith(prefix))
  return alias === undefined ? null : aliases[alias]! + specifier.slice(alias.length)
}
