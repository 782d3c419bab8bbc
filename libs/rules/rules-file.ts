import { type Document, isMap, isNode, isScalar, LineCounter, type ParsedNode, parseDocument, visit } from 'yaml'
import type { z } from 'zod'
import { defaultRules } from './presets.ts'
import { type RuleSet, ruleSetSchema } from './rule-set.ts'

/** One mistake in a rules file. Lines and columns count from 1. */
export type RulesFileProblem = Readonly<{ line: number; column: number; message: string }>

/** A rules file that cannot be used: every mistake at once, one a line as `file:line:column: message`. */
export class RulesFileError extends Error {
  override readonly name = 'RulesFileError'
  readonly problems: readonly RulesFileProblem[]
  constructor(fileName: string, problems: readonly RulesFileProblem[]) {
    const shown = problems.slice(0, maxProblems)
    const rest = problems.length > shown.length ? [`${fileName}: the first ${shown.length} of ${problems.length} or more mistakes`] : []
    super([...shown.map(({ line, column, message }) => `${fileName}:${line}:${column}: ${message}`), ...rest].join('\n'))
    this.problems = shown
  }
}

/** A hundred rules of a thousand characters each. Reading YAML takes longer the more there is in it: beyond this it would be seconds. */
const maxCharacters = 100_000
/** Nobody reads further; and telling where each stands takes a look through its neighbours. */
const maxProblems = 50

type Path = readonly (string | number)[]
type Source = Readonly<{ text: string; document: Document.Parsed<ParsedNode>; lines: LineCounter }>

/**
 * Rules as people write them (YAML) into the rule set that is published, judged by and hashed. What a file leaves out is as in the preset
 * `default`; a rule says `when` (a CEL expression) or `forecast` (as the presets do). Types of expressions are checked here, so that what
 * loads can be judged. Throws RulesFileError.
 */
export function parseRulesFile(text: string, fileName: string): RuleSet {
  if (text.length > maxCharacters)
    throw new RulesFileError(fileName, [
      { line: 1, column: 1, message: `expected at most ${maxCharacters} characters, found ${text.length}` },
    ])
  const lines = new LineCounter()
  const source = { text, document: parseYaml(text, lines, fileName), lines }
  const { document } = source
  const failed = document.errors.slice(0, maxProblems + 1).map(({ pos, message }) => problemAt(source, pos[0], message))
  if (failed.length > 0) throw new RulesFileError(fileName, failed)
  const repeated = repeatedKeys(source)
  if (repeated.length > 0) throw new RulesFileError(fileName, repeated)
  let written: unknown
  try {
    written = document.toJS()
  } catch (error) {
    throw new RulesFileError(fileName, [{ line: 1, column: 1, message: (error as Error).message }])
  }
  const contradictions = [
    ...rulesIn(written).flatMap((rule, index) => contradictionOf(rule, index, source)),
    ...repeatedNames(rulesIn(written), source),
  ]
  const parsed = ruleSetSchema.safeParse(completed(written))
  if (parsed.success && contradictions.length === 0) return parsed.data
  const schemaIssues = parsed.success ? [] : parsed.error.issues.filter((issue) => !isAboutNames(issue)).slice(0, maxProblems + 1)
  const issues = schemaIssues.flatMap((issue) => problemsOf(issue, source))
  const problems = [...contradictions, ...issues].sort((a, b) => a.line - b.line || a.column - b.column)
  throw new RulesFileError(fileName, problems)
}

/** Keys are looked at below: the parser compares each with all before it, which took minutes for some ten thousand. */
function parseYaml(text: string, lines: LineCounter, fileName: string): Source['document'] {
  try {
    return parseDocument(text, { lineCounter: lines, prettyErrors: false, uniqueKeys: false })
  } catch (error) {
    // Brackets within brackets by the thousand are beyond its stack.
    throw new RulesFileError(fileName, [{ line: 1, column: 1, message: `expected YAML that can be read: ${(error as Error).message}` }])
  }
}

function repeatedKeys(source: Source): RulesFileProblem[] {
  const problems: RulesFileProblem[] = []
  visit(source.document, {
    Map(_, { items }) {
      const seen = new Set<unknown>()
      for (const { key } of items) {
        if (!isScalar(key)) continue
        if (seen.has(key.value)) problems.push(problemAt(source, key.range?.[0] ?? 0, `expected each key once, found ${key.value} again`))
        if (problems.length > maxProblems) return visit.BREAK
        seen.add(key.value)
      }
      return undefined
    },
  })
  return problems
}

type Fields = Readonly<Record<string, unknown>>

const isFields = (value: unknown): value is Fields => typeof value === 'object' && value !== null && !Array.isArray(value)

const rulesIn = (written: unknown): readonly unknown[] => (isFields(written) && Array.isArray(written['rules']) ? written['rules'] : [])

/** Given over usual; what is given and no mapping stays as it is, to be refused. */
const over = (usual: Fields, given: unknown): unknown => (given === undefined ? usual : isFields(given) ? { ...usual, ...given } : given)

