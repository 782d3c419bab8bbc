import { z } from 'zod'
import { maxBreedCount } from '#lib/axie/anatomy.ts'
import { axieClasses } from '#lib/axie/classes.ts'
import { page, query } from './query.ts'

/** What the API takes and answers. The OpenAPI document is made of these. Times are milliseconds since 1970 of the market's clock. */

const usd = z.number().describe('US dollars')
const moment = z.number().describe('Milliseconds since 1970, by the market’s clock')
const axieClass = z.string().describe(`One of ${axieClasses.join(', ')}`)

export const axieIdParameter = z.object({
  axieId: z
    .string()
    .regex(/^\d{1,20}$/, 'expected the number of an axie, in digits')
    .describe('The number of the axie on the marketplace'),
})

export const subjectParameter = z.object({
  id: z
    .string()
    .max(200)
    .describe('The number of an axie, a listing (`axie:<number>:<time>`), or the address of its page on the marketplace'),
})

export const itemBody = z.object({
  axieId: z
    .string()
    .regex(/^\d{1,20}$/, 'expected digits')
    .default('0')
    .describe('Its number, where it has one: its own last sale counts then'),
  class: z.string().min(1).max(100).describe('As the market spells it, for example Aquatic'),
  breedCount: z.number().int().min(0).max(maxBreedCount),
  parts: z.array(z.string().max(100)).length(6).describe('Ids of its six parts, such as eyes-chubby'),
  genes: z.string().max(2_000).nullable().default(null).describe('Hexadecimal with 0x; null: unknown'),
})

const quantiles = z.object({ q05: usd, q25: usd, q50: usd, q75: usd, q95: usd })

/** What a model says beside its forecast; null of models that do not, and in records from before they did. */
const beside = {
  mean: usd.nullable().describe('The mean of the price: what sums over many axies are made of'),
  exit: quantiles.nullable().describe('What it sells for next when bought at its ask, which the forecast never reads'),
  demand: z
    .object({ usd, h1: z.number(), h6: z.number(), h24: z.number(), h72: z.number() })
    .nullable()
    .describe('The chance that another axie alike sells for usd or more within so many hours'),
}

const source = z.enum(['live', 'recorded', 'synthetic'])

const row = z.object({
  listingId: z.string(),
  axieId: z.string(),
  class: axieClass,
  breedCount: z.number().int(),
  askUsd: usd,
  askEth: z.number(),
  forecastUsd: quantiles,
  ...beside,
  netGainUsd: usd.describe('Median exit (forecast, where no exits are known) less fee less ask'),
  novelty: z.number().describe('0 familiar, above 1 outside of what the model learnt from'),
  listedAt: moment,
  observedAt: moment,
  source,
  modelId: z.string(),
})

const stats = z.object({ hp: z.number(), speed: z.number(), skill: z.number(), morale: z.number() })
const parts = z.object({
  eyes: z.string(),
  ears: z.string(),
  mouth: z.string(),
  horn: z.string(),
  back: z.string(),
  tail: z.string(),
})

const item = z.object({
  axieId: z.string(),
  class: axieClass,
  breedCount: z.number().int(),
  purity: z.number().describe('Percent of its parts that are of its class'),
  geneQuality: z.number().nullable().describe('0 to 1; null where the genes are not known'),
  stats,
  cards: z.object({ attack: z.number(), defence: z.number(), energy: z.number() }),
  parts,
  specialParts: z.number(),
  attributes: z
    .object({
      title: z.string().nullable().describe('Such as origin; empty without one'),
      bodyShape: z.string().nullable(),
      level: z.number().nullable().describe('In the games'),
      onchainLevel: z.number().nullable(),
      isBanned: z.boolean().nullable(),
      evolvedParts: z.number().nullable(),
      nightmareParts: z.number().nullable(),
      mystic: z.number().nullable(),
      japanese: z.number().nullable(),
      xmas: z.number().nullable(),
      summer: z.number().nullable(),
      unknownParts: z.number().describe('Of which no table knows more than their id'),
      accessories: z
        .array(z.object({ name: z.string(), rarity: z.string().nullable() }))
        .readonly()
        .nullish()
        .describe('What it wears; null where nobody told'),
    })
    .nullable()
    .describe('What sets it apart from a plain axie of its parts; null where nothing is known'),
  image: z.string().nullable(),
})

const nearby = { axieId: z.string(), usd, breedCount: z.number(), identical: z.boolean().describe('Eyes and ears are the same too') }

