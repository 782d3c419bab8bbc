import { z } from 'zod'
import { defineConfig, integer, oneOf, optionalText, url } from '#lib/app/config.ts'
import { keySettings } from '#lib/marketplace/key-settings.ts'
import type { Webhook } from './poster.ts'
import { keyOf } from './webhook/signature.ts'

export const cardFormats = ['card', 'line', 'json', 'none'] as const

const channelName = /^[a-z][a-z0-9_-]{0,39}$/
const snowflake = /^\d{15,21}$/
export const defaultChannel = 'default'

/** The service level objective: 99 of 100 alerts are here within this long (k8s/components/monitoring/rules.yaml). */
export const objectiveMillis = 1_000

/** `name=value,name=value`; a value alone is that of the default channel. Null: empty. */
const byChannel = <Value>(parse: (text: string) => Value | null, expected: string) =>
  optionalText().transform((text, context): ReadonlyMap<string, Value> | null => {
    if (text === null) return null
    const channels = new Map<string, Value>()
    for (const entry of text.split(',').map((part) => part.trim())) {
      const [, name = defaultChannel, rest = ''] = /^(?:([^=/]*)=)?(.*)$/.exec(entry) ?? []
      const value = parse(rest)
      if (!channelName.test(name) || value === null) {
        // The value may be a secret: only its place is told.
        context.addIssue({ code: 'custom', message: `expected name=${expected}, comma separated; entry ${channels.size + 1} is not` })
        return z.NEVER
      }
      channels.set(name, value)
    }
    if (channels.has(defaultChannel)) return channels
    context.addIssue({ code: 'custom', message: `expected one to be named ${defaultChannel}` })
    return z.NEVER
  })

