import { type ASTNode, Environment } from '@marcbachmann/cel-js'
import { median } from '#lib/numbers/median.ts'
import type { ScoredListing } from '#schemas/types.ts'
import { worstCaseSteps } from './expression-cost.ts'
import { type ExpressionRecord, expressionRecord, registerRecord, variables } from './expression-record.ts'
import type { Costs } from './rule-set.ts'

/** An expression that cannot be used, and where in its text. */
export class ExpressionError extends Error {
  override readonly name = 'ExpressionError'
  readonly offset: number
  constructor(message: string, offset: number, options?: ErrorOptions) {
    super(message, options)
    this.offset = offset
  }
}

/** What an expression says of one listing. `unanswerable`: it asks for what is not there, such as the third of two sales. */
export type Answer = Readonly<{ type: 'yes' | 'no' }> | Readonly<{ type: 'unanswerable'; problem: string }>

export type Expression = Readonly<{
  answer(scored: ScoredListing, costs: Costs): Answer
  /** The parts of the record that it names, with their values: what a person checks it by. */
  evidence(scored: ScoredListing, costs: Costs): ReadonlyArray<readonly [name: string, value: string | number | boolean]>
}>

const longest = 2_000
/** About a hundredth of a second, once per rule and listing. */
const maxSteps = 100_000

/** Plain CEL refuses `double > 2 * int`, which is what people write. */
function createEnvironment(): Environment {
  const environment = new Environment({ homogeneousAggregateLiterals: false, limits: { maxAstNodes: 2_000, maxDepth: 60 } })
  registerRecord(environment)
  const arithmetic: Readonly<Record<string, (left: number, right: number) => number>> = {
    '+': (left, right) => left + right,
    '-': (left, right) => left - right,
    '*': (left, right) => left * right,
    '/': (left, right) => left / right,
  }
  for (const [operator, apply] of Object.entries(arithmetic))
    for (const mix of [`double ${operator} int`, `int ${operator} double`])
      environment.registerOperator(mix, (left: number | bigint, right: number | bigint) => apply(Number(left), Number(right)))
  environment.registerOperator('double == int', (left: number, right: bigint) => left === Number(right))
  environment.registerOperator('double % double', (left: number, right: number) => left % right)
  environment.registerFunction('known(double): bool', (value: number) => !Number.isNaN(value))
  environment.registerFunction('min(double, double): double', (left: number, right: number) => Math.min(left, right))
  environment.registerFunction('max(double, double): double', (left: number, right: number) => Math.max(left, right))
  environment.registerFunction('median(list<double>): double', median)
  return environment
}

const environment = createEnvironment()

/** Checks an expression whole, types included. Throws ExpressionError. */
export function compileExpression(text: string): Expression {
  if (text.length > longest) throw new ExpressionError(`expected at most ${longest} characters, found ${text.length}`, longest)
  const { ast } = parse(text, (offset) => offset)
  const nodes = nodesOf(ast)
  refuseRegularExpressions(nodes)
  refuseEndlessWork(ast)
  const { widened, offsetIn } = widen(text, nodes)
  const program = parse(widened, offsetIn)
  const { valid, type, error } = program.check()
  if (!valid) throw errorOf(error, offsetIn)
  if (type !== 'bool') throw new ExpressionError(`expected something true or false (bool), found ${type}`, 0)
  const paths = [...new Set(nodes.flatMap((node) => pathOf(node) ?? []))]
  return {
    answer: (scored, costs) => {
      try {
        return { type: program({ ...recordOf(scored, costs) }) === true ? 'yes' : 'no' }
      } catch (error) {
        return { type: 'unanswerable', problem: summaryOf(error) }
      }
    },
    evidence: (scored, costs) => paths.flatMap((path) => valueAt(recordOf(scored, costs), path)),
  }
}

/**
 * Every mistake of an expression, in its order; none where it can be used. The library's checker stops at the first one, so each part
 * between `&&` and `||` is checked by itself. What cannot be parsed has one mistake: behind it nothing is certain.
 */
export function mistakesIn(text: string): ExpressionError[] {
  const whole = mistakeOf(text)
  if (whole === null) return []
  const parts = text.length > longest ? [] : partsOf(text)
  const found = parts.flatMap((part) => {
    const mistake = mistakeOf(textOf(part, text))
    return mistake === null ? [] : new ExpressionError(mistake.message, part.start + mistake.offset, { cause: mistake })
  })
  return found.length === 0 ? [whole] : found
}

function mistakeOf(text: string): ExpressionError | null {
  try {
    compileExpression(text)
    return null
  } catch (error) {
    if (error instanceof ExpressionError) return error
    throw error
  }
}

/** A node may end before the brackets that it opens. */
function textOf({ start, end }: ASTNode, text: string): string {
  for (let until = end; ; ) {
    const part = text.slice(start, until)
    const bracket = /^\s*\)/.exec(text.slice(until))
    if (bracket === null || isParsed(part)) return part
    until += bracket[0].length
  }
}

