import {
  type APIActionRowComponent,
  type APIButtonComponent,
  type APIEmbed,
  type APIEmbedField,
  ButtonStyle,
  ComponentType,
  type RESTPostAPIChannelMessageJSONBody,
} from 'discord.js'
import { apartWords, bidWords, floorWords, grownSince, wornWords } from '#lib/words/beside-words.ts'
import { date, dateTime, partName, percent, signedPercent, signedUsd, span, titleCase, usd } from '#lib/words/format.ts'
import type { Alert, EnrichedListing, Outcome, ScoredListing, SimilarAsk, SimilarSale } from '#schemas/types.ts'
import { askedIn, importantStat, isSimulated, marketplaceLink, maxPartLength } from './card.ts'
import { bare, clip, clipLines, imageAddress, limits, plain } from './discord-text.ts'
import type { News } from './news.ts'

/** A message as Discord's API takes it. */
export type Message = RESTPostAPIChannelMessageJSONBody

const colors = { live: 0x2e9f5b, simulated: 0xe0a100, gone: 0x7a7f87 } as const
const nobody = { parse: [] }

/** Whether people can press buttons that answer to us (a bot), or only follow links (a webhook). */
export type Buttons = 'interactive' | 'links'

export const buttonIds = { bought: 'bought', badCall: 'bad_call', muteSeller: 'mute_seller' } as const

/** What to buy, for how much, and every reason to believe it. `reference` is how we find the message again. */
export function alertMessage(alert: Alert, { reference, buttons }: { reference: string; buttons: Buttons }): Message {
  return { embeds: [alertEmbed(alert, reference)], components: [buttonRow(alert, buttons)], allowed_mentions: nobody }
}

function alertEmbed(alert: Alert, reference: string): APIEmbed {
  const { listing } = alert.scored
  const image = imageAddress(listing.item.image)
  return {
    ...(isSimulated(listing) ? { author: { name: `SIMULATED · ${listing.source} market · nothing here can be bought` } } : {}),
    title: clip(titleOf(listing), limits.title),
    url: marketplaceLink(listing.item.tokenId.slice(0, 40)),
    color: isSimulated(listing) ? colors.simulated : colors.live,
    description: clip(`${prices(alert)}\n${plain(alert.reason, 600)}`, 1_400),
    fields: fieldsOf(alert).map(({ name, value, inline = true }) => ({ name, value: clip(value, 700), inline })),
    ...(image === null ? {} : { thumbnail: { url: image } }),
    footer: { text: clip(footerOf(alert, reference), 400) },
  }
}

const titleOf = ({ item, ask }: EnrichedListing): string =>
  `Axie #${plain(item.tokenId, 24)} · ${titleCase(plain(item.class))} · ${breeds(item.breedCount)} · ${usd(ask.usd)}`

const breeds = (count: number) => `${count} ${count === 1 ? 'breed' : 'breeds'}`

function prices({ scored: { listing, quantilesUsd: quantiles, exit, demand }, netGainUsd, netGainLowUsd }: Alert): string {
  const { ask } = listing
  return [
    `Asks **${usd(ask.usd)}** (${plain(askedIn(ask), 40)})${ask.kind === 'dutch' ? ', Dutch auction' : ''}`,
    `Worth **${usd(quantiles.q50)}**, likely ${usd(quantiles.q25)} to ${usd(quantiles.q75)}, 9 of 10 ${usd(quantiles.q05)} to ${usd(quantiles.q95)}`,
    ...(exit === null ? [] : [`Bought at this ask, sells next for **${usd(exit.q50)}**, likely ${usd(exit.q25)} to ${usd(exit.q75)}`]),
    ...(demand === null
      ? []
      : [`Demand: another alike sells for ${usd(demand.usd)} or more within 24 h in **${percent(demand.h24)}** of cases`]),
    `Net gain **${signedUsd(netGainUsd)}** (${signedPercent(netGainUsd / ask.usd)}), at the low end ${signedUsd(netGainLowUsd)}`,
  ].join('\n')
}

function fieldsOf({ scored }: Alert): APIEmbedField[] {
  const { listing } = scored
  return [
    { name: 'Similar on offer', value: offers(listing) },
    { name: 'Similar sold', value: sold(listing) },
    ...bids(listing),
    { name: 'Market', value: market(listing) },
    { name: 'Axie', value: axie(listing) },
    { name: 'Parts', value: parts(listing) },
    ...reasons(scored),
  ]
}