function completed(written: unknown): unknown {
  if (!isFields(written)) return written
  const { version, feeRatio, guards } = defaultRules
  const rules = Array.isArray(written['rules']) ? written['rules'].map(completedRule) : written['rules']
  return { version, feeRatio, ...written, guards: over(guards, written['guards']), rules }
}

/** A filter written by hand is taken at its word: no second check unless it asks for one. */
function completedRule(written: unknown): unknown {
  if (!isFields(written)) return written
  const { cooldown, deadlineSeconds, secondCheck } = defaultRules.rules[0]!
  const { when, ...rule } = written
  const byHand = when !== undefined
  return {
    deadlineSeconds,
    secondCheck: byHand ? { kind: 'none' } : secondCheck,
    ...rule,
    ...(byHand ? { forecast: { kind: 'expression', when } } : {}),
    cooldown: over(cooldown, written['cooldown']),
  }
}

function contradictionOf(rule: unknown, index: number, source: Source): RulesFileProblem[] {
  if (!isFields(rule) || (rule['when'] === undefined) !== (rule['forecast'] === undefined)) return []
  const both = rule['when'] !== undefined
  const found = both ? 'both' : 'neither'
  const message = `expected either when (an expression) or forecast, found ${found}`
  return [problemAt(source, offsetOf(['rules', index, ...(both ? ['when'] : [])], source), message)]
}

/** The schema asks for it only where nothing else is wrong. */
const isAboutNames = ({ code, path }: z.core.$ZodIssue): boolean => code === 'custom' && path.length === 1 && path[0] === 'rules'

function repeatedNames(rules: readonly unknown[], source: Source): RulesFileProblem[] {
  const met = new Set<unknown>()
  return rules.flatMap((rule, index) => {
    const name = isFields(rule) ? rule['name'] : undefined
    if (typeof name !== 'string' || !met.has(name)) {
      met.add(name)
      return []
    }
    return [
      problemAt(source, offsetOf(['rules', index, 'name'], source), `rules.${index}.name: expected every rule to have a name of its own`),
    ]
  })
}

/** Issues of the completed rule set, at the places of the file they come from. */
function problemsOf(issue: z.core.$ZodIssue, source: Source): RulesFileProblem[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol')
  const written = path
    .join('.')
    .replace(/^(rules\.\d+)\.forecast\.when$/, '$1.when')
    .split('.')
  const steps = written.map((step) => (/^\d+$/.test(step) ? Number(step) : step))
  const where = steps.filter((step) => step !== '')
  if (issue.code === 'unrecognized_keys')
    return issue.keys
      .slice(0, maxProblems + 1)
      .map((key) => problemAt(source, keyOffsetOf([...where, key], source), `expected no member called ${key}`))
  const name = where.join('.') || 'the document'
  const offset = issue.code === 'custom' && typeof issue.params?.['offset'] === 'number' ? issue.params['offset'] : null
  if (offset !== null) return [problemAt(source, offsetInText(where, offset, source), `${name}: ${issue.message}`)]
  // A rule without when and forecast is told of as such.
  if (/^rules\.\d+\.forecast$/.test(name) && nodeAt(where, source) === null) return []
  return [problemAt(source, offsetOf(where, source), `${name}: ${issue.message}`)]
}

function problemAt({ lines }: Source, offset: number, message: string): RulesFileProblem {
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(1, line), column: Math.max(1, col), message: message.split('\n')[0]! }
}

function nodeAt(path: Path, { document }: Source): ParsedNode | null {
  const node = path.length === 0 ? document.contents : document.getIn(path, true)
  return isNode(node) ? (node as ParsedNode) : null
}

/** Where something stands in the file; of what is missing, where it should have been. */
function offsetOf(path: Path, source: Source): number {
  for (let length = path.length; length >= 0; length--) {
    const node = nodeAt(path.slice(0, length), source)
    if (node?.range != null) return node.range[0]
  }
  return 0
}

function keyOffsetOf(path: Path, source: Source): number {
  const parent = nodeAt(path.slice(0, -1), source)
  const pair = isMap(parent) ? parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1)) : undefined
  const key = pair?.key
  return isNode(key) && key.range != null ? key.range[0] : offsetOf(path, source)
}

/**
 * A place in the value of a text, found in the file: both are walked side by side, as indentation, line breaks and quotes are in the file
 * only.
 */
function offsetInText(path: Path, offset: number, source: Source): number {
  const node = nodeAt(path, source)
  if (!isScalar(node) || node.range == null || typeof node.value !== 'string') return offsetOf(path, source)
  const [start, end] = node.range
  const isBlock = node.type === 'BLOCK_LITERAL' || node.type === 'BLOCK_FOLDED'
  let at = isBlock ? source.text.indexOf('\n', start) + 1 : start
  for (const character of node.value.slice(0, offset)) {
    if (/\s/.test(character)) continue
    while (at < end && source.text[at] !== character[0]) at++
    at += character.length
  }
  const next = node.value[offset]
  if (next !== undefined) while (at < end && source.text[at] !== next) at++
  return Math.min(at, end)
}