function webhookOf(text: string): Webhook | null {
  const [, id, token] = /^https?:\/\/[^/?#]+(?:\/[^/?#]+)*?\/webhooks\/(\d{15,21})\/([\w-]+)$/.exec(text) ?? []
  return id === undefined || token === undefined ? null : { id, token }
}

/** Empty: no limit. */
const limit = (what: string, isCount = false) =>
  optionalText().transform((text, context): number | null => {
    const value = text === null ? null : Number(text)
    if (value === null || (value > 0 && value <= 1e9 && !(isCount && !Number.isInteger(value)))) return value
    context.addIssue({ code: 'custom', message: `expected ${what} above 0, or nothing for no limit` })
    return z.NEVER
  })

const dollarLimit = (description: string) => ({
  schema: limit('dollars'),
  default: '',
  unit: '$',
  description: `${description} Empty: no limit.`,
})

const accountName = /^[a-z][a-z0-9_-]{0,39}$/

/** `account=id of a Discord user,…`, by that id. */
const traders = () =>
  optionalText().transform((text, context): ReadonlyMap<string, string> => {
    const accounts = new Map<string, string>()
    for (const entry of text === null ? [] : text.split(',').map((part) => part.trim())) {
      const [, account = '', user = ''] = /^([^=]*)=(.*)$/.exec(entry) ?? []
      if (accountName.test(account) && snowflake.test(user) && !accounts.has(user)) accounts.set(user, account)
      else {
        context.addIssue({
          code: 'custom',
          message: `expected account=id of a Discord user, each user once; found ${JSON.stringify(entry)}`,
        })
        return z.NEVER
      }
    }
    return accounts
  })

/** An address with a name and password in it is refused: no client would take it, and some would tell it. */
const webhookUrl = () =>
  optionalUrl().refine((text) => text === null || !/^https?:\/\/[^/?#]*@/.test(text), {
    error: 'expected an http or https address without a name or password before its host',
  })

const webhookSecret = () =>
  optionalText().transform((text, context): Buffer | null => {
    const key = text === null ? null : keyOf(text)
    if (text === null || key !== null) return key
    context.addIssue({ code: 'custom', message: 'expected whsec_ and 24 to 64 bytes in base64: printf whsec_; openssl rand -base64 32' })
    return z.NEVER
  })

const optionalUrl = () => z.union([z.literal('').transform(() => null), url()])

export const settings = defineConfig({
  CARD_FORMAT: {
    schema: oneOf(cardFormats),
    default: 'card',
    description: 'What an alert looks like on stdout: card, line, json (one object a line), or none (only measured).',
  },
  CARD_COLOR: {
    schema: oneOf(['auto', 'always', 'never']),
    default: 'auto',
    description: 'auto: in a terminal, unless NO_COLOR is set.',
  },
  NO_COLOR: {
    schema: optionalText(),
    default: '',
    description: 'Set to anything: no colour (no-color.org).',
  },
  COLUMNS: {
    schema: integer(1, 10_000),
    default: '100',
    description: 'Width of the terminal where stdout does not tell. A card is 60 to 100 wide.',
  },
  DISCORD_TOKEN: {
    schema: optionalText(),
    default: '',
    secret: true,
    description: "A bot's token: alerts go to DISCORD_CHANNELS, with buttons and commands, instead of to stdout.",
  },
  DISCORD_CHANNELS: {
    schema: byChannel((text) => (snowflake.test(text) ? text : null), 'channel id'),
    default: '',
    description: 'Where the bot posts: default=123456789012345678,plants=… by the channel that a rule names.',
  },
  DISCORD_WEBHOOKS: {
    schema: byChannel(webhookOf, 'address of a webhook'),
    default: '',
    secret: true,
    description: 'Without a bot: default=https://discord.com/api/webhooks/…,plants=… by the channel that a rule names.',
  },
  DISCORD_OPERATORS: {
    schema: optionalText().transform((text) => new Set(text === null ? [] : text.split(',').map((id) => id.trim()))),
    default: '',
    description: 'Ids of users and roles that may pause and mute, beside those who may manage the server.',
  },
  TRADERS: {
    schema: traders(),
    default: '',
    description:
      'Who says what their own account bought and sold: account=id of a Discord user, comma separated. Operators speak for main.',
  },
  LIMIT_BANKROLL: dollarLimit('What account main has to begin with: open positions and the ask of an alert must not cost more.'),
  LIMIT_PER_TRADE: dollarLimit('The highest ask that is posted.'),
  LIMIT_PER_DAY: dollarLimit('What main may buy for in a day, UTC.'),
  LIMIT_MAX_OPEN: { schema: limit('a whole number', true), default: '', description: 'Positions of main at once. Empty: no limit.' },
  LIMIT_PER_CLASS: dollarLimit('What open positions of one class may have cost.'),
  LIMIT_PER_SELLER: dollarLimit('What open positions bought of one seller may have cost.'),
  LIMIT_PER_RULE: dollarLimit('What open positions bought by one rule may have cost.'),
  DISCORD_API_URL: { schema: url(), default: 'https://discord.com/api', description: "Discord's API." },
  DISCORD_TIMEOUT_MILLISECONDS: {
    schema: integer(100, 60_000),
    default: '5000',
    unit: 'ms',
    description: 'A request that Discord does not answer within this may or may not have been taken.',
  },
  WEBHOOK_URL: {
    schema: webhookUrl(),
    default: '',
    secret: true,
    description: 'Beside Discord or without it: each alert, resale, result and notice is posted there as signed JSON.',
  },
  WEBHOOK_SECRET: {
    schema: webhookSecret(),
    default: '',
    secret: true,
    description: 'What WEBHOOK_URL’s events are signed with: whsec_ and 24 to 64 bytes in base64.',
  },
  WEBHOOK_TIMEOUT_MILLISECONDS: {
    schema: integer(100, 60_000),
    default: '5000',
    unit: 'ms',
    description: 'An event that WEBHOOK_URL does not answer within this may or may not have been taken.',
  },
  MARKETPLACE_URL: {
    schema: optionalUrl(),
    default: '',
    description: 'Asked just before posting whether the listing is still there; empty: not asked.',
  },
  AXIE_API_KEY: { schema: optionalText(), default: '', secret: true, description: 'Key of the marketplace.' },
  ...keySettings,
  PRICE_API_URL: {
    schema: optionalUrl(),
    default: '',
    description: "The dashboard's address, for /price; empty: /price says that it is not set.",
  },
  PRICE_API_TOKEN: { schema: optionalText(), default: '', secret: true, description: "The dashboard's API_TOKEN, where it has one." },
})