const maxReasons = 5
/** Less than a percent of the price is not worth a line. */
const leastEffect = 0.01

function reasons({ explanation }: ScoredListing): APIEmbedField[] {
  if (explanation === null) return []
  const worthSaying = explanation.contributions.filter(({ effect }) => Math.abs(effect) >= leastEffect).slice(0, maxReasons)
  const lines = worthSaying.map(({ reason, effect }) => `${plain(reason)} **${signedPercent(Math.expm1(effect))}**`)
  return [{ name: 'Why', value: [`any axie now **${usd(Math.exp(explanation.base))}**`, ...lines].join('\n') }]
}

function offers({ context, observedAt }: EnrichedListing): string {
  if (context.similarAsks.length === 0) return 'none known'
  const ask = ({ usd: price, seenAt, identical }: SimilarAsk) =>
    `**${usd(price)}**${identical ? ' identical' : ''} · seen ${span(observedAt - seenAt)} ago`
  const more = context.similarAskCount > context.similarAsks.length ? [`${context.similarAskCount} in all`] : []
  return [...context.similarAsks.map(ask), ...more].join('\n')
}

function bids({ bids: known }: EnrichedListing): APIEmbedField[] {
  const words = bidWords(known)
  return words.length === 0 ? [] : [{ name: 'Bids', value: words.map((word) => plain(word, 80)).join('\n') }]
}

function sold({ context, item }: EnrichedListing): string {
  const own = context.ownLastSale
  const sale = ({ usd: price, soldAt, identical }: SimilarSale) => `**${usd(price)}**${identical ? ' identical' : ''} · ${dateTime(soldAt)}`
  const lines = [
    ...context.similarSales.map(sale),
    ...(own === null ? [] : [`itself **${usd(own.usd)}** · ${[dateTime(own.soldAt), ...grownSince(own, item)].join(', ')}`]),
  ]
  return lines.length === 0 ? 'none lately' : lines.join('\n')
}

function market({ context, item }: EnrichedListing): string {
  const level = (name: string, logUsd: number | null) => (logUsd === null ? [] : [`${name} **${usd(Math.exp(logUsd))}**`])
  return [
    ...level('all axies', context.market.hours24 ?? context.market.days7),
    ...level(plain(item.class), context.class.hours24 ?? context.class.days7),
    ...floorWords(context.collection).map((words) => plain(words, 80)),
    ...(context.trend === null ? [] : [`6 h against 7 d ${signedPercent(Math.expm1(context.trend))}`]),
    `${Math.round(context.salesPerHour)} sales an hour`,
  ].join('\n')
}

function axie({ item, context }: EnrichedListing): string {
  const important = importantStat[item.class]
  const stat = (name: keyof typeof item.stats) => (name === important ? `**${name} ${item.stats[name]}**` : `${name} ${item.stats[name]}`)
  const apart = apartWords(item)
  return [
    ...(apart.length > 0 ? [`**${apart.map((word) => plain(word, 60)).join(' · ')}**`] : []),
    `${stat('hp')} · ${stat('speed')}`,
    `${stat('skill')} · ${stat('morale')}`,
    `purity ${item.purity}%${item.geneQuality === null ? '' : ` · genes ${percent(item.geneQuality)}`}`,
    `attack ${item.cards.attack} · defence ${item.cards.defence}`,
    ...(context.comboScore > 0 ? [`combo ${context.comboScore.toFixed(2)}`] : []),
    ...wornWords(item).map((name) => `wears ${plain(name, 60)}`),
    ...(item.specialParts > 0 ? [`special parts ${item.specialParts}`] : []),
  ].join('\n')
}

const parts = ({ item }: EnrichedListing): string =>
  (['back', 'mouth', 'horn', 'tail', 'eyes', 'ears'] as const)
    .map((type) => `${type} ${plain(partName(item.parts[type]), maxPartLength)}`)
    .join('\n')

function footerOf({ scored, rule }: Alert, reference: string): string {
  const { listing, modelId, modelTrainedUntil, novelty, unseen } = scored
  return [
    `listed ${dateTime(listing.ask.startedAt)} UTC, seen ${span(listing.observedAt - listing.ask.startedAt)} later`,
    `model ${bare(modelId, 40)} · learnt until ${date(modelTrainedUntil)} · novelty ${novelty.toFixed(2)}`,
    ...(unseen?.length ? [`the model knows nothing of ${plain(unseen.join(', ').replaceAll('_', ' '), 100)}`] : []),
    `rule ${bare(rule, 40)} · ${referenceMark(reference)}`,
  ].join('\n')
}

