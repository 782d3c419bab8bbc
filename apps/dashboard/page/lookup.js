import { ask } from './ask.js'
import { attributeWords } from './attributes.js'
import { axieIdOf } from './axie-id.js'
import { besideOf } from './beside.js'
import { byId, h, setText } from './dom.js'
import { evidenceList } from './evidence.js'
import { date, dateTime, eth, percent, signedUsd, tame, titleCase, usd } from './format.js'
import { priceBar } from './interval-bar.js'
import { marketLink } from './market-link.js'
import { picture } from './picture.js'
import { whyDetails } from './why.js'

/** Prices one axie on request, by the API, and says why. */
export function createLookup({ pictureOrigin }) {
  const dialog = byId('answer')
  const body = byId('answer-body')
  const field = byId('axie-id')
  let latest = 0

  const show = (...children) => body.replaceChildren(...children)
  const lookup = async (axieId) => {
    const turn = ++latest
    setText(byId('answer-title'), `Axie #${tame(axieId, 20)}`)
    show(h('p', { class: 'empty' }, 'Asking…'))
    if (!dialog.open) dialog.showModal()
    const found = await ask(`/api/price/${encodeURIComponent(axieId)}`)
    if (turn === latest) show(...('problem' in found ? problemOf(found.problem) : answerOf(found.answer, pictureOrigin())))
  }

  byId('lookup').addEventListener('submit', (event) => {
    event.preventDefault()
    const axieId = axieIdOf(field.value)
    if (axieId !== null) return lookup(axieId)
    field.setCustomValidity('Expected the number of an axie, or the address of its page on the marketplace.')
    field.reportValidity()
  })
  field.addEventListener('input', () => field.setCustomValidity(''))
  byId('answer-close').addEventListener('click', () => dialog.close())
  dialog.addEventListener('click', (event) => {
    if (event.target === dialog) dialog.close()
  })
  return lookup
}

const problemOf = ({ title, detail }) => [h('p', { class: 'empty' }, h('b', {}, tame(title, 80)), h('br'), tame(detail, 400))]

function answerOf(
  { axieId, simulated, asOf, item, ask: asked, forecastUsd, mean, exit, demand, netGainUsd, model, evidence, why },
  origin,
) {
  const { q05, q25, q50, q75, q95 } = forecastUsd
  return [
    h(
      'div',
      { class: 'answer-top' },
      picture(item, simulated ? null : origin),
      h(
        'div',
        {},
        h('p', { class: 'big' }, usd(q50), simulated ? h('span', { class: 'stamp small' }, 'SIMULATED') : null),
        h(
          'p',
          {},
          h('span', { class: 'label' }, 'likely '),
          `${usd(q25)} to ${usd(q75)}`,
          h('span', { class: 'label' }, ' · 9 of 10 '),
          `${usd(q05)} to ${usd(q95)}`,
        ),
        h(
          'p',
          {},
          h('i', { class: 'dot', 'data-class': item.class, 'aria-hidden': 'true' }),
          `${tame(titleCase(item.class), 20)} · ${item.breedCount} ${item.breedCount === 1 ? 'breed' : 'breeds'}`,
          ...attributeWords(item).map((word) => h('span', { class: 'chip' }, word)),
        ),
        h('p', {}, marketLink(axieId, { class: 'buy' }, 'On the marketplace', h('span', { 'aria-hidden': 'true' }, ' ↗'))),
      ),
    ),
    asked === null
      ? h('p', { class: 'label' }, 'Not on offer, as far as known.')
      : h(
          'p',
          { class: 'asked' },
          h(
            'span',
            {},
            h('span', { class: 'label' }, 'asks '),
            h('b', {}, usd(asked.usd)),
            h('span', { class: 'label' }, ` ${eth(asked.eth)}`),
          ),
          h('span', { class: `gain ${netGainUsd > 0 ? 'up' : 'down'}` }, h('b', {}, signedUsd(netGainUsd)), ' at the median'),
        ),
    besideOf({ mean, exit, demand }),
    priceBar(forecastUsd, asked?.usd ?? null),
    h('h3', {}, 'Why'),
    evidenceList(item, evidence, why),
    whyDetails('Why it is an alert, or is not', axieId),
    h(
      'p',
      { class: 'note' },
      `model ${tame(model.id, 40)} on ${tame(model.backend, 12)}, learnt until ${date(model.trainedUntil)} · novelty ${percent(model.novelty)} · as of ${dateTime(asOf)}`,
    ),
  ]
}
