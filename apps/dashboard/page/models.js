import { ask } from './ask.js'
import { h } from './dom.js'
import { count, dateTime, tame } from './format.js'

/** The models that exist, and the one that prices. */
export const models = {
  id: 'models',
  title: 'Models',
  create(root) {
    const body = h('div')
    root.append(
      h('section', { class: 'panel', 'aria-labelledby': 'models-title' }, h('header', {}, h('h2', { id: 'models-title' }, 'Models')), body),
    )
    return {
      async shown() {
        const { answer, problem } = await ask('/api/models')
        body.replaceChildren(problem === undefined ? tableOf(answer) : h('p', { class: 'empty' }, tame(problem.detail, 400)))
      },
    }
  },
}

function tableOf({ inForce, models: all }) {
  if (all.length === 0) return h('p', { class: 'empty' }, 'No model yet: the first one shows here once it is trained.')
  const head = ['Model', 'prices', 'learnt from', 'until', 'from market']
  return h(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-labelledby': 'models-title' },
    h(
      'table',
      { class: 'plain' },
      h('caption', { class: 'unseen' }, 'Models, newest first'),
      h('thead', {}, h('tr', {}, ...head.map((name) => h('th', { scope: 'col' }, name)))),
      h(
        'tbody',
        {},
        ...all.map(({ modelId, source, trainedFrom, trainedUntil }) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, tame(modelId, 60)),
            h('td', { class: modelId === inForce ? 'up' : 'label' }, modelId === inForce ? 'now' : '–'),
            h('td', {}, dateTime(trainedFrom)),
            h('td', {}, dateTime(trainedUntil)),
            h('td', {}, tame(source, 20)),
          ),
        ),
      ),
    ),
    h('p', { class: 'note' }, `${count(all.length)} in all.`),
  )
}