/** In the footer of everything we post: what a look at the channel finds it by. */
export const referenceMark = (reference: string): string => `ref ${reference.slice(0, 12)}`

function buttonRow({ alertId, scored: { listing } }: Alert, buttons: Buttons): APIActionRowComponent<APIButtonComponent> {
  const open = {
    type: ComponentType.Button,
    style: ButtonStyle.Link,
    label: 'Open',
    url: marketplaceLink(listing.item.tokenId.slice(0, 40)),
  } as const
  const button = (
    kind: string,
    subject: string,
    label: string,
    style: ButtonStyle.Success | ButtonStyle.Secondary | ButtonStyle.Danger,
  ) => {
    const customId = `${kind} ${subject}`
    return customId.length > limits.customId ? [] : [{ type: ComponentType.Button, style, label, custom_id: customId } as const]
  }
  const answers =
    buttons === 'links'
      ? []
      : [
          ...button(buttonIds.bought, alertId, 'Bought', ButtonStyle.Success),
          ...button(buttonIds.badCall, alertId, 'Bad call', ButtonStyle.Secondary),
          ...button(buttonIds.muteSeller, listing.seller, 'Mute seller', ButtonStyle.Danger),
        ]
  return { type: ComponentType.ActionRow, components: [open, ...answers] }
}

const maxDigestLines = 25

/** Too many for a message each: the best in a line each, the rest counted. */
export function digestMessage(alerts: readonly Alert[], reference: string): Message {
  const best = [...alerts].sort((a, b) => b.netGainUsd - a.netGainUsd)
  const line = ({ scored: { listing, quantilesUsd }, netGainUsd }: Alert) =>
    `**${signedUsd(netGainUsd)}** · [#${plain(listing.item.tokenId, 24)}](${marketplaceLink(listing.item.tokenId.slice(0, 40))}) ` +
    `${plain(listing.item.class, 12)} asks ${usd(listing.ask.usd)}, worth ${usd(quantilesUsd.q50)}`
  const rest = best.slice(maxDigestLines)
  const lines = best.slice(0, maxDigestLines).map(line)
  const counted = rest.length === 0 ? [] : [`… and ${rest.length} more, up to ${signedUsd(rest[0]!.netGainUsd)} each`]
  const simulated = best.some(({ scored }) => isSimulated(scored.listing))
  return {
    embeds: [
      {
        ...(simulated ? { author: { name: 'SIMULATED' } } : {}),
        title: `${alerts.length} more alerts came at once`,
        color: simulated ? colors.simulated : colors.live,
        description: clipLines([...lines, ...counted], limits.description),
        footer: { text: `not checked again whether they are still there · ${referenceMark(reference)}` },
      },
    ],
    allowed_mentions: nobody,
  }
}

/** What is no alert: in its own words. */
export const newsMessage = ({ title, text }: Pick<News, 'title' | 'text'>, reference: string): Message => ({
  embeds: [{ title: clip(title, limits.title), description: clip(text, limits.description), footer: { text: referenceMark(reference) } }],
  allowed_mentions: nobody,
})

const ends = { sold: 'Sold', cancelled: 'Withdrawn', relisted: 'Listed again' } as const

/** The message as it was, saying that there is nothing left to buy. Null where it says so already. */
export function goneEdit(embed: APIEmbed, { goneBy, goneAt, soldUsd, alertedAt }: Outcome): Message | null {
  if (embed.color === colors.gone) return null
  const how = goneBy === null ? 'Gone' : ends[goneBy]
  const price = soldUsd === null ? '' : ` for ${usd(soldUsd)}`
  const when = goneAt === null ? '' : goneAt <= alertedAt ? ', before it was alerted' : `, ${span(goneAt - alertedAt)} after it was seen`
  const title = clip(`${how}${price} · ${embed.title ?? ''}`, limits.title)
  const description = clip(`**${how}${price}${when}**\n${embed.description ?? ''}`, limits.description)
  return { embeds: [{ ...embed, title, description, color: colors.gone }], allowed_mentions: nobody }
}
