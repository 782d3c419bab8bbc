// Generated from schemas/*.avsc by scripts/generate/generate-types.ts. Edit the schemas, then run `npm run generate`.

export type FeedbackKind = 'bought' | 'bad_call' | 'mute_seller' | 'gone' | 'unmute_seller'

/** Topic alerts.feedback: what people and the market answered. */
export type AlertFeedback = {
  readonly alertId: string
  readonly kind: FeedbackKind
  readonly by: string | null
  readonly at: number
  /** By someone who is neither operator nor trader: counted, and steers nothing. */
  readonly isOpinion?: boolean
}

/** Topic alerts: a decision to notify, with its evidence. */
export type Alert = {
  /** <listingId>:<rule> */
  readonly alertId: string
  readonly listingId: string
  readonly rule: string
  readonly rulesHash: string
  /** Where the rule wants it told; null: the default channel. */
  readonly channel: string | null
  /** One sentence a person can check. */
  readonly reason: string
  /** Median exit (the forecast, of models that know no exits) less fee less ask. */
  readonly netGainUsd: number
  /** The same at the lower quartile. */
  readonly netGainLowUsd: number
  /** After the collector held the market's answer; past it, the alert is worth nothing. */
  readonly deadlineMillis: number
  readonly scored: ScoredListing
}

/** An open offer met again by the slow sweep: it is still there, at this price. */
export type AskSeen = {
  readonly listingId: string
  readonly item: Item
  readonly seller: string
  readonly ask: Ask
}

/** dutch: the price moves linearly from basePriceWei to endedPriceWei over durationSeconds. */
export type AskKind = 'fixed' | 'dutch'

/** What a seller asks. Prices are decimal strings in the smallest unit of the token they are paid in (wei, 10^-18, of ether), exactly as the market said them. */
export type Ask = {
  readonly kind: AskKind
  readonly paymentToken: string
  readonly basePriceWei: string
  readonly endedPriceWei: string
  /** At observedAt of the event. */
  readonly currentPriceWei: string
  /** The market's own conversion, decimal dollars. */
  readonly currentPriceUsd: string | null
  readonly startedAt: number
  /** 0 for a fixed price. */
  readonly durationSeconds: number
  /** From then on nobody can buy by this order; null where the market did not say, or where it never ends. */
  readonly expiredAt?: number | null
  /** The market's own number of the order. */
  readonly orderId?: string | null
  /** Of the seller: a higher one voids the orders before. */
  readonly nonce?: string | null
}

/** A tracked offer that a query by id showed gone, and not sold. */
export type Cancellation = {
  readonly listingId: string
  readonly tokenId: string
}

/** From this record on, the model is compared with the champion on the same sales. */
export type ChallengerNamed = {
  readonly modelId: string
  readonly featureSetHash: string
  /** Newest sale that it learnt from. */
  readonly trainedUntil: number
  readonly reason: string
}

export type TrackedAsk = {
  readonly listingId: string
  readonly tokenId: string
  readonly seenAt: number
}

/** Topic collector.state: the collector's place, written in the transaction of the events it stands for. */
export type CollectorState = {
  readonly market: string
  readonly backfillDone: boolean
  /** Newest first. */
  readonly recentListingIds: readonly string[]
  /** Newest first. */
  readonly recentSaleIds: readonly string[]
  readonly exchangeRateAt: number | null
  readonly leaderboardAt: number | null
  readonly trackedAsks: readonly TrackedAsk[]
}

export type ControlKind = 'pause' | 'resume' | 'mute_seller' | 'unmute_seller' | 'kill' | 'revive' | 'pause_rule' | 'resume_rule'

/** Topic controls: what people told the notifier, and what the ledger did about rules that lose. */
export type Control = {
  readonly kind: ControlKind
  readonly subject: string | null
  readonly by: string | null
  readonly at: number
  /** Why, in a sentence for people; null where nobody said. */
  readonly reason: string | null
}

/** What a decision of the learner rests on: paired losses of two models on the same sales. */
export type DecisionEvidence = {
  /** The block of sales after which it was decided, counted from the champion's promotion. */
  readonly block: number
  /** Sales compared. */
  readonly sales: number
  /** By how much the model decided about is better than the one it was compared with, as a share of that one's loss; negative: worse. */
  readonly better: number
  /** Lower bound of the same, valid whenever one looks. */
  readonly lower: number
  /** Upper bound, likewise. */
  readonly upper: number
  /** The verdict in a sentence for people. */
  readonly sentence: string
}

