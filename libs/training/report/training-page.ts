/** The report of a training, as one HTML file: how good the model is on sales it has not seen, where it is not, and why. */

import type { BundleManifest } from '#lib/model/bundle/bundle.ts'
import type { Learning } from '#lib/model/model-family.ts'
import { type Html, html } from '#lib/report/html.ts'
import { note, page, type Section, section, type Tile, tiles } from '#lib/report/page.ts'
import { table } from '#lib/report/table.ts'
import { flatten } from '#lib/tracking/tracker.ts'
import type { DriftedFeature } from '#lib/training/feature-drift.ts'
import { type Contender, type Forecast, forecast, type Unseen } from '#lib/training/unseen.ts'
import type { Validation } from '#lib/validation/validate.ts'
import { count, minute, percent } from '#lib/words/format.ts'
import { calibrationOf, errorsByClass, errorsByDay, errorsByPrice, fewestRows, type GroupErrors, residualsOf } from './breakdown.ts'
import { calibrationFigure, dependenceFigure, importanceFigure, learningFigure, residualFigure } from './figures.ts'
import { dependenceOf, importanceOf } from './probing.ts'

export type TrainingPage = Readonly<{
  modelId: string
  manifest: BundleManifest
  unseen: Unseen
  /** The model first. */
  contenders: readonly [Contender, ...Contender[]]
  learning: Learning | null
  validation: Validation
  leftOut: Readonly<Record<string, number>>
  /** Features of the newest sales that are distributed otherwise than in the last accepted data set. */
  drifted: readonly DriftedFeature[]
  /** Address of the data docs beside this page. */
  dataDocsLink: string
  onProgress?: (done: number, total: number) => void
}>

const probing = { seed: 1, rows: 1_000 }
const dependenceRows = 300
const featuresShown = 20
const dependencesShown = 6

const signedPercent = (log: number): string => `${log < 0 ? '−' : '+'}${percent(Math.abs(Math.expm1(log)), 1)}`
const minuteOf = (millis: number): string => `${minute(millis)} UTC`

export function trainingPage(content: TrainingPage): string {
  const { modelId, manifest, learning } = content
  const unseen = forecast(content.unseen)
  const { times } = unseen
  const span = times.length === 0 ? '' : `, ${minuteOf(times[0] as number)} to ${minuteOf(times.at(-1) as number)}`
  return page({
    title: `Training of ${modelId}`,
    summary: html`<p>${count(manifest.dataset.rows)} sales of a ${manifest.source} market, ${minuteOf(manifest.trainedFrom)} to ${minuteOf(manifest.trainedUntil)}; features ${manifest.featureSet.name}. Every error here is on the ${count(times.length)} newest of them, which the model had not seen${span}.</p>`,
    sections: [
      verdict(content),
      contenderSection(content),
      section('Where it errs', ...groups(unseen)),
      section('Calibration', calibrationFigure(calibrationOf(unseen))),
      section('Residuals over time', residualFigure(residualsOf(unseen))),
      ...probed(content),
      ...(learning === null || learning.losses.length < 2 ? [] : [section('Learning curve', learningFigure(learning))]),
      dataSection(content),
      section('Settings', settingsTable(manifest)),
    ],
    footer: html`flipstream train; data set <code>${manifest.dataset.id}</code>, feature set <code>${manifest.featureSet.hash}</code>`,
  })
}

function verdict({ contenders, manifest }: TrainingPage): Section {
  const [{ errors }] = contenders
  const figures: Tile[] = [
    { name: 'median error', value: percent(errors.medianApe, 1), detail: 'half of all prices were nearer than that' },
    { name: '95% of errors below', value: percent(errors.p95Ape) },
    { name: 'bias', value: signedPercent(errors.biasLog), detail: 'median of forecast over price' },
    { name: 'in the 5-95% interval', value: percent(errors.coverage90, 1), detail: '90% would be honest' },
    { name: 'in the 25-75% interval', value: percent(errors.coverage50, 1), detail: '50% would be honest' },
    { name: 'R² of log price', value: errors.r2Log.toFixed(2) },
  ]
  const simulated =
    manifest.source === 'synthetic'
      ? note(html`<p>SIMULATED: these sales were generated. The errors say nothing about the real market.</p>`)
      : null
  return section('Verdict', tiles(figures), simulated)
}

