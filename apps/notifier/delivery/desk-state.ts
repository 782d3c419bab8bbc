import type { Silence } from '#lib/decisions/controls.ts'
import type { Notification, NotificationStatus } from '#schemas/types.ts'
import type { Attempt, Delivery } from './delivery.ts'
import type { Posting, Recall } from './place.ts'

/** What a desk may be given to post. */
export type DeskItem = Readonly<{
  id: string
  /** The highest is posted first. */
  rank: number
  /** Wall clock: deadlines come with records. */
  expiresAt: number
  canBeSummedUp: boolean
  /** False once another process has its partition: then it is none of ours. */
  isCurrent(): boolean
  /** Why it may not be posted now; null: it may. */
  silence(): Silence | null
}>

export type Entry<Item extends DeskItem> = Readonly<{ item: Item; delivery: Delivery }>

/** How fast may be posted, by the monotonic clock. `trouble`: an object of its own for each one that is met; null: none. */
export type Pace = Readonly<{
  /** When full messages were posted, oldest first. */
  fullPosts: readonly number[]
  blockedUntil: number
  failures: number
  trouble: Readonly<{ problem: string }> | null
}>

/** What is under way, one thing at a time. */
export type Step =
  /** Until something can have changed: something came, people spoke, or so much time passed. */
  | Readonly<{ type: 'rest'; millis: number }>
  /** Is it to be seen in its place? */
  | Readonly<{ type: 'look'; id: string; reference: string; since: number }>
  /** Is what it is about still there? */
  | Readonly<{ type: 'check'; id: string }>
  | (Attempt & Readonly<{ type: 'claim'; ids: readonly string[] }>)
  | (Attempt & Readonly<{ type: 'post'; ids: readonly string[] }>)
  /** Whatever is certain and not durable. */
  | Readonly<{ type: 'record' }>
  /** Whatever is over. */
  | Readonly<{ type: 'settle' }>
  | Readonly<{ type: 'stop' }>

export type DeskState<Item extends DeskItem> = Readonly<{
  queue: readonly Entry<Item>[]
  pace: Pace
  step: Step
  isStopping: boolean
}>

/** What became of it. `known`: another process tells it. */
export type DeskStatus = NotificationStatus | 'known'

/** What a step came to. */
export type StepEvent =
  | Readonly<{ type: 'rested' }>
  | Readonly<{ type: 'looked'; messageId: string | null }>
  | Readonly<{ type: 'could not look'; problem: string }>
  | Readonly<{ type: 'checked'; isThere: boolean | null }>
  /** `lost`: those whose first intent is another's, with the newest word about each. */
  | Readonly<{ type: 'claimed'; lost: ReadonlyMap<string, Notification | undefined> }>
  | Readonly<{ type: 'answered'; posting: Posting }>
  | Readonly<{ type: 'recorded' }>
  | Readonly<{ type: 'settled' }>

export type DeskEvent<Item extends DeskItem> =
  | StepEvent
  /** At any time. `told`: the newest word about it. */
  | Readonly<{ type: 'taken'; item: Item; newest: Notification | undefined }>
  | Readonly<{ type: 'told to stop' }>

/** What holds at the moment of an event: read once, so that nothing changes between two looks at a clock. */
export type Facts = Readonly<{
  now: number
  monotonic: number
  place: Readonly<{ name: string; recall: Recall }>
  /** Full messages that may be posted in five seconds before the rest is summed up. */
  fullPerWindow: number
  backoffMillis(failures: number): number
}>

export const emptyDesk: DeskState<never> = {
  queue: [],
  pace: { fullPosts: [], blockedUntil: 0, failures: 0, trouble: null },
  step: { type: 'rest', millis: Number.POSITIVE_INFINITY },
  isStopping: false,
}
