import { expect, test } from 'vitest'
import { apps } from '#app/apps.ts'
import { secretsOf, withoutOthersSecrets } from './app-secrets.ts'

test.each(Object.keys(apps))('%s is given the secrets that it asks for, and the keys of the store only if it uses it', async (name) => {
  const { settings, usesStore = true } = await apps[name]!.load()
  const asked = Object.entries(settings).flatMap(([variable, { secret }]) => (secret ? [variable] : []))
  expect([...secretsOf[name]!].sort()).toEqual([...asked, ...(usesStore ? ['S3_ACCESS_KEY', 'S3_SECRET_KEY'] : [])].sort())
})

test('nothing that looks like a secret of somebody else goes to an app, and everything else does', () => {
  const environment = {
    PATH: '/bin',
    KAFKA_BROKERS: 'a:1',
    KAFKA_SASL_PASSWORD_FILE: '/run/secrets/password',
    DISCORD_TOKEN: 'd',
    AXIE_API_KEY: 'a',
    S3_SECRET_KEY: 's',
    AWS_SECRET_ACCESS_KEY: 'w',
    GITHUB_TOKEN: 'g',
  }
  expect(Object.keys(withoutOthersSecrets('featurizer', environment))).toEqual(['PATH', 'KAFKA_BROKERS', 'KAFKA_SASL_PASSWORD_FILE'])
  expect(withoutOthersSecrets('collector', environment)).toMatchObject({ AXIE_API_KEY: 'a' })
  expect(withoutOthersSecrets('archiver', environment)).toMatchObject({ S3_SECRET_KEY: 's' })
})