export type HeldKind = 'promote' | 'roll_back'

/** What the learner would have decided while people hold decisions. It changes nothing: people are told, and decide. */
export type DecisionHeld = {
  readonly kind: HeldKind
  /** The model that would price. */
  readonly modelId: string
  readonly expected: ExpectedChampion
  readonly reason: string
  readonly evidence: DecisionEvidence
}

/** What others offered for the axie when its listing was seen. Context: never a feature. */
export type PricedBids = {
  /** How many offers are open; null where nobody said. */
  readonly count: number | null
  /** The best of them in dollars; null where there is none, or no rate to price it by. */
  readonly usd: number | null
  /** What it is paid in: ETH, USDC, AXS, SLP or RON. */
  readonly token: string | null
  /** In whole tokens. */
  readonly amount: number | null
}

/** Topic listings.enriched: a listing, decoded, with what was known of the market. */
export type EnrichedListing = {
  readonly listingId: string
  readonly eventId: string
  readonly source: Source
  readonly observedAt: number
  readonly item: ItemProfile
  readonly seller: string
  readonly ask: PricedAsk
  readonly context: MarketContext
  readonly bids?: PricedBids | null
  /** The model promoted at that moment. */
  readonly modelId: string | null
  /** Of the feature set that this model reads; null without one, and in records older than this field. */
  readonly featureSetHash: string | null
  /** The rule set in force at that moment. */
  readonly rulesHash: string | null
}

/** Dollars for one ETH. */
export type ExchangeRate = {
  readonly ethUsd: number
  /** Dollars for one AXS. */
  readonly axsUsd?: number | null
  /** Dollars for one SLP. */
  readonly slpUsd?: number | null
  /** Dollars for one RON. */
  readonly ronUsd?: number | null
  /** Dollars for one USDC. */
  readonly usdcUsd?: number | null
}

/** The champion that a decision takes the place of. */
export type ExpectedChampion = {
  readonly modelId: string
  /** observedAt of the promotion or rollback that put it in force: the same model, promoted again, is another champion. */
  readonly since: number
}

/** Topic listings.features: the vector the model reads, and what it was made of. */
export type FeaturizedListing = {
  /** Name of the feature set. */
  readonly featureSet: string
  readonly featureSetHash: string
  /** float32, little endian, in the order of the feature set; NaN where nothing is known. */
  readonly vector: Buffer
  readonly listing: EnrichedListing
}

export type SixParts = {
  readonly eyes: string
  readonly ears: string
  readonly mouth: string
  readonly horn: string
  readonly back: string
  readonly tail: string
}

export type Stats = {
  readonly hp: number
  readonly speed: number
  readonly skill: number
  readonly morale: number
}

/** Sums over the four battle cards. */
export type CardTotals = {
  readonly attack: number
  readonly defence: number
  readonly energy: number
}

/** What sets an axie apart from a plain one of its parts; null is unknown. */
export type ProfileAttributes = {
  /** Lower case, such as origin; empty for an axie without one. */
  readonly title: string | null
  readonly bodyShape: string | null
  /** In the games. */
  readonly level: number | null
  /** On the chain. */
  readonly onchainLevel: number | null
  /** From the games. */
  readonly isBanned: boolean | null
  /** How many of its parts have evolved. */
  readonly evolvedParts: number | null
  /** How many of its parts are Nightmare ones. */
  readonly nightmareParts: number | null
  /** How many mystic parts. */
  readonly mystic: number | null
  /** How many Japanese parts. */
  readonly japanese: number | null
  /** How many Christmas parts. */
  readonly xmas: number | null
  /** How many summer parts. */
  readonly summer: number | null
  /** Parts whose id is in no table of ours: priced with less trust. */
  readonly unknownParts: number
  /** What it wears: context, never a feature. */
  readonly accessories?: readonly Accessory[] | null
}

