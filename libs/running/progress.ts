import type { Clock } from '#lib/clock/clock.ts'

export type Progress = Readonly<{
  /** Something happened that should stay on the screen. */
  say(line: string): void
  /** How things stand now, in a line or a few: overwritten in a terminal, written now and then elsewhere. */
  status(lines: string | readonly string[]): void
  /** What alerts look like goes to stdout, between two states of the status lines. */
  output(text: string | Buffer): void
  end(): void
}>

/** What is written to, as much of it as matters here. */
type Screen = Readonly<{ write(text: string | Buffer): unknown; isTTY?: boolean; columns?: number; rows?: number }>

const everyMillis = 10_000
const usualColumns = 80
const usualRows = 24
const narrowest = 20

/** Where a terminal says that it has no columns, or there is none, the usual width is meant. */
export const columnsOf = ({ columns }: Pick<Screen, 'columns'>): number => Math.max(narrowest, columns || usualColumns)

/** Progress on stderr, so that stdout stays free for what was asked for. */
export function createProgress({ clock, stderr, stdout }: { clock: Clock; stderr: Screen; stdout: Pick<Screen, 'write'> }): Progress {
  let shown: readonly string[] = []
  let lastWritten = Number.NEGATIVE_INFINITY
  const columns = () => columnsOf(stderr)
  /** Back to the beginning of the first line shown, and nothing below it. */
  const wipe = () => {
    if (shown.length > 0) stderr.write(`\r${shown.length > 1 ? `\x1b[${shown.length - 1}A` : ''}\x1b[J`)
  }
  const draw = () => {
    if (shown.length > 0) stderr.write(shown.join('\n'))
  }
  return {
    say(line) {
      wipe()
      stderr.write(`${line}\n`)
      draw()
    },
    status(given) {
      const lines = (typeof given === 'string' ? [given] : given).map(plain)
      if (stderr.isTTY) {
        wipe()
        // A line that is too long would wrap, and more lines than the screen has would scroll: neither could be wiped.
        shown = lines.slice(0, Math.max(1, (stderr.rows || usualRows) - 2)).map((line) => line.slice(0, columns() - 1))
        draw()
      } else if (clock.monotonic() - lastWritten >= everyMillis) {
        lastWritten = clock.monotonic()
        if (lines.length > 0) stderr.write(`${lines.join('\n')}\n`)
      }
    },
    output(text) {
      wipe()
      stdout.write(text)
      draw()
    },
    end() {
      wipe()
      shown = []
    },
  }
}

/** What an app says of itself may quote the outside: nothing in it moves the cursor. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is taken out
const plain = (line: string): string => line.replace(/[\u0000-\u001f\u007f-\u009f]+/g, ' ')

const barWidth = 24

/** history [██████░░░░] 8.1 of 21 days, 12345 sales, 40 s left. `millis`: how long it has taken so far. */
export function progressBar(state: { name: string; done: number; total: number; unit: string; extra: string; millis: number }): string {
  const { name, done, total, unit, extra, millis } = state
  const share = total > 0 ? Math.min(1, Math.max(0, done / total)) : 1
  const filled = Math.round(share * barWidth)
  const left = share > 0.01 ? `, ${Math.round((millis / share - millis) / 1_000)} s left` : ''
  return `${name} [${'█'.repeat(filled)}${'░'.repeat(barWidth - filled)}] ${Math.min(done, total).toFixed(1)} of ${total} ${unit}, ${extra}${left}`
}
