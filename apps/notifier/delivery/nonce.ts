import { createHash } from 'node:crypto'

/** What a channel that can refuse duplicates recognises them by: a pure function of the alert, at most 25 characters as Discord wants. */
export const nonceOf = (alertId: string, channel: string): string =>
  createHash('sha256').update(`${channel} ${alertId}`).digest('hex').slice(0, 25)