const evidence = z.object({
  asOf: moment,
  ethUsd: usd.nullable(),
  marketLevelUsd: usd.nullable(),
  classLevelUsd: usd.nullable(),
  trend: z.number().nullable().describe('Market over 6 h against 7 d, less 1'),
  salesPerHour: z.number(),
  similarSales: z.array(z.object({ ...nearby, soldAt: moment })),
  similarAsks: z.array(z.object({ ...nearby, seenAt: moment })),
  similarAskCount: z.number(),
  ownLastSale: z
    .object({
      usd,
      soldAt: moment,
      breedCount: z.number(),
      level: z.number().nullable().describe('When it was sold; null unless that was seen as it happened'),
      evolvedParts: z.number().nullable().describe('Likewise'),
    })
    .nullable(),
  bids: z
    .object({ count: z.number().nullable(), usd: usd.nullable(), token: z.string().nullable(), amount: z.number().nullable() })
    .nullable()
    .describe('What others offered when it was listed: how many, and the best; null where nobody told. No part of the forecast'),
  collection: z
    .object({ name: z.string(), floorUsd: usd.nullable(), asks: z.number() })
    .nullable()
    .describe('The rarest collection it belongs to, and the cheapest ask known of another of it. No part of the forecast'),
  sellerListings: z.number(),
  comboScore: z.number(),
})

const why = z
  .object({ baseUsd: usd, reasons: z.array(z.object({ reason: z.string(), effect: z.number().describe('A ratio less 1') })) })
  .nullable()
  .describe('Where any axie’s price starts, and what moves this one’s most; null where the model cannot say')

const outcome = z.object({
  status: z.enum(['open', 'gone', 'resold', 'censored']),
  goneAt: moment.nullable(),
  resoldAt: moment.nullable(),
  resoldUsd: usd.nullable(),
  netUsd: usd.nullable().describe('After the fee'),
  netEth: z.number().nullable(),
  heldBack: z.string().nullable().describe('The limit that kept it from being posted, and by how much; null: none did'),
})

const alert = z.object({
  alertId: z.string(),
  listing: row,
  item,
  evidence,
  why,
  rule: z.string(),
  reason: z.string(),
  netGainUsd: usd,
  netGainLowUsd: usd,
  modelTrainedUntil: moment,
  backend: z.string(),
  outcome: outcome.nullable(),
})

const comparison = z.object({
  what: z.string(),
  value: z.number().nullable().describe('Null where it is not known'),
  relation: z.enum(['>=', '>', '<=']),
  limit: z.number().nullable(),
  unit: z.enum(['usd', 'eth', 'hours', 'minutes', 'count', 'plain']),
  limitIs: z.string().optional().describe('What the limit is made of'),
  holds: z.boolean(),
})

const check = { holds: z.boolean(), reason: z.string().nullable().describe('Rejected for, where it does not hold; null: no candidate') }

const ruleExplanation = z.object({
  rule: z.string(),
  verdict: z.enum(['no_candidate', 'rejected', 'passed']),
  reason: z.string().nullable(),
  checks: z
    .array(
      z.discriminatedUnion('kind', [
        z.object({ kind: z.literal('numbers'), ...check, anyOf: z.array(comparison).readonly() }),
        z.object({
          kind: z.literal('condition'),
          ...check,
          when: z.string(),
          problem: z.string().nullable().describe('Why it cannot be answered'),
          evidence: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
        }),
      ]),
    )
    .readonly()
    .describe('In the order in which they decide; the first that does not hold does'),
  highestAskUsd: usd.nullable().describe('The rule passes at this ask, all else as it was scored, and not at a cent more; null: at none'),
  words: z.array(z.string()).readonly().describe('The same in lines of text'),
})

const simulated = z.boolean().nullable().describe('True unless it is the real market; null while nothing is known of it')

const total = z.number().int().describe('How many match, of those remembered')

export const listingsAnswer = z.object({ simulated, total, listings: z.array(row).readonly() })
export const alertsAnswer = z.object({ simulated, total, alerts: z.array(alert).readonly() })

export const whyAnswer = z.object({
  simulated: z.boolean(),
  listing: row,
  ruleSet: z.object({ name: z.string(), hash: z.string(), feeRatio: z.number() }).describe('In force when the listing was observed'),
  rules: z.array(ruleExplanation).readonly(),
})

export const rulesAnswer = z.object({
  simulated,
  inForce: z.object({ name: z.string(), hash: z.string(), rules: z.array(z.string()).readonly(), document: z.looseObject({}) }),
})

export const positionsQuery = query({
  account: z.string().max(40).optional(),
  status: z.enum(['open', 'sold']).optional(),
  ...page(100, 50),
})

const account = z
  .string()
  .regex(/^[a-z][a-z0-9_-]{0,39}$/, 'expected lower case letters, digits, _ and -')
  .default('main')
const axieId = axieIdParameter.shape.axieId

export const purchaseBody = z.strictObject({
  account,
  axieId,
  priceUsd: z.number().nullable().default(null).describe('What was paid; null: the ask of the alert'),
  at: z.number().int().min(0).max(8.64e15).optional().describe('Milliseconds since 1970; absent: now, by the market’s clock'),
  alertId: z.string().max(200).nullable().default(null).describe('The alert it was bought by; null: the newest one of this axie, if any'),
})