/** An axie decoded and checked against the reference tables. */
export type ItemProfile = {
  readonly tokenId: string
  /** Lower case: aquatic, beast, bird, bug, dawn, dusk, mech, plant, reptile. */
  readonly class: string
  readonly breedCount: number
  readonly parts: SixParts
  /** Percent of the six parts that are of the axie's own class, truncated (4 of 6 is 66), as the market shows it. */
  readonly purity: number
  /** 0 to 1; null where the genes are not known. */
  readonly geneQuality: number | null
  readonly genes: string | null
  readonly stats: Stats
  readonly cards: CardTotals
  /** Mystic, seasonal and other special parts. */
  readonly specialParts: number
  readonly image: string | null
  /** Null where nothing is known beyond parts of the table. */
  readonly attributes?: ProfileAttributes | null
  /** Where a part is evolved, of a later edition or unknown: the plain parts that stand for the six, empty for one that nothing stands for. */
  readonly plainParts?: SixParts | null
}

/** A body part as the market describes it; null where it does not say. */
export type PartFacts = {
  /** As the market spells it, for example Aquatic. */
  readonly class: string | null
  /** Eyes, Ears, Mouth, Horn, Back or Tail. */
  readonly type: string | null
  /** Edition, for example Mystic or Nightmare; empty for a plain part. */
  readonly special: string | null
  /** 2 once it has evolved. */
  readonly stage: number | null
}

/** What an axie wears. */
export type Accessory = {
  readonly name: string
  /** As the market spells it, for example Rare. */
  readonly rarity: string | null
}

/** What the market says of an axie beyond class, genes and part ids. Null: it did not say, or was not asked (before 2026). */
export type ItemAttributes = {
  /** For example Origin; empty for an axie without one. */
  readonly title: string | null
  /** For example Normal. */
  readonly bodyShape: string | null
  /** Of its life: 1 is an egg, 4 is grown. */
  readonly stage: number | null
  /** In the games. */
  readonly level: number | null
  /** Ascended to, on the chain. */
  readonly onchainLevel: number | null
  /** From the games. */
  readonly isBanned: boolean | null
  /** How many mystic parts. */
  readonly mystic: number | null
  /** How many Japanese parts. */
  readonly japanese: number | null
  /** How many Christmas parts. */
  readonly xmas: number | null
  /** How many summer parts. */
  readonly summer: number | null
  /** In the order of Item.parts; empty where the market named no more than ids. */
  readonly parts: readonly PartFacts[]
  /** What it wears when it was asked for; null where the market did not say. */
  readonly accessories?: readonly Accessory[] | null
}

/** An axie as the market described it: nothing decoded, nothing checked but the shape. */
export type Item = {
  readonly tokenId: string
  /** As the market spells it, for example Aquatic. */
  readonly class: string
  readonly breedCount: number
  /** Hexadecimal with 0x, 256 or 512 bits; null where the source has none (sales files). */
  readonly genes: string | null
  /** Part ids such as eyes-chubby, in the order the market gave them; empty for an egg. */
  readonly parts: readonly string[]
  /** Address of the picture. */
  readonly image: string | null
  /** Null where the source tells none of them (recordings of 2022, sales files). */
  readonly attributes?: ItemAttributes | null
}

/** Topic marketplace.key: until when requests of the marketplace's key are spent, for all who share it. */
export type KeySpent = {
  /** Which key: the beginning of a hash of it, never the key. */
  readonly key: string
  /** Whose share is spent; null where the marketplace refused the key itself. */
  readonly share: string | null
  readonly until: number
  /** When that was told. */
  readonly at: number
  /** Who was told. */
  readonly by: string
  /** In a sentence for people. */
  readonly reason: string
}

export type LeaderboardAxie = {
  readonly tokenId: string
  /** Of its player, 1 is best. */
  readonly rank: number
  readonly class: string
  readonly parts: readonly string[]
}

/** Axies of the best players, complete; the newest snapshot replaces the one before. */
export type LeaderboardSnapshot = {
  readonly axies: readonly LeaderboardAxie[]
}

/** From this record on, people decide about models: the learner goes on comparing, and decides nothing. */
export type LearningHeld = {
  /** False: the learner decides again. */
  readonly isHeld: boolean
  readonly reason: string
}

export type Bid = {
  readonly paymentToken: string
  /** In the token's smallest unit. */
  readonly priceWei: string
  /** The market's own conversion. */
  readonly priceUsd: string | null
}

