import { mkdtempSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { commonSettings } from './common-settings.ts'
import { ConfigError, defineConfig, describeSettings, integer, parseConfig, text } from './config.ts'

const settings = defineConfig({
  PORT: { schema: integer(0, 65_535), default: '0', unit: 'port', description: 'Where to listen.' },
  NAME: { schema: text(), description: 'Who we are.' },
  KEY: { schema: text().min(8), description: 'The key.', secret: true },
})

test('gives typed values, defaults included, and cannot be changed', () => {
  const config = parseConfig(settings, { NAME: 'a', KEY: 'long enough' })
  expect(config).toEqual({ PORT: 0, NAME: 'a', KEY: 'long enough' })
  expect(() => Object.assign(config, { PORT: 1 })).toThrow()
})

test('reports every problem at once, with the name of the variable', () => {
  const parse = () => parseConfig(settings, { PORT: '99999', NAME: '', KEY: 'long enough' })
  expect(parse).toThrow(ConfigError)
  expect(parse).toThrow(/PORT="99999".*\nNAME is not set: Who we are\./s)
})

test('never shows a secret', () => {
  const parse = () => parseConfig(settings, { NAME: 'a', KEY: 'short' })
  expect(parse).toThrow(/KEY=\[secret\]/)
  expect(parse).not.toThrow(/short/)
})

test('a secret may come as a file, as a cluster mounts it; nothing else may', () => {
  const file = join(mkdtempSync(join(tmpdir(), 'flipstream-config-')), 'key')
  writeFileSync(file, 'long enough\n')
  expect(parseConfig(settings, { NAME: 'a', KEY_FILE: file })).toMatchObject({ KEY: 'long enough' })
  expect(() => parseConfig(settings, { NAME_FILE: file, KEY_FILE: file })).toThrow(/NAME is not set/)
  expect(() => parseConfig(settings, { NAME: 'a', KEY_FILE: `${file}.no` })).toThrow(/KEY_FILE=.*\.no: the file cannot be read \(ENOENT\)/)
  expect(() => parseConfig(settings, { NAME: 'a', KEY: 'long enough', KEY_FILE: file })).toThrow(/KEY and KEY_FILE are both set/)
})

test('help lists each variable with default, unit and meaning', () => {
  expect(describeSettings(settings)).toMatch(/PORT {2}0 port {4}Where to listen\.\n {2}NAME {2}required {2}Who we are\./)
})

test('brokers are a list', () => {
  const env = {
    KAFKA_BROKERS: 'a:1, b:2',
    SCHEMA_REGISTRY_URL: 'http://r',
    S3_ENDPOINT: 'http://s',
    S3_ACCESS_KEY: 'k',
    S3_SECRET_KEY: 's',
  }
  expect(parseConfig(commonSettings, env).KAFKA_BROKERS).toEqual(['a:1', 'b:2'])
  expect(() => parseConfig(commonSettings, { ...env, S3_ENDPOINT: 'store' })).toThrow(/S3_ENDPOINT="store": expected an http/)
})
