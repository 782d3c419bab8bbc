import { expect, test } from 'vitest'
import { notifierSettings } from './app-settings.ts'
import { parseUpArguments } from './arguments.ts'

const environment = { DISCORD_TOKEN: 'secret', DISCORD_WEBHOOKS: 'alerts=https://example.org', PATH: '/bin' }

test('a dry run takes every way to reach people elsewhere from the notifier, and nothing else', () => {
  const settings = notifierSettings(parseUpArguments(['--live', '--dry-run']), environment, {})
  expect(settings).toMatchObject({ DISCORD_TOKEN: '', DISCORD_WEBHOOKS: '' })
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