/** What others offer for an axie. Context: never an ask, never a feature. */
export type Bids = {
  /** How many offers are open; null where the market did not say. */
  readonly count: number | null
  /** The best of them; null where there is none, or none that can be read. */
  readonly highest: Bid | null
}

/** A new offer. Its id is axie:<tokenId>:<startedAt in milliseconds>. */
export type Listing = {
  readonly listingId: string
  readonly item: Item
  readonly seller: string
  readonly ask: Ask
  /** When the listing was seen; null where the market did not say, or was not asked (before 2026-12). */
  readonly bids?: Bids | null
}

/** Robust means of log dollars over spans of time that end at the event; null without sales in the span. */
export type LevelWindows = {
  readonly hours6: number | null
  readonly hours24: number | null
  readonly days7: number | null
}

export type SimilarSale = {
  readonly saleId: string
  readonly tokenId: string
  readonly usd: number
  readonly soldAt: number
  readonly breedCount: number
  /** Eyes and ears are the same too. */
  readonly identical: boolean
  /** Log price less the market's level when it was sold. */
  readonly relative: number | null
}

export type SimilarAsk = {
  readonly listingId: string
  readonly tokenId: string
  readonly usd: number
  readonly seenAt: number
  readonly breedCount: number
  readonly identical: boolean
}

export type OwnLastSale = {
  readonly usd: number
  readonly soldAt: number
  readonly breedCount: number
  readonly relative: number | null
  /** The higher of its levels when it was sold; null unless that was seen as it happened. */
  readonly level?: number | null
  /** How many of its parts had evolved then; likewise. */
  readonly evolvedParts?: number | null
}

export type AlikeSales = {
  /** Dollars, newest first: at most 32. */
  readonly usd: readonly number[]
  /** Hours of the clock that hold a sale of any axie, since the oldest of these 32, or of the last 14 days where there are fewer. */
  readonly watchedHours: number
}

/** The rarest collection that the axie belongs to, and what others of it ask. Context: never a feature. */
export type CollectionFloor = {
  /** mystic, origin, meo, nightmare, japanese, xmas or summer. */
  readonly name: string
  /** The cheapest open ask of another axie of the collection; null where none is known. */
  readonly floorUsd: number | null
  /** How many are known. */
  readonly asks: number
}

/** What was known of the market strictly before the event. */
export type MarketContext = {
  /** The fold's clock: the running maximum of observedAt. */
  readonly asOf: number
  readonly ethUsd: number | null
  readonly market: LevelWindows
  readonly class: LevelWindows
  /** Market level over 6 h less that over 7 d. */
  readonly trend: number | null
  /** Over the last 24 h. */
  readonly salesPerHour: number
  /** The last five, newest first. */
  readonly similarSales: readonly SimilarSale[]
  /** The three cheapest open asks, this axie's own apart. */
  readonly similarAsks: readonly SimilarAsk[]
  readonly similarAskCount: number
  readonly ownLastSale: OwnLastSale | null
  /** By the same seller in the last hour, this one apart. */
  readonly sellerListings: number
  /** How often the leaderboard plays these battle parts together, weighted by rank. */
  readonly comboScore: number
  /** Hash of the names and definitions of measures. */
  readonly measureSet: string
  /** The fold's numbers for the features, in the order of the measure set; NaN where nothing is known. */
  readonly measures: readonly number[]
  /** Sales of other axies alike (class, back, mouth, horn, tail, breed band) in the last 14 days; null in records older than this field. */
  readonly alike: AlikeSales | null
  /** Null for an axie of none, and in records older than this field. */
  readonly collection?: CollectionFloor | null
}

/** backfill: history from before the first live event; folded, never priced. */
export type Origin = 'live' | 'backfill'

/** The real market, a replayed sales file, or a generated market. */
export type Source = 'live' | 'recorded' | 'synthetic'

