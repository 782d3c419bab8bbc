import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { AclOperationTypes, AclPermissionTypes, AclResourceTypes, Kafka, logLevel, ResourcePatternTypes } from 'kafkajs'
import type { Right } from '#lib/market/access.ts'
import { createKafkaServer } from '#lib/stack/kafka-server.ts'
import { freePort } from '#lib/stack/ports.ts'
import { localHost, type ServerPlace } from '#lib/stack/server.ts'
import { startPrivateServer } from './private-servers.ts'

/** A broker that wants TLS and a login, and allows only what ACLs allow. Beside that it has a plain listener, whose clients may do all. */
export type SecureBroker = Readonly<{
  /** `host:port` for those who log in. */
  secure: string
  /** `host:port` for the test, which sets things up. */
  plain: string
  /** Environment of an app that logs in by SCRAM as this user. */
  environmentOf(user: string): Promise<Readonly<Record<string, string>>>
  /** Environment of an app that logs in by OAUTHBEARER with a token that says so. */
  tokenEnvironmentOf(user: string): Promise<Readonly<Record<string, string>>>
  allow(user: string, rights: readonly Right[]): Promise<void>
  dispose(): Promise<void>
}>

const storePassword = 'changeit'
const passwordOf = (user: string) => `password-of-${user}`

export async function startSecureBroker(users: readonly string[]): Promise<SecureBroker> {
  const definition = createKafkaServer({
    ports: { secure: await freePort() },
    users: Object.fromEntries(users.map((user) => [user, passwordOf(user)])),
    settings: async (place, listeners) => {
      await makeCertificate(place)
      return secureSettings(place, listeners)
    },
  })
  const server = await startPrivateServer(definition)
  const inDirectory = async (name: string, text: string) => {
    await writeFile(join(server.directory, name), text)
    return join(server.directory, name)
  }
  const tls = { KAFKA_SECURITY_PROTOCOL: 'SASL_SSL', KAFKA_TLS_CA_FILE: join(server.directory, certificateFile) }
  return {
    secure: `${localHost}:${server.ports['secure']}`,
    plain: server.address,
    environmentOf: async (user) => ({
      ...tls,
      KAFKA_SASL_USERNAME: user,
      KAFKA_SASL_PASSWORD_FILE: await inDirectory(`${user}.password`, `${passwordOf(user)}\n`),
    }),
    tokenEnvironmentOf: async (user) => ({
      ...tls,
      KAFKA_SASL_MECHANISM: 'OAUTHBEARER',
      KAFKA_OAUTH_TOKEN_FILE: await inDirectory(`${user}.token`, unsignedToken(user)),
    }),
    allow: (user, rights) => createAcls(server.address, user, rights),
    dispose: server.dispose,
  }
}

const certificateFile = 'broker.pem'
const keystoreFile = 'broker.p12'

/** Signed by itself, so that it is its own authority. keytool comes with every Java. */
async function makeCertificate({ java, directory }: ServerPlace): Promise<void> {
  const keystore = join(directory, keystoreFile)
  if (existsSync(keystore)) return
  const keytool = (...args: string[]) =>
    promisify(execFile)(join(dirname(java), 'keytool'), [...args, '-keystore', keystore, '-storepass', storePassword, '-alias', 'broker'])
  const name = ['-dname', 'CN=broker', '-ext', `san=ip:${localHost}`, '-ext', 'bc=ca:true']
  await keytool('-genkeypair', '-keyalg', 'EC', '-groupname', 'secp256r1', '-validity', '30', '-storetype', 'PKCS12', ...name)
  await keytool('-exportcert', '-rfc', '-file', join(directory, certificateFile))
}

function secureSettings({ directory, ports }: ServerPlace, listeners: Readonly<Record<string, string>>): Record<string, string> {
  const login = 'org.apache.kafka.common.security'
  const secure = `SECURE://${localHost}:${ports['secure']}`
  return {
    listeners: `${listeners['listeners']},${secure}`,
    'advertised.listeners': `${listeners['advertised.listeners']},${secure}`,
    'listener.security.protocol.map': `${listeners['listener.security.protocol.map']},SECURE:SASL_SSL`,
    'listener.name.secure.ssl.keystore.type': 'PKCS12',
    'listener.name.secure.ssl.keystore.location': join(directory, keystoreFile),
    'listener.name.secure.ssl.keystore.password': storePassword,
    'listener.name.secure.sasl.enabled.mechanisms': 'SCRAM-SHA-512,OAUTHBEARER',
    'listener.name.secure.scram-sha-512.sasl.jaas.config': `${login}.scram.ScramLoginModule required;`,
    'listener.name.secure.oauthbearer.sasl.jaas.config': `${login}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";`,
    'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
    'super.users': 'User:ANONYMOUS',
  }
}

/** What Kafka's own validator for tests accepts: claims without a signature. */
function unsignedToken(user: string): string {
  const part = (claims: object) => Buffer.from(JSON.stringify(claims)).toString('base64url')
  const century = Date.UTC(2100, 0, 1) / 1_000
  return `${part({ alg: 'none' })}.${part({ sub: user, iat: 0, exp: century })}.`
}

async function createAcls(broker: string, user: string, rights: readonly Right[]): Promise<void> {
  const admin = new Kafka({ brokers: [broker], clientId: 'acls', logLevel: logLevel.NOTHING }).admin()
  await admin.connect()
  const types = { topic: AclResourceTypes.TOPIC, group: AclResourceTypes.GROUP, transactionalId: AclResourceTypes.TRANSACTIONAL_ID }
  const operationTypes = {
    Read: AclOperationTypes.READ,
    Write: AclOperationTypes.WRITE,
    Create: AclOperationTypes.CREATE,
    Describe: AclOperationTypes.DESCRIBE,
    DescribeConfigs: AclOperationTypes.DESCRIBE_CONFIGS,
    Delete: AclOperationTypes.DELETE,
  }
  try {
    await admin.createAcls({
      acl: rights.flatMap(({ resource, name, prefixed, operations }) =>
        operations.map((operation) => ({
          resourceType: types[resource],
          resourceName: name,
          resourcePatternType: prefixed ? ResourcePatternTypes.PREFIXED : ResourcePatternTypes.LITERAL,
          principal: `User:${user}`,
          host: '*',
          operation: operationTypes[operation],
          permissionType: AclPermissionTypes.ALLOW,
        })),
      ),
    })
  } finally {
    await admin.disconnect()
  }
}