export const resaleBody = z.strictObject({ account, axieId, priceUsd: z.number(), at: purchaseBody.shape.at })

const position = {
  positionId: z.string(),
  account: z.string(),
  axieId: z.string(),
  boughtUsd: usd,
  boughtAt: z.number(),
  soldUsd: usd.nullable(),
  soldAt: z.number().nullable(),
  soldBy: z.enum(['said', 'seen']).nullable(),
  netUsd: usd.nullable().describe('After the fee; null: it is open'),
  alertId: z.string().nullable(),
  rule: z.string().nullable(),
  class: z.string().nullable(),
  seller: z.string().nullable(),
}

export const positionAnswer = z.object(position)

export const positionsAnswer = z.object({
  simulated,
  total: z.number().int(),
  openCostUsd: usd.describe('Of all that match and are open'),
  realizedUsd: usd.describe('Of all that match and are sold, after the fee'),
  positions: z
    .array(
      z.object({
        ...position,
        now: z
          .object({
            forecastUsd: quantiles,
            suggestedAskUsd: usd.describe('0.98 of the median of the last similar sales, else of the forecast'),
            suggestedFrom: z.enum(['similar_sales', 'forecast']),
            leavesUsd: usd.describe('Sold at the suggested ask, after fee and cost; may be negative'),
            demand: beside.demand.describe('The chance that another alike sells at the suggested ask or more within so many hours'),
          })
          .nullable()
          .describe('Null where it was sold, or cannot be priced now'),
      }),
    )
    .readonly(),
})

export type PositionsAnswer = z.input<typeof positionsAnswer>

const levelSample = z.object({
  at: moment,
  market: usd.nullable(),
  classes: z.array(usd.nullable()).readonly().describe('In the order of `classes`'),
})
export const levelsAnswer = z.object({
  simulated,
  classes: z.array(z.string()).readonly(),
  samples: z.array(levelSample).readonly().describe('Midmean of the sales of 24 hours, one an hour, oldest first; the last is now'),
})

export const modelsAnswer = z.object({
  simulated,
  inForce: z.string().nullable().describe('The model that prices now'),
  compared: z
    .array(
      z.object({
        modelId: z.string().describe('A model, or rule:similar-sales, which needs none'),
        standing: z.enum(['better', 'no worse', 'worse', 'open']),
        sales: z.number().int(),
        better: z.number().describe('As a share of the loss of the model in force; negative: worse'),
        sentence: z.string(),
      }),
    )
    .readonly()
    .describe('How those stand that are compared with the model in force, by what sold'),
  line: z
    .array(
      z.object({
        at: moment,
        modelId: z.string().describe('Of the model that priced'),
        sales: z.number().int(),
        skill: z.number().describe('Share of loss that it saves beside the rule of similar sales, on the same sales; 0 is no better'),
      }),
    )
    .readonly()
    .describe('How the models in force did, block by block of sales, oldest first'),
  decisions: z
    .array(
      z.object({
        kind: z.enum(['promoted', 'rolled back', 'barred', 'challenger', 'held', 'released', 'not promoted', 'not rolled back']),
        modelId: z.string().nullable(),
        at: moment,
        reason: z.string(),
      }),
    )
    .readonly()
    .describe('Newest first'),
  trainings: z
    .array(
      z.object({
        trainingId: z.string(),
        reason: z.string(),
        status: z.enum(['running', 'finished', 'refused', 'failed']),
        startedAt: moment,
        endedAt: moment.nullable(),
        attempts: z.number().int(),
        steps: z.array(
          z.object({ name: z.string(), status: z.enum(['running', 'done', 'cached', 'failed']), detail: z.string().nullable() }),
        ),
        datasetId: z.string().nullable(),
        modelId: z.string().nullable(),
        conclusion: z.string().nullable(),
      }),
    )
    .readonly()
    .describe('What the trainer did, newest first'),
  models: z
    .array(
      z.object({
        modelId: z.string(),
        source,
        featureSetHash: z.string(),
        trainedFrom: moment,
        trainedUntil: moment,
        metrics: z.record(z.string(), z.number()).readonly(),
      }),
    )
    .readonly(),
})

export const priceAnswer = z.object({
  axieId: z.string(),
  simulated,
  source,
  asOf: moment.describe('Everything in the forecast was known at this moment'),
  item,
  ask: z.object({ usd, eth: z.number() }).nullable().describe('What it is offered for, where it is; never part of the forecast'),
  forecastUsd: quantiles,
  ...beside,
  netGainUsd: usd.nullable().describe('Median exit (forecast, where no exits are known) less fee less ask'),
  model: z.object({
    id: z.string(),
    trainedUntil: moment,
    backend: z.string(),
    codeVersion: z.string(),
    novelty: z.number(),
  }),
  evidence,
  why,
})

export type PriceAnswer = z.output<typeof priceAnswer>
