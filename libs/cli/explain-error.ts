import { ConfigError } from '#lib/app/config.ts'
import { UsageError } from '#lib/app/usage-error.ts'
import { FatalError, FencedError, RejectedError, RetryableError } from '#lib/errors/errors.ts'

/** What is said where the error is neither the world's nor the user's; whoever starts a command knows it by these words. */
export const ownFault = 'This is a fault of flipstream itself'

/**
 * What a person is told of an error that ended a command: a sentence with what to do where the error is the world's or the user's, and the
 * stack only where it is ours.
 */
export function explainError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  if (isExplained(error)) return error.message
  const system = explainSystemError(error)
  if (system !== null) return system
  return `${error.stack ?? error.message}\n${ownFault}: please report it with these lines.`
}

const isExplained = (error: Error): boolean =>
  [UsageError, ConfigError, FatalError, FencedError, RejectedError, RetryableError].some((explained) => error instanceof explained)

/** A file system, a limit or the memory of this machine; null for anything else. */
export function explainSystemError({ code, path, dest, message }: NodeJS.ErrnoException & { dest?: string }): string | null {
  const where = dest ?? path
  const place = where === undefined ? 'there' : `where ${where} is`
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return `No space is left ${place} (${code}): free some, then do it again. npx flipstream runs ls shows what earlier runs left behind.`
    case 'EROFS':
    case 'EACCES':
    case 'EPERM':
      return `${where ?? 'A file'} may not be read or written (${code}): give this user the right to, or use a place where it has it.`
    case 'EMFILE':
    case 'ENFILE':
      return `Too many files are open (${code}): allow more with ulimit -n 4096, then do it again.`
    case 'ENOMEM':
      return `No memory is left (${code}): close something, then do it again.`
    case 'ENOENT':
    case 'EISDIR':
    case 'ENOTDIR':
      return where === undefined ? null : `${message.split(',')[0]}: ${where}. Expected another path.`
    default:
      return null
  }
}