/** Topic market.events: one totally ordered log of what the market said and what we decided. */
export type MarketEvent = {
  /** A pure function of the content: the same happening has the same id however often it is read. */
  readonly eventId: string
  /** When it happened, in the market's word. */
  readonly eventTime: number
  /** When the collector knew it, by the market's clock (wall clock when live, simulated otherwise). */
  readonly observedAt: number
  readonly origin: Origin
  readonly source: Source
  readonly payload: { readonly 'flipstream.Listing': Listing } | { readonly 'flipstream.AskSeen': AskSeen } | { readonly 'flipstream.Cancellation': Cancellation } | { readonly 'flipstream.Sale': Sale } | { readonly 'flipstream.ExchangeRate': ExchangeRate } | { readonly 'flipstream.LeaderboardSnapshot': LeaderboardSnapshot } | { readonly 'flipstream.ModelPromoted': ModelPromoted } | { readonly 'flipstream.RulesChanged': RulesChanged } | { readonly 'flipstream.ChallengerNamed': ChallengerNamed } | { readonly 'flipstream.ModelRolledBack': ModelRolledBack } | { readonly 'flipstream.ModelBarred': ModelBarred } | { readonly 'flipstream.ModelsCompared': ModelsCompared } | { readonly 'flipstream.MoneyEvidence': MoneyEvidence } | { readonly 'flipstream.LearningHeld': LearningHeld } | { readonly 'flipstream.DecisionHeld': DecisionHeld }
}

/** Topic models: a bundle that exists in the object store; compacted by model id. */
export type ModelAnnounced = {
  readonly modelId: string
  /** Key of the bundle's manifest in the object store. */
  readonly uri: string
  /** Of the manifest. */
  readonly sha256: string
  readonly featureSetHash: string
  readonly source: Source
  readonly trainedFrom: number
  readonly trainedUntil: number
  readonly metrics: Readonly<Record<string, number>>
}

/** From this record on, no promotion of this model counts. */
export type ModelBarred = {
  readonly modelId: string
  readonly reason: string
  /** Null where people decide. */
  readonly evidence?: DecisionEvidence | null
}

/** From this record on, listings are priced by this model. */
export type ModelPromoted = {
  readonly modelId: string
  readonly featureSetHash: string
  readonly reason: string
  /** The model that must be in force, or the decision is outdated; null where people decide, whatever is in force. */
  readonly expected?: ExpectedChampion | null
  /** Null where people decide. */
  readonly evidence?: DecisionEvidence | null
}

/** From this record on, listings are priced by the model that was in force before the one in force. */
export type ModelRolledBack = {
  /** The model that prices again. */
  readonly modelId: string
  readonly featureSetHash: string
  readonly reason: string
  /** The model that must be in force, or the decision is outdated; null where people decide, whatever is in force. */
  readonly expected?: ExpectedChampion | null
  /** Null where people decide. */
  readonly evidence?: DecisionEvidence | null
}

/** Of the sales that both forecast. Clipped differences: champion's loss less the other's, at most 0.5 either way. */
export type PairedLosses = {
  /** A model; or rule:similar-sales, the forecast that needs no model. */
  readonly modelId: string
  readonly sales: number
  /** Sum of the champion's losses. */
  readonly championLoss: number
  /** Sum of clipped differences. */
  readonly difference: number
  /** Sum of their squares. */
  readonly squares: number
}

/** A block of sales is over: the losses of the champion and of each model beside it, on the same sales. Verdicts are a fold of these. */
export type ModelsCompared = {
  /** Counted from the champion's promotion, from 0. */
  readonly block: number
  readonly champion: ExpectedChampion
  /** On the market's clock. */
  readonly from: number
  readonly to: number
  readonly others: readonly PairedLosses[]
  /** Sales of alerted listings, which are left out: our own users made those. */
  readonly alertedSales: number
}

/** What the alerts of a rule earned: those whose outcome became certain on one day. It may veto a promotion, and makes none. */
export type MoneyEvidence = {
  readonly rule: string
  /** UTC, such as 2026-11-30. */
  readonly day: string
  /** The champion when it was written. */
  readonly modelId: string | null
  /** Alerts whose outcome became certain: sold again, or unsold when the time was up. */
  readonly matured: number
  /** Of these, sold again with a gain after fees. */
  readonly gained: number
  /** Of these, unsold: counted as not gained. */
  readonly unsold: number
  /** Sum of gains of those that gained. */
  readonly gainUsd: number
  /** Sum of losses of those that were sold again for less; not negative. What an unsold one would have fetched nobody knows: none is in it. */
  readonly lossUsd: number
  /** Whether promotions wait: the rule's posts are paused for what it lost, or for how seldom it gained. */
  readonly vetoes: boolean
}

