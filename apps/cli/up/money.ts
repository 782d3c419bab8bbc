import type { Codec } from '#lib/codec/codec.ts'
import { decodeKnown } from '#lib/codec/decode-known.ts'
import { topicName } from '#lib/market/topics.ts'
import { paperSettings } from '#lib/paper/paper-account.ts'
import { type PaperAccountSummary, paperAccounts } from '#lib/paper/paper-summary.ts'
import { paperLines } from '#lib/paper/paper-words.ts'
import type { Log } from '#lib/stream/log.ts'
import { signedUsd, usd } from '#lib/words/format.ts'
import type { Outcome, PaperTrade } from '#schemas/types.ts'

/** What buying every alert at its ask would have come to, so far: on paper, since nobody need have bought. Dollars. */
export type PaperMoney = Readonly<{
  /** Alerts that the ledger follows, and what they asked for together. */
  alerts: number
  askedUsd: number
  /** Sold on by now: only for these it is known what they left after fee and ask. */
  soldOn: number
  gained: number
  netUsd: number
  /** The same of listings drawn by lot, for a buyer without a forecast. */
  random: Readonly<{ soldOn: number; netUsd: number }>
  /** By a policy that a seller could follow, with limits: one for each rule, and one for the ancestor's. */
  accounts: readonly Omit<PaperAccountSummary, 'curve'>[]
}>

/** Reads what the ledger wrote. An outcome is revised as events arrive: the newest of an alert counts. */
export async function readPaperMoney({ log, codec, prefix }: Readonly<{ log: Log; codec: Codec; prefix: string }>): Promise<PaperMoney> {
  const outcomes = new Map<string, Outcome>()
  const trades = new Map<string, PaperTrade>()
  const paperTopic = topicName(prefix, 'paper.trades')
  const following = await log.follow([topicName(prefix, 'outcomes'), paperTopic], async (records) => {
    for (const { value, topic } of records) {
      if (topic === paperTopic) {
        const trade = await decodeKnown(codec, 'PaperTrade', value)
        if (trade !== null) trades.set(trade.tradeId, trade)
      } else {
        const outcome = await decodeKnown(codec, 'Outcome', value)
        if (outcome !== null) outcomes.set(outcome.alertId, outcome)
      }
    }
  })
  await Promise.race([following.caughtUp, following.finished])
  await following.stop()
  return paperMoneyOf([...outcomes.values()], [...trades.values()])
}

export function paperMoneyOf(
  outcomes: readonly Pick<Outcome, 'kind' | 'askUsd' | 'netUsd'>[],
  trades: readonly PaperTrade[] = [],
): PaperMoney {
  const alerts = outcomes.filter(({ kind }) => kind === 'alert')
  const netsOf = (those: typeof alerts) => those.flatMap(({ netUsd }) => netUsd ?? [])
  const nets = netsOf(alerts)
  const random = netsOf(outcomes.filter(({ kind }) => kind === 'random'))
  return {
    alerts: alerts.length,
    askedUsd: sum(alerts.map(({ askUsd }) => askUsd)),
    soldOn: nets.length,
    gained: nets.filter((net) => net > 0).length,
    netUsd: sum(nets),
    random: { soldOn: random.length, netUsd: sum(random) },
    accounts: paperAccounts(trades).map(({ curve: _curve, ...account }) => account),
  }
}

const sum = (values: readonly number[]): number => Math.round(values.reduce((total, value) => total + value, 0) * 100) / 100

/** The last lines of a summary. */
export const describeMoney = (money: PaperMoney, isSimulated: boolean): string[] => [
  ...alertLines(money, isSimulated),
  ...accountLines(money),
]

const accountLines = ({ accounts }: PaperMoney): string[] =>
  accounts.length === 0
    ? []
    : [`Paper accounts, ${usd(paperSettings.capitalUsd)} each at the start:`, ...paperLines(accounts).map((line) => `  ${line}`)]

function alertLines({ alerts, askedUsd, soldOn, gained, netUsd, random }: PaperMoney, isSimulated: boolean): string[] {
  const name = isSimulated ? 'Money on paper (SIMULATED)' : 'Money on paper'
  if (alerts === 0) return [`${name}: no alert, nothing bought.`]
  const bought = `${name}: ${count(alerts, 'alert')} for ${usd(askedUsd)} in all, if each was bought at its ask`
  if (soldOn === 0) return [`${bought}; none is sold on yet, so none has gained or lost.`]
  const beside = random.soldOn === 0 ? '' : ` A random buyer: ${signedUsd(random.netUsd)} of ${random.soldOn}.`
  return [`${bought};`, `${soldOn} sold on so far: ${signedUsd(netUsd)} after fees, ${gained} gained and ${soldOn - gained} lost.${beside}`]
}

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`