function isParsed(text: string): boolean {
  try {
    environment.parse(text)
    return true
  } catch {
    return false
  }
}

/** None where it cannot be parsed. Names that a macro binds are known within one part only, so no part reaches into one. */
function partsOf(text: string): ASTNode[] {
  const within = (node: ASTNode): ASTNode[] =>
    node.op === '&&' || node.op === '||' ? (node.args as [ASTNode, ASTNode]).flatMap(within) : [node]
  try {
    return within(environment.parse(text).ast)
  } catch {
    return []
  }
}

type Program = ReturnType<Environment['parse']>

function parse(text: string, offsetIn: (offset: number) => number): Program {
  try {
    return environment.parse(text)
  } catch (error) {
    throw errorOf(error, offsetIn)
  }
}

const summaryOf = (error: unknown): string => (error as { summary?: string }).summary ?? ((error as Error).message.split('\n')[0] as string)

function errorOf(error: unknown, offsetIn: (offset: number) => number): ExpressionError {
  const { range } = error as { range?: { start: number } }
  return new ExpressionError(summaryOf(error), offsetIn(range?.start ?? 0), { cause: error })
}

/** One record is judged by many rules: it is translated once. */
const translated = new WeakMap<ScoredListing, Costs & { record: ExpressionRecord }>()

function recordOf(scored: ScoredListing, costs: Costs): ExpressionRecord {
  const known = translated.get(scored)
  if (known?.feeRatio === costs.feeRatio && known.gasUsd === costs.gasUsd) return known.record
  const { feeRatio, gasUsd } = costs
  const record = expressionRecord(scored, costs)
  translated.set(scored, { feeRatio, ...(gasUsd !== undefined && { gasUsd }), record })
  return record
}

/** Every node, the outermost first. A node's arguments are nodes, names, and lists of these. */
function nodesOf(root: ASTNode): ASTNode[] {
  const isNode = (value: unknown): value is ASTNode => typeof value === 'object' && value !== null && 'op' in value
  const within = (value: unknown): ASTNode[] =>
    isNode(value) ? [value, ...within(value.args)] : Array.isArray(value) ? value.flatMap(within) : []
  return within(root)
}

function refuseRegularExpressions(nodes: readonly ASTNode[]): void {
  const call = nodes.find(({ op, args }) => (op === 'rcall' || op === 'call') && (args as unknown[])[0] === 'matches')
  if (call === undefined) return
  const message = 'matches() is not offered, a pattern could hold up every alert: use ==, in, startsWith, endsWith or contains'
  throw new ExpressionError(message, call.start)
}

function refuseEndlessWork(ast: ASTNode): void {
  const steps = worstCaseSteps(ast)
  if (steps <= maxSteps) return
  const found = Number.isFinite(steps) ? steps.toPrecision(2) : 'no end'
  const message = `expected at most ${maxSteps} steps a listing, found up to ${found}: nest fewer lists in all, exists, filter and map`
  throw new ExpressionError(message, ast.start)
}

const macros: readonly unknown[] = ['all', 'exists', 'exists_one', 'filter', 'map']

/**
 * Whole numbers in the text become doubles (`1 / 2` is a half, as people expect), but for positions: in a list, and in calls such as
 * `substring(0, 3)`. `offsetIn` finds a place of the widened text in the original.
 */
function widen(text: string, nodes: readonly ASTNode[]): { widened: string; offsetIn(offset: number): number } {
  const isWhole = ({ op, args }: ASTNode) => op === 'value' && typeof args === 'bigint'
  const positions = new Set(
    nodes.flatMap(({ op, args }) => {
      const list = args as unknown[]
      if (op === '[]' || op === '[?]') return [list[1] as ASTNode]
      return op === 'rcall' && !macros.includes(list[0]) ? (list[2] as ASTNode[]) : []
    }),
  )
  const ends = nodes
    .filter((node) => isWhole(node) && !positions.has(node) && /^\d+$/.test(text.slice(node.start, node.end)))
    .map(({ end }) => end)
    .sort((a, b) => a - b)
  const point = '.0'
  const pieces = [0, ...ends].map((start, index) => text.slice(start, ends[index] ?? text.length))
  const offsetIn = (offset: number) => offset - point.length * ends.filter((end, index) => end + index * point.length < offset).length
  return { widened: pieces.join(point), offsetIn }
}

/** `item.parts.back`, of a node that says so; null of every other. */
function pathOf({ op, args }: ASTNode): string | null {
  if (op === 'id') return Object.hasOwn(variables, args as string) ? (args as string) : null
  if (op !== '.') return null
  const [record, field] = args as unknown as [ASTNode, string]
  const path = pathOf(record)
  return path === null ? null : `${path}.${field}`
}

function valueAt(record: ExpressionRecord, path: string): [string, string | number | boolean][] {
  const value = path.split('.').reduce<unknown>((from, field) => (from as Record<string, unknown>)[field], record)
  return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? [[path, value]] : []
}
