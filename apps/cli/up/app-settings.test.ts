import { expect, test } from 'vitest'
import { notifierSettings, priceApi } from './app-settings.ts'
import { parseUpArguments } from './arguments.ts'

const environment = {
  DISCORD_TOKEN: 'secret',
  DISCORD_WEBHOOKS: 'alerts=https://example.org',
  WEBHOOK_URL: 'https://example.org/hook',
  WEBHOOK_SECRET_FILE: '/run/secret',
  PATH: '/bin',
}

test('a dry run takes every way to reach people elsewhere from the notifier, and nothing else', () => {
  const settings = notifierSettings(parseUpArguments(['--live', '--dry-run']), environment, {})
  expect(settings).toMatchObject({ DISCORD_TOKEN: '', DISCORD_WEBHOOKS: '', WEBHOOK_URL: '', WEBHOOK_SECRET_FILE: '' })
  expect(settings).not.toHaveProperty('PATH')
})

test('otherwise it keeps what the environment says', () => {
  expect(notifierSettings(parseUpArguments(['--live']), environment, {})).not.toHaveProperty('DISCORD_TOKEN')
})

test('options of a simulated market do not go with the real one', () => {
  for (const argv of [
    ['--live', '--speed', '10'],
    ['--live', '--seed', '2'],
  ])
    expect(() => parseUpArguments(argv)).toThrow(/is for a simulated market/)
})

test('/price asks the dashboard of this run, with its token, unless another is named or its port is not known yet', () => {
  expect(priceApi({ API_TOKEN: 'secret' }, { DASHBOARD_PORT: '8080' })).toEqual({
    PRICE_API_URL: 'http://127.0.0.1:8080',
    PRICE_API_TOKEN: 'secret',
  })
  expect(priceApi({}, { DASHBOARD_PORT: '0' })).toEqual({})
  expect(priceApi({ PRICE_API_URL: 'http://elsewhere' }, { DASHBOARD_PORT: '8080' })).toEqual({})
})
