import { z } from 'zod'
import { createRandom } from '#lib/synthetic/random.ts'

/** How often something goes wrong: a share of the cases, and at most how many times (absent: for ever). A bare number is the share. */
const occurrence = z.union([
  z
    .number()
    .min(0)
    .max(1)
    .transform((share) => ({ share })),
  z.strictObject({ share: z.number().min(0).max(1), times: z.number().int().min(0).optional() }),
])

/** What can go wrong with an answer as a whole. */
const answerFaults = {
  tooManyRequests: 'status 429 with Retry-After: 1',
  unavailable: 'status 503',
  html: 'status 200 with a web page instead of JSON',
  challenge: 'status 403 with a page that asks a browser to prove itself',
  forbidden: 'status 403 in JSON: the key lacks a permission',
  errorsWithoutData: 'status 200 with errors and no data',
  limitToldAsSuccess: 'status 200 that says the rate limit is exceeded',
  cutBody: 'the connection ends in the middle of the body',
  duplicatePage: 'the page before once more, instead of the one asked for',
  duplicateItems: 'a page whose second half repeats its first',
  shuffledPage: 'a page in another order',
} as const

/** What can go wrong with an offer: decided when it appears, and kept from then on. */
const offerFaults = {
  vanishes: 'gone after five minutes of the market (vanishesAfterSeconds), without a trace',
  missingField: 'one of its fields is missing',
  brokenPrice: 'zero, negative, 10^40, or not a number',
  fieldError: 'its order cannot be resolved: null, and an error in the errors of the answer',
  unknownPart: 'a part that does not exist',
  unknownClass: 'a class that does not exist',
  longGenes: 'genes of 512 bits',
  egg: 'not hatched: no class, no parts',
  futureStart: 'began a day from now',
  expiredOrder: 'its order has ended, and the list still shows it',
  voidOrder: 'its order is void, and the list still shows it',
  bid: 'its order is an offer to buy',
  inUsdc: 'asks in USDC',
  inUnknownToken: 'asks in a token that nobody knows',
  nightmarePart: 'its back is a Nightmare one',
  indexedLate: 'shows two minutes late (indexedLateAfterSeconds), where it belongs by its time',
  resigned: 'signed anew after a minute (resignedAfterSeconds): another order and a higher nonce, a tenth dearer',
} as const

/** Those that take a while until they happen: how long, in seconds, where nobody says otherwise. */
const defaultDelays = { vanishes: 300, indexedLate: 120, resigned: 60 } as const satisfies Partial<Record<keyof typeof offerFaults, number>>
export type DelayedFault = keyof typeof defaultDelays
export const isDelayed = (fault: OfferFault): fault is DelayedFault => Object.hasOwn(defaultDelays, fault)

export type AnswerFault = keyof typeof answerFaults
export type OfferFault = keyof typeof offerFaults
type Kind = AnswerFault | OfferFault

const kinds = [...Object.keys(answerFaults), ...Object.keys(offerFaults)] as Kind[]

/** Every kind by name, e.g. `{"unavailable": 0.01, "egg": {"share": 1, "times": 3}, "latencyMilliseconds": 50}`. What is not named is off. */
export const faultsSchema = z.strictObject({
  /** Each answer comes this much later. */
  latencyMilliseconds: z.number().min(0).max(600_000).optional(),
  /** Pages hold this many entries at most, whatever was asked for. */
  longestPage: z.number().int().min(1).max(100).optional(),
  /** Lists answer `total: 0` from this place on. */
  offsetCap: z.number().int().min(1).optional(),
  /** Fields, such as title or Axie.title, that the schema no longer has. */
  goneFields: z.array(z.string()).optional(),
  /** Queries for the schema itself are refused, as gateways do. */
  introspectionOff: z.boolean().optional(),
  /** Settled sales show this much later, where they belong by their time. */
  salesIndexedLateSeconds: z.number().min(0).max(86_400).optional(),
  /** How long after its beginning these happen to an offer. */
  vanishesAfterSeconds: z.number().min(0).max(86_400).optional(),
  indexedLateAfterSeconds: z.number().min(0).max(86_400).optional(),
  resignedAfterSeconds: z.number().min(0).max(86_400).optional(),
  ...(Object.fromEntries(kinds.map((kind) => [kind, occurrence.optional()])) as Record<Kind, z.ZodOptional<typeof occurrence>>),
})
export type FaultSettings = z.output<typeof faultsSchema>

