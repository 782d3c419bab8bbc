import { parseSync, Visitor } from 'oxc-parser'

type SourceFile = Readonly<{ path: string; text: string }>
type Violation = Readonly<{ path: string; line: number; message: string }>
type Span = Readonly<{ start: number; end: number }>

/** Folders whose functions are held to the limit, each with all below it. */
const folders = ['libs/stream/', 'apps/notifier/']

/** From its first line to its last, comments and blank lines among them: what one has to read. */
const maxLines = 70

/** A suite is a list of tests, however many there are. */
const isSuite = (path: string) => /(\.test|-contract)\.ts$/.test(path)

export function functionLineViolations(files: readonly SourceFile[]): Violation[] {
  return files
    .filter(({ path }) => path.endsWith('.ts') && folders.some((folder) => path.startsWith(folder)) && !isSuite(path))
    .flatMap((file) => functionsOf(file).filter(({ lines }) => lines > maxLines))
    .map(({ path, line, lines }) => ({
      path,
      line,
      message: `begins a function of ${lines} lines, expected at most ${maxLines}: ask what two things it is`,
    }))
}

/** Every function of a file, those inside others too, in the order of their beginnings. */
export function functionsOf({ path, text }: SourceFile): Readonly<{ path: string; line: number; lines: number }>[] {
  const { program, errors } = parseSync(path, text)
  if (errors.length > 0) throw new Error(`${path}: ${errors[0]!.message}`)
  const spans: Span[] = []
  const found = (node: Span) => void spans.push(node)
  new Visitor({ FunctionDeclaration: found, FunctionExpression: found, ArrowFunctionExpression: found }).visit(program)
  const lineOf = (offset: number) => text.slice(0, offset).split('\n').length
  return spans.map(({ start, end }) => ({ path, line: lineOf(start), lines: lineOf(end) - lineOf(start) + 1 }))
}
