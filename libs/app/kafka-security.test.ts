import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { ConfigError, parseConfig } from './config.ts'
import { kafkaSecurity, kafkaSecuritySettings } from './kafka-security.ts'

const directory = mkdtempSync(join(tmpdir(), 'flipstream-security-'))
afterAll(() => rmSync(directory, { recursive: true }))

const file = (name: string, text: string): string => {
  writeFileSync(join(directory, name), text)
  return join(directory, name)
}
const certificate = file('ca.pem', '-----BEGIN CERTIFICATE-----\nMII\n-----END CERTIFICATE-----\n')
const key = file('key.pem', '-----BEGIN PRIVATE KEY-----\nMII\n-----END PRIVATE KEY-----\n')
const security = (env: Record<string, string>) => kafkaSecurity(parseConfig(kafkaSecuritySettings, env))

describe('security of the log', () => {
  it('is none unless asked for', () => {
    expect(security({})).toEqual({})
  })

  it('is TLS alone: by the system’s authorities, or by ours, with our own certificate where wanted', () => {
    expect(security({ KAFKA_SECURITY_PROTOCOL: 'SSL' })).toEqual({ ssl: {} })
    const files = { KAFKA_TLS_CA_FILE: certificate, KAFKA_TLS_CERTIFICATE_FILE: certificate, KAFKA_TLS_KEY_FILE: key }
    expect(security({ KAFKA_SECURITY_PROTOCOL: 'SSL', ...files })).toMatchObject({
      ssl: { ca: expect.stringContaining('BEGIN CERTIFICATE'), key: expect.stringContaining('BEGIN PRIVATE KEY') },
    })
  })

  it('is TLS with user and password, the password without the end of its line', () => {
    const login = { KAFKA_SASL_USERNAME: 'scorer', KAFKA_SASL_PASSWORD_FILE: file('password', 'secret\n') }
    expect(security({ KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', KAFKA_TLS_CA_FILE: certificate, ...login })).toMatchObject({
      ssl: {},
      sasl: { mechanism: 'scram-sha-512', username: 'scorer', password: 'secret' },
    })
  })

  it('is PLAIN, as some managed clusters want it, only where TLS hides the password', () => {
    const login = {
      KAFKA_SASL_MECHANISM: 'PLAIN',
      KAFKA_SASL_USERNAME: 'key',
      KAFKA_SASL_PASSWORD_FILE: file('password', 'secret\n'),
    }
    expect(security({ KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', ...login })).toMatchObject({
      sasl: { mechanism: 'plain', username: 'key', password: 'secret' },
    })
    expect(() => security({ KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT', ...login })).toThrow(/PLAIN needs KAFKA_SECURITY_PROTOCOL=SASL_SSL/)
  })

  it('is a token that is read anew for every login', async () => {
    const token = file('token', 'first')
    const { sasl } = security({
      KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT',
      KAFKA_SASL_MECHANISM: 'OAUTHBEARER',
      KAFKA_OAUTH_TOKEN_FILE: token,
    })
    if (sasl?.mechanism !== 'oauthbearer') throw new Error('not OAUTHBEARER')
    expect(await sasl.oauthBearerProvider()).toEqual({ value: 'first' })
    file('token', 'second\n')
    expect(await sasl.oauthBearerProvider()).toEqual({ value: 'second' })
  })

  it('reports every problem at once, by the variable’s name, and no secret', () => {
    const empty = file('empty', '\n')
    const noPem = file('no.pem', 'my-password')
    const parse = () =>
      security({
        KAFKA_SECURITY_PROTOCOL: 'SASL_SSL',
        KAFKA_TLS_CA_FILE: noPem,
        KAFKA_TLS_CERTIFICATE_FILE: join(directory, 'missing'),
        KAFKA_SASL_PASSWORD_FILE: empty,
      })
    expect(parse).toThrow(ConfigError)
    expect(parse).toThrow(/KAFKA_TLS_CA_FILE=.*expected PEM/)
    expect(parse).toThrow(/KAFKA_TLS_CERTIFICATE_FILE=.*missing: the file cannot be read \(ENOENT\)/)
    expect(parse).toThrow(/KAFKA_TLS_CERTIFICATE_FILE and KAFKA_TLS_KEY_FILE belong together/)
    expect(parse).toThrow(/KAFKA_SASL_USERNAME is not set/)
    expect(parse).toThrow(/KAFKA_SASL_PASSWORD_FILE=.*the file is empty/)
    expect(parse).not.toThrow(/my-password/)
  })

  it('refuses a secret that the protocol would leave unused: whoever set it believes to be safe', () => {
    expect(() => security({ KAFKA_SASL_USERNAME: 'scorer' })).toThrow(/KAFKA_SASL_USERNAME is set, but KAFKA_SECURITY_PROTOCOL=PLAINTEXT/)
    expect(() => security({ KAFKA_SECURITY_PROTOCOL: 'SASL_PLAINTEXT', KAFKA_TLS_CA_FILE: certificate })).toThrow(
      /KAFKA_TLS_CA_FILE is set/,
    )
  })
})
