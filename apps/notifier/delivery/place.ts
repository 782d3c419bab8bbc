/**
 * What became of a request to post. `unsent`: it never arrived. `unknown`: it may have. `refused`: the place said no, and will again.
 * `messageId`: null where messages have none.
 */
export type Posting =
  | Readonly<{ type: 'posted'; messageId: string | null }>
  | Readonly<{ type: 'limited'; retryAfterMillis: number }>
  | Readonly<{ type: 'unsent' | 'unknown' | 'refused'; problem: string }>

/**
 * How a place can be kept from showing a thing twice. `look`: what stands there can be read. `none`: neither read nor repeated, so what may
 * have been shown is left at that.
 */
export type Recall = 'look' | 'none'

/** Where messages are posted. Nothing it says or throws holds a token. */
export interface Place<Message> {
  /** Names the place in topic `notifications`; no secret. */
  readonly name: string
  readonly recall: Recall
  /** One request, never repeated here. `reference`: at most 25 characters; where the place knows nonces, a second post with it is the first. */
  post(message: Message, reference: string): Promise<Posting>
  /** The id of the message with this reference, posted since then; null where there is none. Rejects when it cannot be known now. */
  find(reference: string, sinceMillis: number): Promise<string | null>
}
