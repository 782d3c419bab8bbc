import { exitCodes } from '#lib/app/exit-codes.ts'
import type { Cause } from './app-life.ts'

/**
 * Why a process ended, from how it ended (`SIGKILL`, `exit code 1`) and from what it wrote last. Its log is one JSON object a line; what
 * Node or the command line say before there is a log, and when memory ends, is text.
 */
export function causeOfEnd(how: string, lines: readonly string[]): Cause {
  if (how === `exit code ${exitCodes.usage}`) return { sentence: usageProblem(lines), blame: 'usage' }
  const outOfMemory = lines.some((line) => /heap out of memory|Cannot allocate memory|ENOMEM/.test(line))
  if (outOfMemory)
    return own(`ran out of memory (${how}): close something, or give it more with NODE_OPTIONS=--max-old-space-size=MEGABYTES`)
  if (how.startsWith('could not be started')) return own(how)
  if (how === 'SIGKILL') return own('was killed (SIGKILL), by hand or by the system for want of memory')
  const said = lastError(lines)
  if (said !== null) return own(`${firstSentence(said)} (${how})`)
  return own(how.startsWith('SIG') ? `was ended by ${how}` : `ended by itself (${how})`)
}

const own = (sentence: string): Cause => ({ sentence, blame: 'own' })

function usageProblem(lines: readonly string[]): string {
  const text = lines.filter((line) => line !== '' && !line.startsWith('{') && !/^See |cannot start:$/.test(line))
  return text.length === 0 ? 'was started wrongly' : text.join('; ')
}

/** The newest line of the log that somebody must act on; else the newest text that names an error. */
function lastError(lines: readonly string[]): string | null {
  for (const line of lines.toReversed()) {
    const { level, msg } = parsed(line)
    if ((level === 'error' || level === 'fatal') && msg !== undefined && msg !== '') return msg
  }
  return lines.findLast((line) => /^(?:[A-Z]\w*)?Error\b.*: /.test(line)) ?? null
}

function parsed(line: string): { level?: string; msg?: string } {
  if (!line.startsWith('{')) return {}
  try {
    return JSON.parse(line) as { level?: string; msg?: string }
  } catch {
    return {}
  }
}

const maxSentenceLength = 300

function firstSentence(message: string): string {
  const line = message.split('\n')[0]!.replace(/\.$/, '')
  return line.length > maxSentenceLength ? `${line.slice(0, maxSentenceLength)}…` : line
}
