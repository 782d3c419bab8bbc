import { FatalError, FencedError, RejectedError, RetryableError } from '#lib/errors/errors.ts'

/** Somebody else has the transactional id, or the group goes on without us. */
const fenced = new Set(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED', 'UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION', 'FENCED_INSTANCE_ID'])
/** Codes that came after kafkajs 2.2.4: it gives them as unknown, with the number. */
const laterCodes: Readonly<Record<number, string>> = { 90: 'PRODUCER_FENCED', 120: 'TRANSACTION_ABORTABLE' }

/** Called not retriable by kafkajs, because the request must not simply be repeated; a new client may well succeed. */
const cured = new Set([
  'UNKNOWN',
  'BROKER_NOT_AVAILABLE',
  'OUT_OF_ORDER_SEQUENCE_NUMBER',
  'DUPLICATE_SEQUENCE_NUMBER',
  'UNKNOWN_PRODUCER_ID',
  'INVALID_PRODUCER_ID_MAPPING',
  'INVALID_TXN_STATE',
  'TRANSACTION_COORDINATOR_FENCED',
  'TRANSACTION_ABORTABLE',
  'STALE_CONTROLLER_EPOCH',
  'STALE_BROKER_EPOCH',
  'REBALANCE_IN_PROGRESS',
])
const curedNames = new Set([
  'KafkaJSConnectionError',
  'KafkaJSConnectionClosedError',
  'KafkaJSRequestTimeoutError',
  'KafkaJSNumberOfRetriesExceeded',
  'KafkaJSBrokerNotFound',
  'KafkaJSMetadataNotLoaded',
  'KafkaJSTopicMetadataNotLoaded',
  'KafkaJSStaleTopicMetadataAssignment',
  'KafkaJSGroupCoordinatorNotFound',
  'KafkaJSNoBrokerAvailableError',
  'KafkaJSLockTimeout',
  'KafkaJSTimeout',
])

/** Plain errors of kafkajs that say what others of it say with a name. */
const curedMessages = new Set(['Broker not connected'])

type KafkajsError = Error & {
  type?: string
  code?: unknown
  retriable?: boolean
  broker?: string
  host?: string
  port?: number
  /** What each topic met with, in a request about several. */
  errors?: readonly Error[]
}

/**
 * The one place where kafkajs's errors become reactions. `doing` says what failed and, where known, against whom; it begins the message.
 * What kafkajs threw is the cause.
 */
export function streamError(error: unknown, doing: string, rights: Rights = {}): Error {
  if (isOurs(error)) return error
  const chain = causesOf(error)
  const root = chain.at(-1)
  if (root === undefined) return new FatalError(`${doing}: ${String(error)}`, { cause: error })
  const type = typeOf(root)
  const text = `${doing}: ${root.message}${missingRight(type, rights)}${brokerOf(chain)}`
  if (fenced.has(type)) return new FencedError(text, { cause: error })
  const temporary =
    cured.has(type) ||
    chain.some(({ name, message }) => curedNames.has(name) || curedMessages.has(message)) ||
    (type !== '' && root.retriable === true)
  if (temporary && !isRefusedLogin(root)) return new RetryableError(text, { cause: error })
  return new FatalError(text, { cause: error })
}

/** What a call needs to be allowed, by what Kafka names in its refusal; Kafka itself does not say which topic, nor which operation. */
export type Rights = Readonly<Partial<Record<'TOPIC' | 'GROUP' | 'TRANSACTIONAL_ID' | 'CLUSTER', string>>>

function missingRight(type: string, rights: Rights): string {
  const resource = /^(TOPIC|GROUP|TRANSACTIONAL_ID|CLUSTER)_AUTHORIZATION_FAILED$/.exec(type)?.[1] as keyof Rights | undefined
  const right = resource === undefined ? undefined : rights[resource]
  return right === undefined ? '' : `. The user of this app lacks a right (an ACL): it needs ${right}`
}

const isOurs = (error: unknown): error is Error =>
  error instanceof RetryableError || error instanceof FencedError || error instanceof FatalError || error instanceof RejectedError

/** kafkajs wraps: the outermost first. Of several errors in one the first speaks for all. */
function causesOf(error: unknown): KafkajsError[] {
  const chain: KafkajsError[] = []
  let next = error
  while (next instanceof Error && !chain.includes(next)) {
    const { cause, errors }: KafkajsError = next
    chain.push(next)
    next = cause ?? errors?.[0]
  }
  return chain
}

function typeOf({ type, code }: KafkajsError): string {
  return (typeof code === 'number' && laterCodes[code]) || type || ''
}

const isRefusedLogin = ({ name, type }: KafkajsError) => name === 'KafkaJSSASLAuthenticationError' || type === 'SASL_AUTHENTICATION_FAILED'

function brokerOf(chain: readonly KafkajsError[]): string {
  const known = chain.find(({ broker, host }) => broker !== undefined || host !== undefined)
  if (known === undefined) return ''
  const address = known.broker ?? `${known.host}:${known.port}`
  return chain.at(-1)!.message.includes(address) ? '' : ` (broker ${address})`
}