export type NotificationStatus = 'intended' | 'sent' | 'unknown' | 'expired' | 'coalesced' | 'muted' | 'edited' | 'failed' | 'gone' | 'limited'

/** Topic notifications: what was about to be sent to whom, and what became of it. */
export type Notification = {
  readonly alertId: string
  readonly channel: string
  readonly nonce: string
  readonly status: NotificationStatus
  readonly messageId: string | null
  readonly at: number
  readonly detail: string | null
  /** Which process meant it: the first intent in the log wins, and only its writer shows the alert. Null before it was kept. */
  readonly writer: string | null
}

export type OutcomeStatus = 'open' | 'gone' | 'resold' | 'censored'

/** Followed the same way as an alert: random, a listing drawn by its id, alert or no alert (what a buyer without a forecast would have got); rejected, a candidate that was no alert (what was missed). */
export type OutcomeKind = 'alert' | 'random' | 'rejected'

export type GoneBy = 'sold' | 'cancelled' | 'relisted'

/** Topic outcomes: what an alert earned or lost after fees, or a listing beside it, revised as events arrive. */
export type Outcome = {
  /** Of the alert; of what the random buyer bought, random:<listingId>; of a rejected candidate, rejected:<listingId>. */
  readonly alertId: string
  readonly status: OutcomeStatus
  /** When nobody could buy it any more, by the market's clock; of a withdrawal, when it was seen. */
  readonly goneAt: number | null
  /** The next sale of the same axie, bred no further. */
  readonly resoldAt: number | null
  readonly resoldUsd: number | null
  /** Resale less fee less ask: what buying at the alert's ask came to. */
  readonly netUsd: number | null
  readonly netEth: number | null
  readonly kind: OutcomeKind
  readonly listingId: string
  readonly tokenId: string
  readonly rule: string
  readonly source: Source
  /** observedAt of the listing. */
  readonly alertedAt: number
  readonly askUsd: number
  readonly askEth: number
  /** Median forecast; null of the random buyer. */
  readonly forecastUsd: number | null
  readonly goneBy: GoneBy | null
  /** What the listing itself went for. */
  readonly soldUsd: number | null
  /** Someone said so. */
  readonly bought: boolean
  /** Followed to the end of its time: never revised again. */
  readonly isFinal: boolean
  /** Of a rejected candidate: the reason, as libs/rules/rejection.ts names it. */
  readonly rejectedFor: string | null
  /** Of an alert that was not posted because of a limit of what may be risked: which one, and by how much, as topic notifications says it. */
  readonly heldBack: string | null
}

/** resold: the axie itself really sold again; alike: the buyer of one alike took ours; unsold: neither in its time; censored: the same, but too few of its hours were seen. */
export type PaperState = 'missed' | 'offered' | 'resold' | 'alike' | 'unsold' | 'censored'

/** Topic paper.trades: an alert that a paper account bought or missed, and what came of it. Nobody risked money. */
export type PaperTrade = {
  /** <account>/<alertId> */
  readonly tradeId: string
  /** The name of the rule that it buys by; preset:classic is the ancestor's rule, whatever is in force; preset:random buys without a forecast. */
  readonly account: string
  readonly alertId: string
  /** The rule set that alerted: rules of one name may differ. Empty: no rule did. */
  readonly rulesHash: string
  readonly listingId: string
  readonly tokenId: string
  readonly class: string
  readonly breedCount: number
  readonly source: Source
  /** When the listing began. */
  readonly startedAt: number
  readonly alertedAt: number
  /** When it was bought, or would have been: a person's delay after the alert. */
  readonly boughtAt: number
  /** It is on offer until then. */
  readonly until: number
  readonly askUsd: number
  /** Ask and gas. */
  readonly costUsd: number
  readonly state: PaperState
  /** gone, dear, positions, money or held. */
  readonly missedFor: string | null
  /** What it was offered for at first. */
  readonly firstPriceUsd: number | null
  readonly endedAt: number | null
  /** What it went for; of the unsold, a share of what its like then sold for. */
  readonly priceUsd: number | null
  /** After the fee, gas and cost. */
  readonly gainUsd: number | null
  /** The real sale that was ours: no other trade of the account may have it. */
  readonly saleId: string | null
}

