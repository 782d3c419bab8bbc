import type { ASTNode } from '@marcbachmann/cel-js'
import { variables } from './expression-record.ts'

/**
 * How much a value may be: elements of a list or a map, characters of a text, 1 for anything else. `of`: what its elements are.
 * An upper bound, made of the expression alone: it must hold for every record that the expression will ever be asked about.
 */
type Extent = Readonly<{ size: number; element: Extent }>

/** Known bindings: the variables of comprehensions. */
type Scope = ReadonlyMap<string, Extent>

const makeExtent = (size: number, element?: Extent): Extent => {
  const extent: { size: number; element: Extent } = { size, element: element ?? scalar }
  return extent
}
const scalar: Extent = (() => {
  const itself = { size: 1 } as { size: number; element: Extent }
  itself.element = itself
  return itself
})()

/** What is no list in a record: a text at the longest. Names, addresses and ids are shorter. */
const text = makeExtent(64)
/** Sales and asks like this one: the enricher keeps five and three. */
const lists: ReadonlySet<string> = new Set(Object.entries(variables).flatMap(([name, type]) => (type.startsWith('list') ? [name] : [])))
const listed = makeExtent(8, text)

const larger = (one: Extent, other: Extent): Extent => {
  if (one === other || other === scalar) return one
  if (one === scalar) return other
  return makeExtent(Math.max(one.size, other.size), larger(one.element, other.element))
}

/** Comparing and concatenating go through the elements, and those of the elements. */
const weightOf = (extent: Extent, depth = 3): number =>
  extent === scalar || depth === 0 ? 1 : extent.size * weightOf(extent.element, depth - 1)

const macros: ReadonlySet<string> = new Set(['all', 'exists', 'exists_one', 'filter', 'map'])
/** Calls whose answer is one number, or yes or no, however long what they look at. */
const measuring: ReadonlySet<string> = new Set(
  ['size', 'contains', 'startsWith', 'endsWith', 'indexOf', 'lastIndexOf', 'at', 'has', 'hasValue', 'known', 'median', 'min', 'max'].concat(
    ['double', 'int', 'uint', 'bool'],
  ),
)

function answerOf(name: string, parts: readonly Extent[]): Extent {
  if (measuring.has(name)) return scalar
  const whole = parts.reduce(larger, scalar)
  if (name === 'split') return makeExtent(whole.size, makeExtent(whole.size))
  if (name === 'join') return makeExtent(whole.size * (whole.element.size + Math.max(...parts.slice(1).map(({ size }) => size), 0)))
  return name === 'hex' ? makeExtent(whole.size * 2) : whole
}

/**
 * The most steps that one evaluation may take, whatever the record. CEL ends always, but `xs.all(a, xs.all(b, …))` takes the product of
 * its lists, and `map(l, l + l)` doubles them each time: a rule like that would hold up every alert, so it is refused when it is loaded.
 */
export function worstCaseSteps(root: ASTNode): number {
  let steps = 0

  /** Walks what is evaluated once per entry of `times`, and tells the extent of its value. */
  function visit(node: ASTNode, scope: Scope, times: number): Extent {
    steps += times
    const inside = (value: unknown) => visit(value as ASTNode, scope, times)
    const { op } = node
    const args = node.args as unknown
    if (op === 'value') return typeof args === 'string' ? makeExtent(args.length) : scalar
    if (op === 'id') return scope.get(args as string) ?? (lists.has(args as string) ? listed : text)
    if (op === 'list') return list(args as unknown[], inside)
    if (op === 'map') return list((args as unknown[][]).flat(), inside)
    if (op === 'call' || op === 'rcall') return call(node, scope, times)
    if (op === '.' || op === '.?') return larger(inside((args as unknown[])[0]).element, text)
    const parts = (Array.isArray(args) ? args : [args]).map(inside)
    if (op === '[]' || op === '[?]') return parts[0]!.element
    if (op === '?:') return larger(parts[1]!, parts[2]!)
    if (op === '+') return joined(parts as [Extent, Extent], times)
    if (op === 'in' || op === '==' || op === '!=') steps += times * Math.max(...parts.map((part) => weightOf(part)))
    return scalar
  }

  function list(entries: readonly unknown[], inside: (entry: unknown) => Extent): Extent {
    return makeExtent(entries.length, entries.map(inside).reduce(larger, scalar))
  }

  function joined([left, right]: readonly [Extent, Extent], times: number): Extent {
    if (left === scalar && right === scalar) return scalar
    const size = left.size + right.size
    steps += times * size
    return makeExtent(size, larger(left.element, right.element))
  }

  function call({ op, args }: ASTNode, scope: Scope, times: number): Extent {
    const [name, ...rest] = args as unknown as [string, ...unknown[]]
    const [receiver, given] = (op === 'rcall' ? rest : [null, rest[0]]) as [ASTNode | null, ASTNode[]]
    if (receiver !== null && macros.has(name)) return comprehension(name, receiver, given, scope, times)
    if (name === 'bind' && given.length === 3) {
      const [variable, value, body] = given as [ASTNode, ASTNode, ASTNode]
      return visit(body, new Map(scope).set(variable.args as unknown as string, visit(value, scope, times)), times)
    }
    const parts = [...(receiver === null ? [] : [receiver]), ...given].map((part) => visit(part, scope, times))
    steps += times * parts.reduce((sum, part) => sum + weightOf(part), 0)
    return answerOf(name, parts)
  }

  function comprehension(name: string, receiver: ASTNode, given: readonly ASTNode[], scope: Scope, times: number): Extent {
    const [variable, ...bodies] = given as [ASTNode, ...ASTNode[]]
    const range = visit(receiver, scope, times)
    const within = new Map(scope).set(variable.args as unknown as string, range.element)
    const results = bodies.map((body) => visit(body, within, times * range.size))
    if (name === 'filter') return range
    return name === 'map' ? makeExtent(range.size, results.at(-1) ?? scalar) : scalar
  }

  visit(root, new Map(), 1)
  return steps
}