function contenderSection({ contenders }: TrainingPage): Section {
  const optional = (value: number | undefined, show: (value: number) => string): string => (value === undefined ? '–' : show(value))
  return section(
    'Models and baselines',
    table({
      caption: 'On the same unseen sales. Error = |forecast / price − 1|; rules that find no look-alike fall back to a coarser one.',
      columns: [
        { title: '' },
        ...['median error', 'p95 error', 'bias', 'R² of log', 'pinball', 'in 25-75%', 'in 5-95%', 'sales'].map(
          (title) => ({ title, kind: 'number' }) as const,
        ),
      ],
      rows: contenders.map(({ name, errors }) => [
        name,
        percent(errors.medianApe, 1),
        percent(errors.p95Ape),
        signedPercent(errors.biasLog),
        errors.r2Log.toFixed(3),
        optional(errors.pinball, (value) => value.toFixed(4)),
        percent(errors.coverage50, 1),
        percent(errors.coverage90, 1),
        count(errors.rows),
      ]),
    }),
  )
}

const groups = (unseen: Forecast): Html[] => [
  groupTable('By class.', errorsByClass(unseen)),
  groupTable(
    'By the price that was paid. Of any honest forecast the cheap bands look too high and the dear ones too low: they are chosen by the outcome.',
    errorsByPrice(unseen),
  ),
  groupTable('By day (UTC).', errorsByDay(unseen)),
]

const groupTable = (caption: string, rows: readonly GroupErrors[]): Html =>
  table({
    caption: `${caption} Groups of fewer than ${fewestRows} sales are only counted.`,
    columns: [
      { title: '' },
      ...['sales', 'median error', 'p95 error', 'bias', 'in 5-95%'].map((title) => ({ title, kind: 'number' }) as const),
    ],
    rows: rows.map(({ name, rows: sales, medianApe, p95Ape, biasLog, coverage90 }) =>
      sales < fewestRows
        ? [name, count(sales), '–', '–', '–', '–']
        : [name, count(sales), percent(medianApe, 1), percent(p95Ape), signedPercent(biasLog), percent(coverage90, 1)],
    ),
  })

/** Asking the model takes seconds: the only part of the page that does. */
function probed({ unseen, onProgress = () => {} }: TrainingPage): Section[] {
  const importance = importanceOf(unseen, { ...probing, onProgress })
  const top = importance
    .slice(0, dependencesShown)
    .map(({ feature }) => dependenceOf(unseen, feature, { ...probing, rows: dependenceRows }))
  const descriptions = new Map(unseen.featureSet.features.map(({ name, description }) => [name, description]))
  const sample = Math.min(probing.rows, unseen.times.length)
  return [
    section(
      'Importance of features',
      importanceFigure(importance.slice(0, featuresShown), sample),
      table({
        caption: 'What they are.',
        columns: [{ title: 'feature' }, { title: 'lost without it, points', kind: 'number' }, { title: 'what it is' }],
        rows: importance
          .slice(0, featuresShown)
          .map(({ feature, lost }) => [feature, (lost * 100).toFixed(2), descriptions.get(feature) ?? '']),
      }),
    ),
    section(
      'What the model makes of them',
      html`<p>The median forecast, relative to the level of the market, were the feature to have that value in all of ${Math.min(dependenceRows, unseen.times.length)} sales and all else to stay. Features that go together are torn apart by this: read shapes, not heights.</p>`,
      ...top.map(dependenceFigure),
    ),
  ]
}

function dataSection({ validation, leftOut, drifted, dataDocsLink }: TrainingPage): Section {
  const failed = validation.results.filter(({ status }) => status === 'failed')
  const counted = Object.entries(leftOut).filter(([, count]) => count > 0)
  return section(
    'Data',
    html`<p>${count(validation.rows)} sales met the suite “${validation.suite}”: <a href="${dataDocsLink}">data docs</a>, with the rows that do not hold.</p>`,
    failed.length === 0
      ? html`<p>No warnings.</p>`
      : table({
          caption: 'Warnings: told, and used.',
          columns: [{ title: 'expectation' }, { title: 'expected' }, { title: 'found' }],
          rows: failed.map(({ name, expected, found }) => [name, expected, found]),
        }),
    drifted.length === 0
      ? null
      : table({
          caption: 'Features of the newest sales that drifted from the last accepted data set: population stability index above 0.25.',
          columns: [{ title: 'feature' }, { title: 'PSI', kind: 'number' }],
          rows: drifted.map(({ feature, psi }) => [feature, psi.toFixed(2)]),
        }),
    counted.length === 0
      ? html`<p>Nothing was left out.</p>`
      : table({
          caption: 'Left out of what was learnt, by reason.',
          columns: [{ title: 'reason' }, { title: 'sales', kind: 'number' }],
          rows: counted.map(([reason, sales]) => [reason, count(sales)]),
        }),
  )
}

const settingsTable = ({ training }: BundleManifest): Html =>
  table({
    caption: 'As they stand in the bundle.',
    columns: [{ title: 'setting' }, { title: 'value' }],
    rows: Object.entries(flatten(training)).map(([name, value]) => [name, value]),
  })
