import type { Codec } from '#lib/codec/codec.ts'
import { decodeKnown } from '#lib/codec/decode-known.ts'
import { topicName } from '#lib/market/topics.ts'
import type { Follower, Log, NewRecord } from '#lib/stream/log.ts'
import type { Alert, Control, ControlKind } from '#schemas/types.ts'

/**
 * What people told the notifier: topic `controls`, compacted. What undoes another has the same key, so the newest of a key is what holds,
 * across restarts and from whatever process it came.
 */
export const controlKey = ({ kind, subject }: Pick<Control, 'kind' | 'subject'>): string => keys[kind](subject ?? '')

const keys: Readonly<Record<ControlKind, (subject: string) => string>> = {
  pause: () => 'pause',
  resume: () => 'pause',
  kill: () => 'kill',
  revive: () => 'kill',
  mute_seller: (seller) => `seller ${seller.toLowerCase()}`,
  unmute_seller: (seller) => `seller ${seller.toLowerCase()}`,
  pause_rule: (rule) => `rule ${rule}`,
  resume_rule: (rule) => `rule ${rule}`,
}

export const controlRecord = (codec: Codec, prefix: string, control: Control): NewRecord => ({
  topic: topicName(prefix, 'controls'),
  key: controlKey(control),
  value: codec.encode('Control', control),
})

/** What holds now. `muted`: by the seller's address in lower case. `pausedRules`: by name. */
export type ControlState = Readonly<{
  paused: Control | null
  killed: Control | null
  muted: ReadonlyMap<string, Control>
  pausedRules: ReadonlyMap<string, Control>
}>

/** Why nothing may be posted now. `hold`: until people say otherwise; `drop`: at once; `limit`: at once, as it is beyond what may be risked. */
export type Silence = Readonly<{ type: 'hold' | 'drop' | 'limit'; reason: string }>

export function silenceOf({ killed, paused, muted, pausedRules }: ControlState, { rule, scored: { listing } }: Alert): Silence | null {
  if (killed !== null) return { type: 'drop', reason: 'the kill switch is on' }
  if (muted.has(listing.seller.toLowerCase())) return { type: 'drop', reason: 'the seller is muted' }
  if (pausedRules.has(rule)) return { type: 'drop', reason: `rule ${rule} is paused` }
  return paused === null ? null : { type: 'hold', reason: 'paused' }
}

export interface Controls {
  state(): ControlState
  /** Resolves when anything is told after this call. */
  changed(): Promise<void>
  stop(): Promise<void>
  readonly finished: Promise<void>
}

/** Follows the topic; resolves when everything told so far holds. */
export async function followControls(options: {
  log: Pick<Log, 'follow'>
  codec: Codec
  prefix: string
  onUnreadable?: () => void
}): Promise<Controls> {
  const { log, codec, prefix, onUnreadable } = options
  const newest = new Map<string, Control>()
  let state = stateOf(newest)
  let change = Promise.withResolvers<void>()
  const follower: Follower = await log.follow([topicName(prefix, 'controls')], async (records) => {
    for (const { value } of records) {
      const control = await decodeKnown(codec, 'Control', value, onUnreadable)
      if (control !== null) newest.set(controlKey(control), control)
    }
    state = stateOf(newest)
    change.resolve()
    change = Promise.withResolvers<void>()
  })
  await Promise.race([follower.caughtUp, follower.finished])
  return { state: () => state, changed: () => change.promise, stop: () => follower.stop(), finished: follower.finished }
}

function stateOf(newest: ReadonlyMap<string, Control>): ControlState {
  const held = (key: string, kind: ControlKind): Control | null => {
    const control = newest.get(key)
    return control?.kind === kind ? control : null
  }
  const muted = [...newest.values()].filter(({ kind }) => kind === 'mute_seller')
  const pausedRules = [...newest.values()].filter(({ kind }) => kind === 'pause_rule')
  return {
    paused: held('pause', 'pause'),
    killed: held('kill', 'kill'),
    muted: new Map(muted.map((control) => [(control.subject ?? '').toLowerCase(), control])),
    pausedRules: new Map(pausedRules.map((control) => [control.subject ?? '', control])),
  }
}