/** Whether someone said so, or its sale was seen on the market. */
export type SoldBy = 'said' | 'seen'

/** Topic positions: an axie that an account bought, and what it was sold for. */
export type Position = {
  /** <account>:<tokenId>:<boughtAt> */
  readonly positionId: string
  readonly account: string
  readonly tokenId: string
  /** What was paid. */
  readonly boughtUsd: number
  readonly boughtAt: number
  /** Before the fee; null: it is open. */
  readonly soldUsd: number | null
  readonly soldAt: number | null
  readonly soldBy: SoldBy | null
  /** Of the alert that it was bought by, where it was by one. */
  readonly alertId: string | null
  /** Of that alert, as class and seller are. */
  readonly rule: string | null
  readonly class: string | null
  /** In lower case. */
  readonly seller: string | null
  /** Who said that it was bought. */
  readonly by: string | null
}

/** An ask in the units people use, as of the event. */
export type PricedAsk = {
  readonly kind: AskKind
  readonly wei: string
  readonly eth: number
  readonly usd: number
  readonly startedAt: number
  /** From then on nobody can buy by this order. */
  readonly expiredAt?: number | null
  /** The token it is paid in, where that is not ether; eth and wei are then what the price was worth in ether. */
  readonly token?: string | null
  /** How much of that token. */
  readonly amount?: number | null
}

/** Topic candidates.rejected: a listing whose forecast some rule wanted, and the first reason why it was no alert. */
export type RejectedCandidate = {
  readonly listingId: string
  readonly tokenId: string
  readonly breedCount: number
  /** The first that wanted it. */
  readonly rule: string
  readonly rulesHash: string
  /** As libs/rules/rejection.ts names it. */
  readonly reason: string
  readonly source: Source
  readonly modelId: string
  /** Of the listing. */
  readonly observedAt: number
  /** Of the ask. */
  readonly startedAt: number
  readonly askUsd: number
  readonly askEth: number
  readonly quantilesUsd: PriceQuantiles
  /** As of an alert: median exit less fee less ask. */
  readonly netGainUsd: number
  /** The same at the lower quartile. */
  readonly netGainLowUsd: number
}

/** From this record on, listings are judged by this rule set. */
export type RulesChanged = {
  /** sha256 of rules, hexadecimal. */
  readonly rulesHash: string
  /** The rule set as canonical JSON. */
  readonly rules: string
  readonly reason: string
}

/** A settled sale. Its id is axie:<tokenId>:<txHash, or soldAt in milliseconds where there is none>. */
export type Sale = {
  readonly saleId: string
  readonly item: Item
  readonly soldAt: number
  readonly priceWei: string
  /** The market's own conversion at the time of the sale, decimal dollars. */
  readonly priceUsd: string | null
  readonly seller: string | null
  readonly buyer: string | null
  readonly txHash: string | null
  /** What it was paid in, where that is not ether: priceWei is then in its smallest unit. */
  readonly token?: string | null
}

/** Dollars, never crossing. */
export type PriceQuantiles = {
  readonly q05: number
  readonly q25: number
  readonly q50: number
  readonly q75: number
  readonly q95: number
}

export type Contribution = {
  /** What it is about, in people's words. */
  readonly reason: string
  /** Added to the log of the price: 0.1 is about 10% more. */
  readonly effect: number
  /** The feature that adds most of it. */
  readonly feature: string
}

/** Why the median is what it is: exp(base + sum of effects) = q50. */
export type Explanation = {
  /** Log dollars that an axie would fetch of which nothing is known but the market it is in. */
  readonly base: number
  /** Largest effect first. */
  readonly contributions: readonly Contribution[]
}

/** The chance that another axie alike sells at a price or more within so many hours, all of them watched. */
export type Demand = {
  /** That price: the forecast's median. */
  readonly usd: number
  readonly h1: number
  readonly h6: number
  readonly h24: number
  readonly h72: number
}

