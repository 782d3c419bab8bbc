import { guardWords } from './guards.ts'

/** Why a candidate (a listing that passed the forecast rule) is not alerted, in words. The names are told in metrics and records: they are stable. */
const words = {
  ...guardWords,
  unseen_attribute: 'has what the model has never seen',
  second_check_asks: 'similar ones ask no more',
  second_check_sales: 'similar ones sold for no more',
  second_check_no_evidence: 'nothing similar to compare with',
  cooldown: 'told of this axie before',
  hourly_limit: 'rule had its alerts of the hour',
} as const

export type RejectionReason = keyof typeof words

/** Words for the reason in a record: its writer may know reasons that we do not. */
export const rejectionWords = (reason: string): string =>
  Object.hasOwn(words, reason) ? words[reason as RejectionReason] : 'another reason'
