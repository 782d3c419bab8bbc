/**
 * The rules of this code base that no linter knows (ARCHITECTURE.md, CONTRIBUTING.md), as pure functions over the committed files.
 * check-conventions.ts runs them. Enums, namespaces and parameter properties are refused by the compiler (erasableSyntaxOnly).
 */
import { arrowViolations } from './arrows.ts'
import { functionLineViolations } from './function-lines.ts'
import { importsOf, resolveImport, withoutComments } from './imports.ts'
import { nameViolations } from './names.ts'
import { realTimeViolations } from './simulated-time.ts'

export type SourceFile = Readonly<{ path: string; text: string }>
export type Violation = Readonly<{ path: string; line: number; message: string }>

type LineRule = Readonly<{
  pattern: RegExp
  appliesTo(path: string): boolean
  message: string
}>

const isCode = (path: string) => /\.(ts|mts|mjs)$/.test(path)
const isTest = (path: string) => path.endsWith('.test.ts')

/** Applied to code without its comments. */
const codeRules: readonly LineRule[] = [
  {
    pattern: /\bDate\.now\(|\bnew Date\(\s*\)|\bMath\.random\(|\brandomUUID\(|\brandomBytes\(/,
    appliesTo: (path) => isCode(path) && !path.startsWith('libs/clock/'),
    message: 'reads the clock or chance: take a Clock, or randomId from libs/clock, so that a replay can give another',
  },
  {
    // One of wall time beside one of monotonic time never passes, or has passed at once.
    pattern: /\bdeadline\b.*(?<!performance)\.now\(\)|(?<!performance)\.now\(\).*\bdeadline\b/,
    appliesTo: isCode,
    message: 'reckons a deadline by wall time, which jumps: use monotonic() on both sides',
  },
  {
    pattern: /\bprocess\.env\b/,
    appliesTo: (path) => path.startsWith('libs/') && isCode(path) && !isTest(path),
    message: 'reads process.env in a library: apps read the environment and pass values in',
  },
  {
    pattern: /\.listObject[s](V2)?\(/,
    appliesTo: isCode,
    message: 'lists a bucket by continuation tokens, which S3Proxy makes endless: use listKeys of libs/objectstore/s3-listing.ts',
  },
  {
    pattern: /^\s*export\s+(type\s+)?(\*|\{[^}]*\})\s*(as\s+\w+\s+)?from\b/,
    appliesTo: isCode,
    message: 're-exports what another file defines: import it from where it is defined (no barrels)',
  },
  {
    pattern: /^\s*export default\b/,
    // Tools load these by their default export.
    appliesTo: (path) => isCode(path) && !/^(vitest\.config\.ts|tests\/(servers|[a-z]+-reporter)\.ts)$/.test(path),
    message: 'exports a default: name what is exported',
  },
  {
    pattern: /^\s*(export\s+)?(abstract\s+)?class\s+\w+(?!.*\bextends\s+\w*Error\b)/,
    appliesTo: (path) => isCode(path) && !isTest(path),
    message: 'declares a class that is not an error: write a factory, createX(options): Port',
  },
  {
    // What is written stays as it is: settings of models and data sets, documents of the simulator. A longest pause is one that was seen.
    pattern: /\b(most|longest)(?!(Leaves|Categories|Examples|Sales|Rows|Page|Pause)\b)[A-Z]\w*/,
    appliesTo: (path) => /\.(ts|js|mjs)$/.test(path) && !path.startsWith('scripts/check/conventions'),
    message: 'names a limit by "most" or "longest": a limit is a max, such as maxSales',
  },
  {
    pattern: /\b(it|test|describe)\.(only|skip|todo|fails)\b/,
    appliesTo: isTest,
    message: 'runs a part of the tests only, or none: nothing is skipped in silence',
  },
  {
    pattern: /['"`](\/root|\/home\/\w+|\/Users\/\w+|\/work|\/tmp)\b/,
    appliesTo: isCode,
    message: 'names a directory of one machine: use a path relative to the file, or os.tmpdir()',
  },
]

/** Addresses that installations take from npm's, Maven's and Docker's own configuration, never from this repository. */
const hostRule: LineRule = {
  pattern:
    /\b(registry\.npmjs\.org|registry\.yarnpkg\.com|repo1?\.maven\.(apache\.)?org|files\.pythonhosted\.org|(?<![\w.])(ghcr|quay|docker)\.io\/|[\w.-]*(artifactory|nexus|jfrog)[\w.-]*\.\w+)/,
  appliesTo: (path) => !/^(LICENSE|NOTICE)/.test(path) && !path.startsWith('scripts/check/conventions'),
  message: 'names the host of a package registry: leave it to the configuration of the tool',
}

/** The documents of schemas are part of their text, and stay as they were published. */
const commentRule: LineRule = {
  pattern: /^\s*(\/\*\*|\*|\/\/)\s+(Of|Null of|NaN of|None of) /,
  appliesTo: (path) => isCode(path) && path !== 'schemas/types.ts',
  message: 'begins a comment with "Of": begin with what it is',
}

/** What a stage of the stream must not reach, through however many files: live, replay, backtest and page run the same code. */
const impureModules =
  /^(kafkajs|undici|minio|@tensorflow\/|graphql-yoga|pino|prom-client|node:(fs|net|http|https|child_process|worker_threads|dgram|tls)|fs$|net$|http$)/

/** Beside the stages stands what loads their bundles, which is not pure and is handed to them. */
const cachesOfStages = /(cache|preload-announced)\.ts$/

export function findViolations(files: readonly SourceFile[]): Violation[] {
  return [
    ...files.flatMap(lineViolations),
    ...barrelViolations(files),
    ...lockFileViolations(files),
    ...impureStages(files),
    ...arrowViolations(files),
    ...realTimeViolations(files),
    ...functionLineViolations(files),
    ...nameViolations(files),
  ]
}

function lineViolations({ path, text }: SourceFile): Violation[] {
  const rules = codeRules.filter(({ appliesTo }) => appliesTo(path))
  const code = rules.length === 0 ? [] : withoutComments(text).split('\n')
  const inCode = rules.flatMap((rule) => matches(path, code, rule))
  const inText = [hostRule, commentRule].filter(({ appliesTo }) => appliesTo(path))
  return [...inCode, ...inText.flatMap((rule) => matches(path, text.split('\n'), rule))]
}

const matches = (path: string, lines: readonly string[], { pattern, message }: LineRule): Violation[] =>
  lines.flatMap((line, index) => (pattern.test(line) ? [{ path, line: index + 1, message }] : []))

const barrelViolations = (files: readonly SourceFile[]): Violation[] =>
  files
    .filter(({ path }) => /(^|\/)index\.(ts|mjs|js)$/.test(path))
    .map(({ path }) => ({ path, line: 1, message: 'is called index: a file is called by what it holds' }))

const lockFileViolations = (files: readonly SourceFile[]): Violation[] =>
  files
    .filter(({ path }) => path === 'package-lock.json')
    .flatMap(({ path, text }) =>
      matches(path, text.split('\n'), {
        pattern: /^\s*"resolved":/,
        appliesTo: () => true,
        message: 'holds an address: the lock file has versions and hashes only (.npmrc: omit-lockfile-registry-resolved)',
      }),
    )

function impureStages(files: readonly SourceFile[]): Violation[] {
  const byPath = new Map(files.map((file) => [file.path, file]))
  return files
    .filter(({ path }) => /^libs\/stages\/[^/]+\.ts$/.test(path) && !isTest(path) && !cachesOfStages.test(path))
    .flatMap(({ path }) => {
      const chain = impureChain(path, byPath, new Set())
      if (chain === null) return []
      return [{ path, line: 1, message: `is to be pure, but reaches ${chain.at(-1)} (${[path, ...chain].join(' → ')})` }]
    })
}

/** The way from a file to a module it must not reach, or null. Imports of types are erased and do not count. */
function impureChain(path: string, files: ReadonlyMap<string, SourceFile>, seen: Set<string>): string[] | null {
  if (seen.has(path)) return null
  seen.add(path)
  for (const specifier of importsOf(files.get(path)?.text ?? '')) {
    if (impureModules.test(specifier)) return [specifier]
    const target = resolveImport(path, specifier)
    if (target === null) continue
    const rest = impureChain(target, files, seen)
    if (rest !== null) return [target, ...rest]
  }
  return null
}
