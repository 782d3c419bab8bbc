import type { RejectCode } from './reject-codes.ts'

/**
 * One class per reaction. Whoever throws decides what happens next:
 *   RetryableError  the world is unwell (broker, registry, store): back off with jitter and try again, for ever, visibly
 *   RejectedError   this record is bad: dead letter, go on
 *   FencedError     somebody else owns this now: give it up, rejoin
 *   FatalError      we are wrong (configuration, a bug): stop with exit code 1
 * Anything else counts as fatal: an unknown error must never be retried blindly.
 */
export class RetryableError extends Error {
  override readonly name = 'RetryableError'
}

export class FencedError extends Error {
  override readonly name = 'FencedError'
}

export class FatalError extends Error {
  override readonly name = 'FatalError'
}

export class RejectedError extends Error {
  override readonly name = 'RejectedError'
  readonly code: RejectCode
  constructor(code: RejectCode, message: string, options?: ErrorOptions) {
    super(message, options)
    this.code = code
  }
}
