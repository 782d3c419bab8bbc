import { parseArgs } from 'node:util'
import { exitCodes } from '#lib/app/exit-codes.ts'
import { UsageError } from '#lib/app/usage-error.ts'
import { systemClock } from '#lib/clock/clock.ts'
import { type Backend, openBackend } from '#lib/running/backend.ts'
import { createProgress, type Progress } from '#lib/running/progress.ts'
import { isRunName, listRuns, removeRunNote } from '#lib/running/runs.ts'
import { checkoutRoot, resolveStack } from '#lib/stack/resolve.ts'

type Environment = Readonly<Record<string, string | undefined>>

const help = `flipstream runs: what earlier starts left behind

  flipstream runs ls [--json]        every run: topics, objects, size
  flipstream runs rm NAME...         removes its topics, groups, objects and logs
  flipstream runs rm --all           removes every run

  flipstream runs compare ...        is flipstream experiments compare: trainings side by side
`

/** A bucket of many runs takes a minute to list on a small store. */
const countedBetweenLines = 200
const removedSideBySide = 16

type RunSize = { name: string; topics: string[]; groups: string[]; objects: string[]; bytes: number }

export async function run(argv: readonly string[], env: Environment): Promise<number> {
  const { action, names, all, json } = parse(argv)
  if (action === 'help') {
    process.stdout.write(help)
    return exitCodes.done
  }
  const progress = createProgress({ clock: systemClock, stderr: process.stderr, stdout: process.stdout })
  const stack = await resolveStack({ env, onProgress: progress.say, allowEmbedded: true })
  const backend = openBackend(stack, { root: checkoutRoot, clientId: 'runs' })
  try {
    const sizes = await measureRuns(backend, progress)
    progress.end()
    if (action === 'ls') {
      process.stdout.write(json ? `${JSON.stringify(sizes)}\n` : formatRuns(sizes))
      return exitCodes.done
    }
    const unknown = names.filter((name) => !sizes.some((size) => size.name === name))
    if (unknown.length > 0) throw new UsageError(`no run ${unknown.join(', ')}; flipstream runs ls lists them`)
    for (const size of sizes.filter(({ name }) => all || names.includes(name))) await removeRun(backend, size)
    return exitCodes.done
  } finally {
    await backend.close()
  }
}

function parse(argv: readonly string[]) {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: { all: { type: 'boolean' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } },
    })
    const [action, ...names] = positionals
    if (values.help) return { action: 'help', names, all: false, json: false } as const
    if (action !== 'ls' && action !== 'rm') throw new UsageError(help)
    if (action === 'rm' && names.length === 0 && !values.all) throw new UsageError('runs rm: name the runs to remove, or --all')
    return { action, names, all: values.all ?? false, json: values.json ?? false } as const
  } catch (error) {
    throw error instanceof UsageError ? error : new UsageError(`${(error as Error).message}\n\n${help}`)
  }
}

/** By the names of topics, groups, objects and notes: whatever a crash left half-made is found by one of them. */
async function measureRuns({ log, store }: Backend, progress: Progress): Promise<RunSize[]> {
  const runs = new Map<string, RunSize>()
  const runOf = (text: string, divider: string): RunSize | null => {
    const name = text.split(divider)[0] ?? ''
    if (!isRunName(name)) return null
    const known = runs.get(name) ?? { name, topics: [], groups: [], objects: [], bytes: 0 }
    runs.set(name, known)
    return known
  }
  for (const { name } of listRuns(checkoutRoot)) runOf(name, '/')
  const admin = log.admin()
  for (const topic of await admin.listTopics()) runOf(topic, '.')?.topics.push(topic)
  for (const group of await admin.listGroups()) runOf(group, '.')?.groups.push(group)
  await admin.close()
  let counted = 0
  for await (const { key, size } of store.list('')) {
    if (++counted % countedBetweenLines === 0) progress.status(`${counted} objects counted`)
    const run = runOf(key, '/')
    if (run === null) continue
    run.objects.push(key)
    run.bytes += size
  }
  return [...runs.values()].sort((a, b) => a.name.localeCompare(b.name))
}

async function removeRun({ log, store }: Backend, { name, topics, groups, objects }: RunSize): Promise<void> {
  const admin = log.admin()
  await admin.deleteGroups(groups)
  await admin.deleteTopics(topics)
  await admin.close()
  for (let from = 0; from < objects.length; from += removedSideBySide) {
    await Promise.all(objects.slice(from, from + removedSideBySide).map((key) => store.remove(key)))
  }
  removeRunNote(checkoutRoot, name)
  process.stdout.write(`removed ${name}: ${topics.length} topics, ${groups.length} groups, ${objects.length} objects\n`)
}

function formatRuns(sizes: readonly RunSize[]): string {
  if (sizes.length === 0) return 'no runs: npm start makes one\n'
  const rows = sizes.map(
    ({ name, topics, objects, bytes }) =>
      `${name.padEnd(28)}${String(topics.length).padStart(7)} topics${String(objects.length).padStart(8)} objects${(bytes / 2 ** 20).toFixed(1).padStart(9)} MB archived`,
  )
  return `${rows.join('\n')}\n`
}
