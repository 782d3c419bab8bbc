/** A bar with the time left, on stderr: drawn over itself in a terminal, a line now and then elsewhere. */

export type ProgressBar = Readonly<{
  /** @param done share of all, 0 to 1 */
  show(done: number, doing: string): void
  end(): void
}>

export type ProgressBarOptions = Readonly<{
  stream: { write(text: string): unknown; isTTY?: boolean; columns?: number }
  /** Milliseconds, of any origin. */
  now: () => number
}>

const width = 24
const everyMillis = { terminal: 100, file: 5_000 }
/** Before this share is done, nobody knows how long it takes. */
const leastShare = 0.02

export function createProgressBar({ stream, now }: ProgressBarOptions): ProgressBar {
  const started = now()
  let lastShown = Number.NEGATIVE_INFINITY
  return {
    show(done, doing) {
      const interval = stream.isTTY === true ? everyMillis.terminal : everyMillis.file
      if (now() - lastShown < interval && done < 1) return
      lastShown = now()
      const line = `${barOf(done)} ${String(Math.floor(done * 100)).padStart(3)}%  ${doing}${timeLeft(done, now() - started)}`
      stream.write(stream.isTTY === true ? `\r\u001b[K${line.slice(0, (stream.columns ?? 100) - 1)}` : `${line}\n`)
    },
    end() {
      if (stream.isTTY === true) stream.write('\r\u001b[K')
    },
  }
}

const barOf = (done: number): string => {
  const full = Math.round(Math.min(1, done) * width)
  return `${'█'.repeat(full)}${'░'.repeat(width - full)}`
}

function timeLeft(done: number, elapsedMillis: number): string {
  if (done < leastShare || done >= 1) return ''
  const seconds = Math.ceil((elapsedMillis / 1_000) * (1 / done - 1))
  return seconds < 90 ? `, ${seconds} s left` : `, ${Math.ceil(seconds / 60)} min left`
}
