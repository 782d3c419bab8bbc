import { signedUsd, usd } from '#lib/words/format.ts'
import { classicAccount } from './paper-book.ts'
import { atRandom, type PaperAccountSummary, type PaperFigures } from './paper-summary.ts'
import { randomAccount } from './random-pick.ts'

const names: Readonly<Record<string, string>> = { [classicAccount]: 'classic, always', [randomAccount]: 'random buyer' }

/** What people call an account. */
export const accountName = (account: string): string => names[account] ?? account

const missWords: Readonly<Record<string, string>> = {
  gone: 'gone before a person could buy',
  held: 'held already',
  dear: 'dearer than one purchase may be',
  positions: 'beyond what may be on offer at once',
  money: 'beyond its money',
}

const missWord = (reason: string): string => missWords[reason] ?? 'missed'

/**
 * One line for each account, for whatever tells people how a day, a week or a run went. n of all ways to end stand beside what it gained, and
 * what its dollars would have come to at random.
 */
export function paperLines(accounts: readonly Omit<PaperAccountSummary, 'curve'>[]): string[] {
  const random = accounts.find(({ account }) => account === randomAccount)?.figures
  return accounts.map(({ account, figures, cashUsd }) => {
    const noun = account === randomAccount ? 'draws' : 'alerts'
    const beside = account === randomAccount || figures.bought === figures.offered ? null : atRandom(figures, random)
    const besideText = beside === null ? '' : `, the same dollars at random ${signedUsd(beside)}`
    return `${accountName(account)}: ${figuresText(figures, noun)}${besideText}; ${usd(cashUsd)} in money`
  })
}

function figuresText(figures: PaperFigures, noun: string): string {
  const { alerts, bought, gained, gainUsd, offered, spentUsd } = figures
  const missed = Object.entries(figures.missed).map(([reason, count]) => `${count} ${missWord(reason)}`)
  const ends = (['resold', 'alike', 'unsold', 'censored'] as const).map((state) => `${figures[state]} ${state}`)
  return [
    `${bought} of ${alerts} ${noun} bought${bought === 0 ? '' : ` for ${usd(spentUsd)}`}${missed.length === 0 ? '' : ` (${missed.join(', ')})`}`,
    ...(bought === 0 ? [] : [`${ends.join(', ')}, ${offered} on offer`, `${gained} gained, ${signedUsd(gainUsd)} in all`]),
  ].join('; ')
}
