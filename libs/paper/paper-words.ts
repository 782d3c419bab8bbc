import { signedUsd, usd } from '#lib/words/format.ts'
import { classicAccount } from './paper-book.ts'
import type { PaperAccountSummary, PaperFigures } from './paper-summary.ts'

/** What people call an account. */
export const accountName = (account: string): string => (account === classicAccount ? 'classic, always' : account)

const missWords: Readonly<Record<string, string>> = {
  gone: 'gone before a person could buy',
  held: 'held already',
  dear: 'dearer than one purchase may be',
  positions: 'beyond what may be on offer at once',
  money: 'beyond its money',
}

const missWord = (reason: string): string => missWords[reason] ?? 'missed'

/** One line for each account, for whatever tells people how a day, a week or a run went. n of all ways to end stand beside what it gained. */
export const paperLines = (accounts: readonly Omit<PaperAccountSummary, 'curve'>[]): string[] =>
  accounts.map(({ account, figures, cashUsd }) => `${accountName(account)}: ${figuresText(figures)}; ${usd(cashUsd)} in money`)

function figuresText(figures: PaperFigures): string {
  const { alerts, bought, gained, gainUsd, offered, spentUsd } = figures
  const missed = Object.entries(figures.missed).map(([reason, count]) => `${count} ${missWord(reason)}`)
  const ends = (['resold', 'alike', 'unsold', 'censored'] as const).map((state) => `${figures[state]} ${state}`)
  return [
    `${bought} of ${alerts} alerts bought${bought === 0 ? '' : ` for ${usd(spentUsd)}`}${missed.length === 0 ? '' : ` (${missed.join(', ')})`}`,
    ...(bought === 0 ? [] : [`${ends.join(', ')}, ${offered} on offer`, `${gained} gained, ${signedUsd(gainUsd)} in all`]),
  ].join('; ')
}
