import { parseSync, Visitor } from 'oxc-parser'

type SourceFile = Readonly<{ path: string; text: string }>
type Violation = Readonly<{ path: string; line: number; message: string }>

/** Words that say nothing of what they name. Members of documents and other people's functions (`Array.of`) stay as they are. */
const refused: ReadonlySet<string> = new Set(['of', 'told'])

/** Every variable, parameter and function of such a name, where it stands and where it is used. */
export function nameViolations(files: readonly SourceFile[]): Violation[] {
  return files.filter(({ path, text }) => /\.(ts|mjs|js)$/.test(path) && mayName(text)).flatMap(violationsIn)
}

/** The `of` of a loop has a space on both sides, and a name or a bracket before it: most files need no parsing. */
const mayName = (text: string): boolean => /\btold\b|(?<![\w)}\]] )\bof\b|\bof\b(?! [\w[({'"`.])/.test(text)

function violationsIn({ path, text }: SourceFile): Violation[] {
  const { program, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]!.message}`)
  // By place: the key and the value of a shorthand are one.
  const found = new Map<number, string>()
  const members = new Set<number>()
  const key = (node: Readonly<{ key: { start: number }; computed: boolean; shorthand?: boolean }>) => {
    if (!node.computed && node.shorthand !== true) members.add(node.key.start)
  }
  new Visitor({
    Identifier: ({ name, start }) => void (refused.has(name) && found.set(start, name)),
    MemberExpression: ({ property, computed }) => void (computed || members.add(property.start)),
    Property: key,
    TSPropertySignature: key,
    TSMethodSignature: key,
  }).visit(program)
  return [...found]
    .filter(([start]) => !members.has(start))
    .map(([start, name]) => ({
      path,
      line: text.slice(0, start).split('\n').length,
      message: `names something "${name}": name what it is`,
    }))
}
