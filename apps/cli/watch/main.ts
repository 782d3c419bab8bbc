import { exitCodes } from '#lib/app/exit-codes.ts'
import { UsageError } from '#lib/app/usage-error.ts'
import { systemClock as clock } from '#lib/clock/clock.ts'
import { type LiveSources, openLiveSources } from '#lib/live/live-sources.ts'
import { topicName } from '#lib/market/topics.ts'
import { type Backend, openBackend } from '#lib/running/backend.ts'
import { prefixOfChoice } from '#lib/running/runs.ts'
import { checkoutRoot, resolveStack } from '#lib/stack/resolve.ts'
import { signedUsd } from '#lib/words/format.ts'
import { printable } from '#lib/words/terminal-text.ts'
import { parseWatchArguments, type WatchArguments, watchHelp } from './arguments.ts'
import { drawScreen, healthLine } from './screen.ts'

const lookMillis = 2_000
const drawMillis = 500
const lineMillis = 10_000
const shownAlerts = 50

/** Another screen than the one people were on, which comes back at the end; no cursor. */
const enter = '\x1b[?1049h\x1b[?25l'
const leave = '\x1b[?25h\x1b[?1049l'

/** `flipstream watch`. */
export async function run(argv: readonly string[], env: Readonly<Record<string, string | undefined>>): Promise<number> {
  if (argv.includes('--help') || argv.includes('-h')) {
    process.stdout.write(watchHelp)
    return exitCodes.done
  }
  const options = parseWatchArguments(argv)
  const prefix = prefixOfChoice(checkoutRoot, { run: options.run, prefix: env['PREFIX'] })
  const stack = await resolveStack({ env, onProgress: (line) => void process.stderr.write(`${line}\n`), allowEmbedded: false })
  const backend = openBackend(stack, { root: checkoutRoot, clientId: `${prefix}watch` })
  try {
    await backend.log.checkReachable()
    await requireRun(backend, prefix)
    const sources = await openLiveSources({ ...backend, prefix, clock })
    try {
      if (options.json) await printOnce(sources)
      else await watch(sources, options, env['NO_COLOR'] === undefined || env['NO_COLOR'] === '')
    } finally {
      await sources.close()
    }
    return exitCodes.done
  } finally {
    await backend.close()
  }
}

async function requireRun({ log }: Backend, prefix: string): Promise<void> {
  const admin = log.admin()
  const existing = await admin.listTopics().finally(() => admin.close())
  const wanted = topicName(prefix, 'alerts')
  if (!existing.includes(wanted))
    throw new UsageError(`watch: there is no topic ${wanted}. Name a run with --run (flipstream runs ls lists them), or set PREFIX`)
}

async function printOnce({ caughtUp, look, status, view }: LiveSources): Promise<void> {
  await caughtUp
  await look()
  process.stdout.write(`${JSON.stringify({ status: status(), alerts: view.alerts(shownAlerts) })}\n`)
}

async function watch(sources: LiveSources, { forSeconds }: WatchArguments, color: boolean): Promise<void> {
  const stopping = new AbortController()
  const stop = () => stopping.abort()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop)
  const every = async (millis: number, work: () => void | Promise<void>): Promise<void> => {
    while (!stopping.signal.aborted) {
      await work()
      await clock.sleep(millis, stopping.signal).catch(() => {})
    }
  }
  const end = forSeconds === null ? [] : [clock.sleep(forSeconds * 1_000, stopping.signal).then(stop, () => {})]
  const show = process.stdout.isTTY ? onScreen(sources, color, every) : inLines(sources, every)
  const working = Promise.all([show, every(lookMillis, sources.look), ...end])
  await Promise.race([working, sources.finished]).finally(stop)
  await working
}

type Every = (millis: number, work: () => void) => Promise<void>

async function onScreen({ status, view }: LiveSources, color: boolean, every: Every): Promise<void> {
  const { stdout } = process
  stdout.write(enter)
  try {
    await every(drawMillis, () => {
      const lines = drawScreen(status(), view.alerts(shownAlerts), { columns: stdout.columns, rows: stdout.rows, color })
      stdout.write(`\x1b[H${lines.map((line) => `${line}\x1b[K`).join('\r\n')}\x1b[J`)
    })
  } finally {
    stdout.write(leave)
  }
}

async function inLines({ status, view, caughtUp }: LiveSources, every: Every): Promise<void> {
  await caughtUp
  view.takeChanges()
  await Promise.all([
    every(drawMillis, () => {
      for (const { listing, netGainUsd, reason } of view.takeChanges().alerts) {
        const simulated = listing.source === 'live' ? '' : 'SIMULATED '
        const axie = `#${printable(listing.axieId, 20)}`
        process.stdout.write(`${simulated}alert ${axie} net gain ${signedUsd(netGainUsd)}: ${printable(reason, 400)}\n`)
      }
    }),
    every(lineMillis, () => void process.stdout.write(`${healthLine(status())}\n`)),
  ])
}
