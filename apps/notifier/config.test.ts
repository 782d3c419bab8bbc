import { describe, expect, it } from 'vitest'
import { parseConfig } from '#lib/app/config.ts'
import { settings } from './config.ts'

const channel = '123456789012345678'
const hook = `https://discord.com/api/webhooks/${channel}/se-cret_Token`

describe('settings of the notifier', () => {
  it('channels and webhooks go by the names that rules use; one alone is the default', () => {
    const { DISCORD_CHANNELS, DISCORD_WEBHOOKS } = parseConfig(settings, {
      DISCORD_CHANNELS: `default=${channel}, plants=${channel}`,
      DISCORD_WEBHOOKS: hook,
    })
    expect(DISCORD_CHANNELS).toEqual(
      new Map([
        ['default', channel],
        ['plants', channel],
      ]),
    )
    expect(DISCORD_WEBHOOKS).toEqual(new Map([['default', { id: channel, token: 'se-cret_Token' }]]))
  })

  it.each([
    ['DISCORD_CHANNELS', 'general', /name=channel id.*entry 1/],
    ['DISCORD_CHANNELS', `plants=${channel}`, /named default/],
    ['DISCORD_WEBHOOKS', `${hook},plants=nonsense`, /entry 2/],
    ['LIMIT_PER_TRADE', '0', /expected dollars above 0, or nothing for no limit/],
    ['LIMIT_BANKROLL', '-100', /expected dollars above 0/],
    ['LIMIT_PER_DAY', 'much', /expected dollars above 0/],
    ['LIMIT_MAX_OPEN', '1.5', /expected a whole number above 0/],
    ['TRADERS', 'anna', /expected account=id of a Discord user/],
    ['TRADERS', `anna=${channel},bert=${channel}`, /each user once/],
  ])('%s=%s is refused', (name, value, message) => {
    expect(() => parseConfig(settings, { [name]: value })).toThrow(message)
  })

  it('no secret is ever shown', () => {
    expect(() => parseConfig(settings, { DISCORD_WEBHOOKS: `${hook},x` })).not.toThrow(/se-cret/)
  })
})
