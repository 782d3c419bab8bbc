import type { AlertCard } from '#lib/live/evidence.ts'
import type { StageLag } from '#lib/live/pipeline-watch.ts'
import type { LatencySummary } from '#lib/live/recent-latency.ts'
import type { Status } from '#lib/live/status.ts'
import { spentWords } from '#lib/marketplace/spent-book.ts'
import { count, dateTime, percent, signedUsd, span, titleCase, usd } from '#lib/words/format.ts'
import { priceBar } from '#lib/words/price-bar.ts'
import { flow, justify, printable, type Run, render, run, shorten } from '#lib/words/terminal-text.ts'

/** What the terminal shows: how things stand above, the newest alerts below. Pure: the same status gives the same picture. */

export type ScreenSize = Readonly<{ columns: number; rows: number; color: boolean }>

const fewestColumns = 40
const labelWidth = 11
const between = run('   ')

/** As many lines as the terminal has rows, none wider than it. */
export function drawScreen(status: Status, alerts: readonly AlertCard[], { columns, rows, color }: ScreenSize): string[] {
  const width = Math.max(fewestColumns, columns)
  const head = [title(status, width), [run('─'.repeat(width), 'dim')], ...health(status, width), [run('─'.repeat(width), 'dim')]]
  const room = Math.max(0, rows - head.length - 1)
  const body = alerts.length === 0 ? [[run('No alert yet. They are rare on purpose.', 'dim')]] : alertLines(alerts, room, width)
  const lines = [...head, ...body].slice(0, rows - 1)
  while (lines.length < rows - 1) lines.push([])
  lines.push([run('ctrl-C ends this; the pipeline goes on', 'dim')])
  return lines.map((line) => render(shorten(line, width), color))
}

/** One line, for a log. */
export const healthLine = (status: Status): string => {
  const { counts, listingsPerSecond, listingToScoredMs, listingToAlertMs, stages, broker } = status
  const waiting = stages.reduce((sum, { records }) => sum + records, 0)
  const away = broker.answers ? '' : '  KAFKA DOES NOT ANSWER'
  return `${simulatedText(status)}listings ${listingsPerSecond.toFixed(1)}/s  seen ${counts.scored} (${latencyText(listingToScoredMs)})  alerts ${counts.alerts} (${latencyText(listingToAlertMs)})  waiting ${waiting}  dead ${counts.deadLetters}${away}`
}

const simulatedText = ({ simulated, source }: Status): string => (simulated ? `SIMULATED ${source}  ` : '')

function title(status: Status, width: number): Run[] {
  const { condition, simulated, source, marketTime } = status
  const stamp = simulated ? [run(' '), run(` SIMULATED · ${source} `, 'warn')] : []
  const kafka =
    condition.state === 'away'
      ? [run(' Kafka does not answer: this is how things were ', 'warn')]
      : [run('● ', condition.state === 'live' ? 'good' : 'warn'), run(condition.state)]
  const time = marketTime === null ? 'no market yet' : `market ${dateTime(marketTime)} UTC`
  return justify([run('flipstream', 'bold'), ...stamp, run(`  ${time}`, 'dim')], kafka, width)
}

function health(status: Status, width: number): Run[][] {
  const { counts, listingsPerSecond, listingToScoredMs, listingToAlertMs, deadLettersByCode, stages, model } = status
  const fact = (name: string, value: string): Run[] => [run(`${name} `, 'dim'), run(value, 'bold')]
  const letters = Object.entries(deadLettersByCode).slice(0, 4)
  return [
    ...labelled(
      'listings',
      [[run(`${listingsPerSecond.toFixed(1)}/s`, 'bold')], fact('seen', count(counts.scored)), fact('alerts', count(counts.alerts))],
      width,
    ),
    ...labelled(
      'latency',
      [fact('listing → priced', latencyText(listingToScoredMs)), fact('listing → alert', latencyText(listingToAlertMs))],
      width,
    ),
    ...labelled('waiting', stages.map(stage), width),
    ...labelled(
      'dead',
      [[run(count(counts.deadLetters), 'bold')], ...letters.map(([code, times]) => fact(printable(code, 30), count(times)))],
      width,
    ),
    ...labelled(
      'key',
      status.spent.map((one) => [run(printable(spentWords(one), 300), 'warn')]),
      width,
    ),
    ...labelled('model', model === null ? [[run('none has priced yet', 'dim')]] : modelFacts(model), width),
    ...labelled('forecasts', forecasts(status), width),
    ...labelled('alerts', outcomes(status), width),
  ]
}

