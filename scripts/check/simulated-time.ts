import { importsOf, resolveImport, withoutComments } from './imports.ts'

type SourceFile = Readonly<{ path: string; text: string }>
type Violation = Readonly<{ path: string; line: number; message: string }>

/** The apps that the simulation runs on ports of its own (tests/simulation). */
const simulatedApps = /^apps\/(collector|enricher|featurizer|scorer|alerter|notifier|ledger|archiver)\/main\.ts$/

/** What lies behind a port, which the simulation puts something else in the place of; and fitting, which no app does. */
const behindPorts =
  /^libs\/(clock\/|telemetry\/|stream\/(kafkajs|memory)\/|objectstore\/(s3|file)-|marketplace\/transport\.ts|codec\/registry\.ts|model\/(trees\/fit-trees|network\/train-network)\.ts)/

const realTime = /(?<![.\w])(setTimeout|setInterval|setImmediate)\(|\bperformance\.now\(|from 'node:timers/

/** Code that a simulated app reaches takes time and chance from its Clock: whatever it takes from the machine, no seed can repeat. */
export function realTimeViolations(files: readonly SourceFile[]): Violation[] {
  const byPath = new Map(files.map((file) => [file.path, file]))
  const reached = new Set<string>()
  const reach = (path: string): void => {
    if (reached.has(path) || behindPorts.test(path) || !byPath.has(path)) return
    reached.add(path)
    for (const specifier of importsOf(byPath.get(path)!.text)) {
      const target = resolveImport(path, specifier)
      if (target !== null) reach(target)
    }
  }
  for (const { path } of files) if (simulatedApps.test(path)) reach(path)
  return [...reached].flatMap((path) =>
    withoutComments(byPath.get(path)!.text)
      .split('\n')
      .flatMap((text, index) =>
        realTime.test(text)
          ? [{ path, line: index + 1, message: 'takes time from the machine, and a simulated app reaches it: take it from the Clock' }]
          : [],
      ),
  )
}