export interface Faults {
  /** From now on these, and no others. */
  set(settings: FaultSettings): void
  settings(): FaultSettings
  latencyMilliseconds(): number
  /** Infinity where lists have no such bounds. */
  longestPage(): number
  offsetCap(): number
  goneFields(): readonly string[]
  isIntrospectionOff(): boolean
  salesIndexedLateMillis(): number
  delayMillis(fault: DelayedFault): number
  /** Whether it goes wrong this time. Counts, and counts as served. */
  strikes(fault: AnswerFault): boolean
  /** What goes wrong with a new offer: one thing at most. Counts. */
  ofNewOffer(): OfferFault | null
  /** How often each kind happened. */
  counts(): Readonly<Record<string, number>>
  /** An answer went out that has it in it. */
  serve(kind: Served): void
  /** By its switch, how often a client was given each. */
  served(): Readonly<Record<string, number>>
}

/** By the name of its switch. */
export type Served = Exclude<keyof FaultSettings, `${string}AfterSeconds`>

export function createFaults(initial: FaultSettings, seed: number): Faults {
  const random = createRandom('faults', seed)
  let settings = initial
  let sinceSet = new Map<Kind, Occurrences>()
  const counts: Record<string, number> = {}
  const served: Record<string, number> = {}
  const serve = (kind: Served): void => {
    served[kind] = (served[kind] ?? 0) + 1
  }
  const isDue = (kind: Kind): boolean => {
    const setting = settings[kind] as { share: number; times?: number } | undefined
    if (setting === undefined) return false
    const since = sinceSet.get(kind) ?? createOccurrences(random.next)
    sinceSet.set(kind, since)
    if (since.happened >= (setting.times ?? Number.POSITIVE_INFINITY) || !since.next(setting.share)) return false
    since.happened++
    counts[kind] = (counts[kind] ?? 0) + 1
    return true
  }
  return {
    set(next) {
      settings = next
      sinceSet = new Map()
    },
    settings: () => settings,
    latencyMilliseconds: () => settings.latencyMilliseconds ?? 0,
    longestPage: () => settings.longestPage ?? Number.POSITIVE_INFINITY,
    offsetCap: () => settings.offsetCap ?? Number.POSITIVE_INFINITY,
    goneFields: () => settings.goneFields ?? [],
    isIntrospectionOff: () => settings.introspectionOff ?? false,
    salesIndexedLateMillis: () => 1_000 * (settings.salesIndexedLateSeconds ?? 0),
    delayMillis: (fault) => 1_000 * (settings[`${fault}AfterSeconds`] ?? defaultDelays[fault]),
    strikes(kind) {
      const struck = isDue(kind)
      if (struck) serve(kind)
      return struck
    },
    ofNewOffer: () => (Object.keys(offerFaults) as OfferFault[]).find(isDue) ?? null,
    counts: () => ({ ...counts }),
    serve,
    served: () => ({ ...served }),
  }
}

type Occurrences = ReturnType<typeof createOccurrences>

/**
 * At random, and yet evenly: of as many cases as make one by the share, one. Who waits for it needs no luck.
 * @param uniform from 0 to 1
 */
function createOccurrences(uniform: () => number) {
  /** Cases so far, each as much as its share; the next occurrence is due where they come to that. */
  let passed = 0
  let block = 0
  let due = uniform()
  return {
    happened: 0,
    next(share: number): boolean {
      passed += share
      if (passed <= due) return false
      due = ++block + uniform()
      return true
    },
  }
}

/** For --help. */
export const describeFaults = (): string =>
  Object.entries({ ...answerFaults, ...offerFaults })
    .map(([kind, meaning]) => `  ${kind.padEnd(17)}${meaning}`)
    .join('\n')
