import type { AppContext } from '#lib/app/app.ts'
import { type Controls, silenceOf } from '#lib/decisions/controls.ts'
import type { Alert } from '#schemas/types.ts'
import type { settings } from './config.ts'
import type { ChannelDesk, ChannelDeskOptions } from './delivery/channel-desk.ts'
import type { Intents } from './delivery/intents.ts'
import type { Freshness } from './freshness.ts'
import type { Announce } from './news.ts'
import type { TradingDesk } from './trading-desk.ts'

type Context = AppContext<typeof settings>

/** One way to people or to their programs. Each remembers for itself what it has told, so that one that waits holds back no other. */
export type Outlet = Readonly<{
  /** Names it among the others. */
  name: string
  intents: Intents
  deskFor(alert: Alert): Pick<ChannelDesk<unknown>, 'take'>
  announce: Announce
  desks: readonly Pick<ChannelDesk<unknown>, 'finished' | 'stop'>[]
}>

/** What holds at every desk, wherever it posts. */
export type DeskBasis = Pick<
  ChannelDeskOptions<never>,
  'clock' | 'silence' | 'silenceNotices' | 'silenceChanged' | 'isStillThere' | 'onPosting' | 'onTrouble'
>

/** The basis of the desk that posts to a place. */
export type DeskBasisOf = (placeName: string) => DeskBasis

export function createDeskBasis(
  { clock, logger, metrics, health }: Context,
  { controls, freshness, trading }: Readonly<{ controls: Controls; freshness: Freshness; trading: Pick<TradingDesk, 'beyondLimit'> }>,
): DeskBasisOf {
  const requested = metrics.latency('alert_to_request', 'From the alert in its topic to the request that tells of it.')
  return (placeName) => ({
    clock,
    silence: (alert) => silenceOf(controls.state(), alert) ?? trading.beyondLimit(alert),
    silenceNotices: () => (controls.state().killed === null ? null : { type: 'drop', reason: 'the kill switch is on' }),
    silenceChanged: () => controls.changed(),
    isStillThere: freshness.isStillThere,
    onPosting: ({ appendedAt }) => requested.record(clock.now() - appendedAt),
    onTrouble(problem) {
      health.set(`posting to ${placeName}`, problem === null, problem ?? 'ok')
      if (problem !== null) logger.warn({ place: placeName, problem }, 'an outlet')
    },
  })
}
