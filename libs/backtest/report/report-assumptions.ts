/** What must be known before any number of a backtest: what is real, what is made up, what is not in the data. */

import type { BacktestResult } from '#lib/backtest/result.ts'
import { type Html, html } from '#lib/report/html.ts'
import { note } from '#lib/report/page.ts'
import { table } from '#lib/report/table.ts'
import { percent } from '#lib/words/format.ts'
import { knobNames, knobOf } from '../money/settings.ts'
import { minute } from './report-time.ts'
import { exitsText, whole } from './text.ts'

export function assumptions(result: BacktestResult): Html {
  const { played, input, race, execution } = result
  const alerts = result.strategies[0]!
  return note(html`<ul>
${race === 'assumed' ? madeUpListings(result) : recordedListings(result)}
<li><b>The model sells nothing.</b> Within ${execution.horizonHours} hours a purchase is sold for what the same axie was really sold for, at equal breed count; else by a policy that a seller could follow: offered ${percent(execution.undercutRatio)} below the median of the last ${execution.offerSales} sales alike that were known, cut by ${percent(execution.cutPerDay)} a day, and bought with a chance of ${percent(execution.sellChance)} by the buyer of one alike at that price or more. Each real sale is used once in an account. Nothing alike known (${whole(alerts.summary.pricedByForecast)} of ${whole(alerts.summary.picks)} alerts): the forecast’s median stands in.</li>
<li><b>Unsold is a loss until shown otherwise.</b> What is left is worth ${percent(execution.liquidationRatio)} of what its like then sold for, never its cost, and that money does not come back: it is stuck. Censored picks, of whose hours less than ${percent(execution.leastObserved)} were observed, count in every share as not gained. Of the alerts, expected: ${exitsText(alerts.summary.exits)} resold / alike / unsold / censored.</li>
<li><b>Only ${whole(played.days)} days</b>, of sales from ${minute(input.firstSale)} to ${minute(input.lastSale)}. Intervals are Student’s, over whole days, from four on; they say nothing about other months. Buying does not move this market.</li>
</ul>`)
}

const madeUpListings = ({
  source,
  input,
}: BacktestResult): Html => html`<li><b>Simulated, ${source} market.</b> ${whole(input.events)} sales are ${source === 'recorded' ? 'real' : 'generated'}: axie, time and price. Their listings are made up: a list of sales does not say when something was offered, so each sale is taken as a listing at its price just before it sold.</li>
<li><b>Selection bias.</b> Whatever never sold is not in the data, and every price here is one that somebody paid. Resales are seen only of axies that were sold again before the data end. A live market has worse offers, and better ones that are gone at once. Judge the alerts by their distance from the random buyer, who meets the same bias.</li>
<li><b>No listing times.</b> How long an offer stands, and so who wins it, is assumed (below). How long an axie takes to be sold again comes from gaps between its sales.</li>`

const recordedListings = ({
  source,
  input,
}: BacktestResult): Html => html`<li><b>${source === 'live' ? 'A recorded live market' : `Simulated, ${source} market`}.</b> ${whole(input.events)} events as they were recorded, listings with their times among them${source === 'live' ? '' : ': those times, and asks that never sell, are made up by the simulator'}. Each listing was priced and judged by the model and rules that were in force.</li>
<li><b>Selection bias.</b> Errors of forecasts are known only of listings that sold, resales only of axies that were sold again before the data end. Judge the alerts by their distance from the random buyer, who meets the same bias.</li>
<li><b>The race is the recorded one.</b> A listing that someone bought before the delay was over is lost; one that was still there is ours. That others would have acted otherwise had we bought is not in the data.</li>`

/** Every number that a purchase depends on, from the one table of them. */
export const executionTable = ({ execution }: BacktestResult): Html =>
  html`<details><summary>All numbers of a simulated purchase, each a flag</summary>${table({
    caption: 'Judgements, not measurements: try others.',
    columns: [{ title: 'flag' }, { title: 'this run', kind: 'number' }, { title: 'usual', kind: 'number' }, { title: 'meaning' }],
    rows: knobNames.map((name) => {
      const { flag, value, usual, meaning } = knobOf(name)
      return [html`<code>--${flag}</code>`, String(execution[name]), String(usual), `${value.toLowerCase()}: ${meaning}`]
    }),
  })}</details>`
