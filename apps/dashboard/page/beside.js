import { h } from './dom.js'
import { percent, usd } from './format.js'

/** What a model says beside its forecast, where it does: the likely exit, the demand for its like, the mean. */
export function besideOf({ exit, demand, mean }) {
  const said = [
    ...(exit === null ? [] : [`bought at this ask, sells next for ${usd(exit.q50)}, likely ${usd(exit.q25)} to ${usd(exit.q75)}`]),
    ...(demand === null
      ? []
      : [`demand: another alike sells for ${usd(demand.usd)} or more within 24 h in ${percent(demand.h24)} of cases`]),
    ...(mean === null ? [] : [`mean ${usd(mean)}`]),
  ]
  return said.length === 0 ? null : h('p', { class: 'note' }, said.join(' · '))
}
