import { readFileSync } from 'node:fs'
import type { KafkajsLogOptions } from '#lib/stream/kafkajs/kafkajs-log.ts'
import { type Config, ConfigError, defineConfig, oneOf, optionalText, parseConfig } from './config.ts'
import { UsageError } from './usage-error.ts'

/** How an app talks to a cluster that wants TLS or a login. Secrets come as files, as a cluster mounts them; they are no variables. */
export const kafkaSecuritySettings = defineConfig({
  KAFKA_SECURITY_PROTOCOL: {
    schema: oneOf(['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL']),
    default: 'PLAINTEXT',
    description: "As Kafka's security.protocol: PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL.",
  },
  KAFKA_TLS_CA_FILE: {
    schema: optionalText(),
    default: '',
    description: "PEM file with who signed the brokers' certificates; empty: whom the system trusts.",
  },
  KAFKA_TLS_CERTIFICATE_FILE: {
    schema: optionalText(),
    default: '',
    description: 'PEM file with our own certificate, where the brokers ask for one.',
  },
  KAFKA_TLS_KEY_FILE: { schema: optionalText(), default: '', description: 'PEM file with its key.' },
  KAFKA_SASL_MECHANISM: {
    schema: oneOf(['SCRAM-SHA-512', 'PLAIN', 'OAUTHBEARER']),
    default: 'SCRAM-SHA-512',
    description: 'How SASL_… logs in: SCRAM-SHA-512 or PLAIN (user and password), or OAUTHBEARER (token).',
  },
  KAFKA_SASL_USERNAME: { schema: optionalText(), default: '', description: 'User of SCRAM-SHA-512 and PLAIN.' },
  KAFKA_SASL_PASSWORD_FILE: { schema: optionalText(), default: '', description: 'File with the password of that user.' },
  KAFKA_OAUTH_TOKEN_FILE: {
    schema: optionalText(),
    default: '',
    description: 'File with the token of OAUTHBEARER, read again for every login: whoever renews it need not restart us.',
  },
})

type SecurityConfig = Config<typeof kafkaSecuritySettings>
export type KafkaSecurity = Pick<KafkajsLogOptions, 'ssl' | 'sasl'>

/** What the log's client needs to know. Every problem at once, with the variable's name; throws ConfigError. */
export function kafkaSecurity(config: SecurityConfig): KafkaSecurity {
  const problems: string[] = []
  const withTls = config.KAFKA_SECURITY_PROTOCOL.endsWith('SSL')
  const withLogin = config.KAFKA_SECURITY_PROTOCOL.startsWith('SASL')
  const security: KafkaSecurity = { ...(withTls && { ssl: tls(config, problems) }), ...(withLogin && login(config, problems)) }
  problems.push(...unused(config, { withTls, withLogin }))
  if (problems.length > 0) throw new ConfigError(problems.join('\n'))
  return security
}

/** For commands, whose arguments are not settings: the same from the environment. A mistake is one of usage. */
export function kafkaSecurityOf(env: Readonly<Record<string, string | undefined>>): KafkaSecurity {
  try {
    return kafkaSecurity(parseConfig(kafkaSecuritySettings, env))
  } catch (error) {
    throw error instanceof ConfigError ? new UsageError(error.message) : error
  }
}

function tls(config: SecurityConfig, problems: string[]): NonNullable<KafkaSecurity['ssl']> {
  const pem = (name: 'KAFKA_TLS_CA_FILE' | 'KAFKA_TLS_CERTIFICATE_FILE' | 'KAFKA_TLS_KEY_FILE', what: string) => {
    const text = secretFile(config, name, problems)
    if (text !== null && !text.includes(`${what}-----`))
      problems.push(`${name}=${config[name]}: expected PEM with -----BEGIN … ${what}-----`)
    return text
  }
  const [ca, cert, key] = [
    pem('KAFKA_TLS_CA_FILE', 'CERTIFICATE'),
    pem('KAFKA_TLS_CERTIFICATE_FILE', 'CERTIFICATE'),
    pem('KAFKA_TLS_KEY_FILE', 'PRIVATE KEY'),
  ]
  if ((config.KAFKA_TLS_CERTIFICATE_FILE === null) !== (config.KAFKA_TLS_KEY_FILE === null))
    problems.push('KAFKA_TLS_CERTIFICATE_FILE and KAFKA_TLS_KEY_FILE belong together: set both or none')
  return { ...(ca !== null && { ca }), ...(cert !== null && { cert }), ...(key !== null && { key }) }
}

function login(config: SecurityConfig, problems: string[]): KafkaSecurity {
  const protocol = `KAFKA_SECURITY_PROTOCOL=${config.KAFKA_SECURITY_PROTOCOL} with KAFKA_SASL_MECHANISM=${config.KAFKA_SASL_MECHANISM}`
  const missing = (name: keyof SecurityConfig) => problems.push(`${name} is not set, but ${protocol} needs it`)
  if (config.KAFKA_SASL_MECHANISM === 'OAUTHBEARER') {
    const file = config.KAFKA_OAUTH_TOKEN_FILE
    if (file === null) missing('KAFKA_OAUTH_TOKEN_FILE')
    else secretFile(config, 'KAFKA_OAUTH_TOKEN_FILE', problems)
    return { sasl: { mechanism: 'oauthbearer', oauthBearerProvider: async () => ({ value: readFileSync(file!, 'utf8').trim() }) } }
  }
  if (config.KAFKA_SASL_USERNAME === null) missing('KAFKA_SASL_USERNAME')
  if (config.KAFKA_SASL_PASSWORD_FILE === null) missing('KAFKA_SASL_PASSWORD_FILE')
  const password = secretFile(config, 'KAFKA_SASL_PASSWORD_FILE', problems) ?? ''
  // PLAIN sends the password as it is.
  if (config.KAFKA_SASL_MECHANISM === 'PLAIN' && config.KAFKA_SECURITY_PROTOCOL !== 'SASL_SSL')
    problems.push('KAFKA_SASL_MECHANISM=PLAIN needs KAFKA_SECURITY_PROTOCOL=SASL_SSL: without TLS everybody on the way reads the password')
  const mechanism = config.KAFKA_SASL_MECHANISM === 'PLAIN' ? 'plain' : 'scram-sha-512'
  return { sasl: { mechanism, username: config.KAFKA_SASL_USERNAME ?? '', password } }
}

/** Without the line's end that editors leave. Null where the variable is empty, or its file is no use. */
function secretFile(config: SecurityConfig, name: keyof SecurityConfig, problems: string[]): string | null {
  const file = config[name]
  if (file === null) return null
  try {
    const text = readFileSync(file, 'utf8').trimEnd()
    if (text !== '') return text
    problems.push(`${name}=${file}: the file is empty`)
  } catch (error) {
    problems.push(`${name}=${file}: the file cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
  return null
}

/** Somebody who names a password and forgets the protocol believes to be safe. */
function unused(config: SecurityConfig, { withTls, withLogin }: { withTls: boolean; withLogin: boolean }): string[] {
  const given = Object.keys(config).filter((name) => name in kafkaSecuritySettings && config[name as keyof SecurityConfig] !== null)
  const idle = given.filter(
    (name) => (name.startsWith('KAFKA_TLS') && !withTls) || (/^KAFKA_(SASL_(USERNAME|PASSWORD)|OAUTH)/.test(name) && !withLogin),
  )
  return idle.map((name) => `${name} is set, but KAFKA_SECURITY_PROTOCOL=${config.KAFKA_SECURITY_PROTOCOL} does not use it`)
}
