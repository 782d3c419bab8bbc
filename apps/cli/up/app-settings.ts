import { createServer } from 'node:net'
import { columnsOf } from '#lib/running/progress.ts'
import type { UpArguments } from './arguments.ts'

/** What `flipstream up` sets for an app, beside what all of them share. */

type Environment = Readonly<Record<string, string | undefined>>

const usualPort = 8080

/** The notifier writes into a pipe: only we know whether a person's terminal is at its end, and how wide that is. */
export function notifierSettings(
  { json, dryRun }: UpArguments,
  environment: Environment,
  market: Readonly<Record<string, string>>,
): Record<string, string> {
  const { isTTY, columns } = process.stdout
  return {
    ...marketAccess(market),
    ...(dryRun ? withoutChannels(environment) : {}),
    CARD_FORMAT: json ? 'none' : 'card',
    ...(isTTY && process.env.NO_COLOR === undefined ? { CARD_COLOR: 'always' } : {}),
    ...(isTTY ? { COLUMNS: String(columnsOf({ columns })) } : {}),
  }
}

/** An empty variable counts as not set: whatever would reach people elsewhere is taken away. */
const withoutChannels = (environment: Environment): Record<string, string> =>
  Object.fromEntries(
    Object.keys(environment)
      .filter((name) => name.startsWith('DISCORD_') || name.startsWith('WEBHOOK_'))
      .map((name) => [name, '']),
  )

/** The same address from one start to the next, where it is free: a page that is open finds us again. */
export async function dashboardSettings(env: Environment, market: Readonly<Record<string, string>>): Promise<Record<string, string>> {
  return {
    DASHBOARD_PORT: env.DASHBOARD_PORT ?? String((await isPortFree(usualPort)) ? usualPort : 0),
    ...marketAccess(market),
    REQUESTS_PER_SECOND: market.MARKET_SOURCE === 'live' ? '1' : '20',
  }
}

/** /price asks the dashboard, where its address is known before it runs. */
export function priceApi(env: Environment, { DASHBOARD_PORT }: Readonly<Record<string, string>>): Record<string, string> {
  if (env.PRICE_API_URL || DASHBOARD_PORT === '0') return {}
  return { PRICE_API_URL: `http://127.0.0.1:${DASHBOARD_PORT}`, ...(env.API_TOKEN ? { PRICE_API_TOKEN: env.API_TOKEN } : {}) }
}

/** Where the market answers, and the key to it. */
const marketAccess = ({ MARKETPLACE_URL, AXIE_API_KEY }: Readonly<Record<string, string>>): Record<string, string> => ({
  ...(MARKETPLACE_URL === undefined ? {} : { MARKETPLACE_URL }),
  ...(AXIE_API_KEY === undefined ? {} : { AXIE_API_KEY }),
})

const isPortFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const probe = createServer()
    probe.once('error', () => resolve(false))
    probe.listen(port, '127.0.0.1', () => probe.close(() => resolve(true)))
  })
