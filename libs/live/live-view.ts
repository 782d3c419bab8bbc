import { createPositionBook, type PositionBook } from '#lib/positions/position-book.ts'
import type { Alert, ModelAnnounced, Outcome, PaperTrade, ScoredListing, Source } from '#schemas/types.ts'
import type { Calibration } from './calibration.ts'
import { type AlertCard, cardOf, type ListingRow, outcomeOf, rowOf } from './evidence.ts'
import { isAbout, type Subject } from './find-scored.ts'
import type { OutcomeTally } from './outcome-tally.ts'
import { createRecent } from './recent.ts'

export type DeadLetterCounts = Readonly<{ count: number; byCode: Readonly<Record<string, number>> }>

/** What has changed since it was last asked. */
export type Changes = Readonly<{
  listings: readonly ListingRow[]
  alerts: readonly AlertCard[]
  outcomes: ReadonlyArray<Readonly<{ alertId: string; outcome: ReturnType<typeof outcomeOf> }>>
}>

/** The newest of everything that was read, in bounded memory. Knows no log and no clock. */
export type LiveView = Readonly<{
  takeScored(scored: ScoredListing): void
  takeAlert(alert: Alert): void
  takeOutcome(outcome: Outcome): void
  takePaper(trade: PaperTrade): void
  takeModel(model: ModelAnnounced): void
  takeDeadLetter(code: string): void
  /** Newest first. */
  listings(count: number): ListingRow[]
  alerts(count: number): AlertCard[]
  /** The newest record of it, as it was scored; null where it is not remembered. */
  scored(subject: Subject): ScoredListing | null
  alert(alertId: string): Alert | null
  positions: PositionBook
  /** What paper accounts did: the newest word about each trade. */
  paper(): readonly PaperTrade[]
  /** Newest first. */
  models(): ModelAnnounced[]
  deadLetters(): DeadLetterCounts
  /** As the newest scored listing names them. */
  inForce(): Readonly<{ modelId: string; trainedUntil: number; backend: string; codeVersion: string; source: Source }> | null
  counts(): Readonly<{ scored: number; alerts: number }>
  takeChanges(): Changes
}>

export type LiveViewOptions = Readonly<{
  listings: number
  alerts: number
  calibration: Calibration
  tally: OutcomeTally
}>

const maxModels = 200
const maxCodes = 50
/** Changes that nobody asks for are not kept: whoever comes then is given the whole picture. */
const maxChanges = 1_000

export function createLiveView({ listings: maxListings, alerts: maxAlerts, calibration, tally }: LiveViewOptions): LiveView {
  const listings = createRecent<ScoredListing>(maxListings)
  /** The newest listing of an axie. */
  const listingIds = createRecent<string>(maxListings)
  const alerts = createRecent<Alert>(maxAlerts)
  const outcomes = createRecent<Outcome>(10 * maxAlerts)
  const positions = createPositionBook()
  const paper = new Map<string, PaperTrade>()
  const models = createRecent<ModelAnnounced>(maxModels)
  const codes = new Map<string, number>()
  let deadLetters = 0
  let scoredCount = 0
  let alertCount = 0
  let newest: ScoredListing | null = null
  let changed = { listings: [] as ListingRow[], alerts: [] as Alert[], outcomes: [] as Outcome[] }

  const card = (alert: Alert): AlertCard => cardOf(alert, outcomes.get(alert.alertId) ?? null)
  const note = <T>(list: T[], value: T): void => {
    list.push(value)
    if (list.length > maxChanges) list.shift()
  }
  /** Alert and outcome come from two topics, in either order. */
  const compareResale = (alert: Alert | undefined, outcome: Outcome | undefined): void => {
    if (alert !== undefined && outcome?.resoldUsd != null)
      calibration.takeResale(alert.alertId, alert.scored.quantilesUsd, outcome.resoldUsd)
  }

  return {
    takeScored(scored) {
      const row = rowOf(scored)
      newest = scored
      scoredCount++
      listings.set(row.listingId, scored)
      listingIds.set(row.axieId, row.listingId)
      calibration.takeForecast({
        axieId: row.axieId,
        listedAt: row.listedAt,
        observedAt: row.observedAt,
        quantilesUsd: scored.quantilesUsd,
      })
      note(changed.listings, row)
    },
    takeAlert(alert) {
      alertCount++
      alerts.set(alert.alertId, alert)
      compareResale(alert, outcomes.get(alert.alertId))
      note(changed.alerts, alert)
    },
    takeOutcome(outcome) {
      tally.take(outcome)
      if (outcome.kind !== 'alert') return
      outcomes.set(outcome.alertId, outcome)
      compareResale(alerts.get(outcome.alertId), outcome)
      if (alerts.get(outcome.alertId) !== undefined) note(changed.outcomes, outcome)
    },
    takePaper: (trade) => void paper.set(trade.tradeId, trade),
    takeModel: (model) => models.set(model.modelId, model),
    takeDeadLetter(code) {
      deadLetters++
      const known = codes.has(code) || codes.size < maxCodes ? code : 'other'
      codes.set(known, (codes.get(known) ?? 0) + 1)
    },
    listings: (count) => listings.newest(count).map(rowOf),
    alerts: (count) => alerts.newest(count).map(card),
    scored(subject) {
      const known = listings.get(subject.listingId ?? listingIds.get(subject.tokenId) ?? '')
      if (known !== undefined && isAbout(subject, known)) return known
      return alerts.newest(maxAlerts).find(({ scored }) => isAbout(subject, scored))?.scored ?? null
    },
    alert: (alertId) => alerts.get(alertId) ?? null,
    positions,
    paper: () => [...paper.values()],
    models: () => models.newest(maxModels),
    deadLetters: () => ({ count: deadLetters, byCode: Object.fromEntries([...codes].sort(([, a], [, b]) => b - a)) }),
    inForce: () =>
      newest === null
        ? null
        : {
            modelId: newest.modelId,
            trainedUntil: newest.modelTrainedUntil,
            backend: newest.backend,
            codeVersion: newest.codeVersion,
            source: newest.listing.source,
          },
    counts: () => ({ scored: scoredCount, alerts: alertCount }),
    takeChanges() {
      const { listings, alerts, outcomes } = changed
      changed = { listings: [], alerts: [], outcomes: [] }
      return {
        listings,
        alerts: alerts.map(card),
        outcomes: outcomes.map((outcome) => ({ alertId: outcome.alertId, outcome: outcomeOf(outcome) })),
      }
    },
  }
}
