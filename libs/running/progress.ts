import type { Clock } from '#lib/clock/clock.ts'

export type Progress = Readonly<{
  /** Something happened that should stay on the screen. */
  say(line: string): void
  /** How things stand now: overwritten in a terminal, written now and then elsewhere. */
  status(line: string): void
  /** What alerts look like goes to stdout, between two states of the status line. */
  output(text: string | Buffer): void
  end(): void
}>

const everyMillis = 10_000

/** Progress on stderr, so that stdout stays free for what was asked for. */
export function createProgress({
  clock,
  stderr,
  stdout,
}: {
  clock: Clock
  stderr: NodeJS.WriteStream
  stdout: { write(text: string | Buffer): void }
}): Progress {
  let shown = ''
  let lastWritten = Number.NEGATIVE_INFINITY
  const wipe = () => {
    if (shown !== '') stderr.write(`\r${' '.repeat(shown.length)}\r`)
  }
  const draw = () => {
    if (shown !== '') stderr.write(shown)
  }
  return {
    say(line) {
      wipe()
      stderr.write(`${line}\n`)
      draw()
    },
    status(line) {
      if (stderr.isTTY) {
        wipe()
        shown = line.slice(0, Math.max(20, (stderr.columns ?? 80) - 1))
        draw()
      } else if (clock.now() - lastWritten >= everyMillis) {
        lastWritten = clock.now()
        stderr.write(`${line}\n`)
      }
    },
    output(text) {
      wipe()
      stdout.write(text)
      draw()
    },
    end() {
      wipe()
      shown = ''
    },
  }
}

const barWidth = 24

/** history [██████░░░░] 8.1 of 21 days, 12345 sales, 40 s left. `millis`: how long it has taken so far. */
export function progressBar(state: { name: string; done: number; total: number; unit: string; extra: string; millis: number }): string {
  const { name, done, total, unit, extra, millis } = state
  const share = total > 0 ? Math.min(1, Math.max(0, done / total)) : 1
  const filled = Math.round(share * barWidth)
  const left = share > 0.01 ? `, ${Math.round((millis / share - millis) / 1_000)} s left` : ''
  return `${name} [${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}] ${Math.min(done, total).toFixed(1)} of ${total} ${unit}, ${extra}${left}`
}