/** Topic listings.scored: what a listing will sell for. */
export type ScoredListing = {
  readonly listing: EnrichedListing
  readonly modelId: string
  readonly featureSetHash: string
  readonly modelTrainedUntil: number
  readonly quantilesUsd: PriceQuantiles
  /** How unlike the training data the vector is: 0 familiar, above 1 outside what was seen. */
  readonly novelty: number
  /** Where the model ran: tensorflow, wasm or cpu. */
  readonly backend: string
  readonly codeVersion: string
  /** Null where the lower quartile is not above the ask, and for models that cannot say why. */
  readonly explanation: Explanation | null
  /** Dollars: the mean price, for sums over many axies; null in records older than this field. */
  readonly mean: number | null
  /** Dollars: what it sells for next when bought at this ask, by a head that reads the ask; null of models without one. */
  readonly exit: PriceQuantiles | null
  /** Null of models without a head of demand. */
  readonly demand: Demand | null
  /** What sets the axie apart and the model knows nothing of, such as level or evolved_part; null in records older than this field. */
  readonly unseen?: readonly string[] | null
}

export type ShadowRole = 'challenger' | 'previous'

/** Topic listings.shadow: what a model beside the champion would have said of a listing. */
export type ShadowForecast = {
  readonly listingId: string
  readonly modelId: string
  readonly role: ShadowRole
  /** Of the listing. */
  readonly observedAt: number
  readonly askUsd: number
  readonly quantilesUsd: PriceQuantiles
  /** What the champion said, for comparison. */
  readonly championQuantilesUsd: PriceQuantiles
}

/** refused: the data, or the model that came of them, is not good enough; the champion stays. */
export type TrainingStatus = 'running' | 'finished' | 'refused' | 'failed'

/** cached: an earlier attempt, or an earlier training on the same data, had done it. */
export type TrainingStepStatus = 'running' | 'done' | 'cached' | 'failed'

export type TrainingStep = {
  readonly name: string
  readonly status: TrainingStepStatus
  readonly startedAt: number
  readonly endedAt: number | null
  readonly detail: string | null
}

/** Topic trainings: what a training by the trainer has come to, step by step; compacted by training id. */
export type TrainingRun = {
  readonly trainingId: string
  readonly source: Source
  /** As libs/learning/retraining.ts names it. */
  readonly trigger: string
  /** One sentence: why it was begun. */
  readonly reason: string
  readonly status: TrainingStatus
  readonly startedAt: number
  readonly endedAt: number | null
  /** How often it was begun: once more after each kill. */
  readonly attempts: number
  /** It learns from what was known from then on, by the market's clock, */
  readonly learnFrom: number
  /** and before then. */
  readonly learnUntil: number
  readonly seed: number
  /** Those that were begun, in their order. */
  readonly steps: readonly TrainingStep[]
  readonly datasetId: string | null
  readonly modelId: string | null
  /** One sentence: what came of it. */
  readonly conclusion: string | null
  readonly codeVersion: string
}

/** Every record that has a schema file, by its name. */
export type RecordTypes = {
  AlertFeedback: AlertFeedback
  Alert: Alert
  AskSeen: AskSeen
  Ask: Ask
  Cancellation: Cancellation
  ChallengerNamed: ChallengerNamed
  CollectorState: CollectorState
  Control: Control
  DecisionEvidence: DecisionEvidence
  DecisionHeld: DecisionHeld
  EnrichedListing: EnrichedListing
  ExchangeRate: ExchangeRate
  ExpectedChampion: ExpectedChampion
  FeaturizedListing: FeaturizedListing
  ItemProfile: ItemProfile
  Item: Item
  KeySpent: KeySpent
  LeaderboardSnapshot: LeaderboardSnapshot
  LearningHeld: LearningHeld
  Listing: Listing
  MarketContext: MarketContext
  MarketEvent: MarketEvent
  ModelAnnounced: ModelAnnounced
  ModelBarred: ModelBarred
  ModelPromoted: ModelPromoted
  ModelRolledBack: ModelRolledBack
  ModelsCompared: ModelsCompared
  MoneyEvidence: MoneyEvidence
  Notification: Notification
  Outcome: Outcome
  PaperTrade: PaperTrade
  Position: Position
  PricedAsk: PricedAsk
  RejectedCandidate: RejectedCandidate
  RulesChanged: RulesChanged
  Sale: Sale
  ScoredListing: ScoredListing
  ShadowForecast: ShadowForecast
  TrainingRun: TrainingRun
}

export type RecordName = keyof RecordTypes