const latencyText = (latency: LatencySummary | null): string =>
  latency === null ? 'not measured yet' : `p50 ${Math.round(latency.p50)} ms, p99 ${Math.round(latency.p99)} ms`

function stage({ app, started, records, seconds, atLeast }: StageLag): Run[] {
  if (!started) return [run(`${app} `, 'dim'), run('not started', 'dim')]
  if (records === 0) return [run(`${app} `, 'dim'), run('0')]
  return [run(`${app} `, 'dim'), run(`${atLeast ? '≥ ' : ''}${count(records)}`, 'bold'), run(` ${span(seconds * 1_000)}`, 'dim')]
}

const modelFacts = ({ id, backend, ageMillis }: NonNullable<Status['model']>): Run[][] => [
  [run(printable(id, 40), 'bold')],
  [run(`on ${printable(backend, 12)}`, 'dim')],
  ...(ageMillis === null ? [] : [[run(`learnt until ${span(ageMillis)} ago`, 'dim')]]),
]

function forecasts({ calibration: { all } }: Status): Run[][] {
  if (all.sales === 0) return [[run('no priced listing was sold yet', 'dim')]]
  const within = (from: number, to: number) => percent(all.bins.slice(from, to).reduce((sum, some) => sum + some, 0) / all.sales)
  return [
    [run(`${count(all.sales)} sold`, 'dim')],
    [run('25–75% holds ', 'dim'), run(within(2, 4), 'bold'), run(' (due 50%)', 'dim')],
    [run('5–95% ', 'dim'), run(within(1, 5), 'bold'), run(' (due 90%)', 'dim')],
    ...(all.medianError === null ? [] : [[run('median error ', 'dim'), run(percent(all.medianError), 'bold')]]),
  ]
}

function outcomes({ outcomes: { alerts, random, rejected } }: Status): Run[][] {
  if (alerts.soldOn === 0) return [[run('none was seen sold on yet', 'dim')]]
  const net = (tally: typeof alerts) => (tally.medianNetUsd === null ? '–' : signedUsd(tally.medianNetUsd))
  return [
    [run(`${count(alerts.soldOn)} of ${count(alerts.followed)} sold on`, 'dim')],
    [run('median after fee ', 'dim'), run(net(alerts), 'goodBold')],
    [run(`random buyer ${net(random)}`, 'dim')],
    [run(`rejected ${net(rejected)}`, 'dim')],
  ]
}

/** Newest first, as many as fit whole. */
function alertLines(alerts: readonly AlertCard[], room: number, width: number): Run[][] {
  const lines: Run[][] = []
  for (const alert of alerts) {
    const block = alertBlock(alert, width)
    if (lines.length + block.length > room) break
    lines.push(...block)
  }
  return lines
}

function alertBlock({ listing, netGainUsd, outcome }: AlertCard, width: number): Run[][] {
  const { forecastUsd: quantiles, askUsd, axieId, breedCount, observedAt } = listing
  const name = `#${printable(axieId, 20)} ${titleCase(printable(listing.class, 12))} · ${breedCount} ${breedCount === 1 ? 'breed' : 'breeds'}`
  const left = [
    run(`${dateTime(observedAt)}  `, 'dim'),
    run(name, 'bold'),
    run(`  asks ${usd(askUsd)}`),
    run(`  worth ${usd(quantiles.q50)}`),
    run(` (${usd(quantiles.q25)} to ${usd(quantiles.q75)})`, 'dim'),
  ]
  const bar = priceBar(quantiles, askUsd, Math.min(60, width - 15))
  const became =
    outcome === null || outcome.status === 'open'
      ? []
      : [run('  '), run(outcomeText(outcome), outcome.netUsd !== null && outcome.netUsd > 0 ? 'good' : 'dim')]
  return [
    justify(left, [run(signedUsd(netGainUsd), 'goodBold')], width),
    ...(bar === null ? [] : [[run(' '.repeat(14)), ...bar, ...became]]),
  ]
}

function outcomeText({ status, netUsd, resoldUsd }: NonNullable<AlertCard['outcome']>): string {
  if (status === 'resold' && netUsd !== null && resoldUsd !== null) return `sold on ${usd(resoldUsd)}: ${signedUsd(netUsd)}`
  return status === 'gone' ? 'gone' : 'not seen again'
}

const labelled = (label: string, pieces: readonly (readonly Run[])[], width: number): Run[][] =>
  flow(pieces, between, width - labelWidth).map((runs, index) => [run((index === 0 ? label : '').padEnd(labelWidth), 'dim'), ...runs])
