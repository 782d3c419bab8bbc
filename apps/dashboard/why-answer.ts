import type { z } from 'zod'
import type { Codec } from '#lib/codec/codec.ts'
import { RejectedError } from '#lib/errors/errors.ts'
import { findScored, readSubject, type Subject } from '#lib/live/find-scored.ts'
import type { LiveView } from '#lib/live/live-view.ts'
import { explainListing } from '#lib/live/why.ts'
import type { ObjectStore } from '#lib/objectstore/object-store.ts'
import { createRulesStore } from '#lib/rules/rules-store.ts'
import type { Log } from '#lib/stream/log.ts'
import type { whyAnswer } from './api-schemas.ts'
import { ProblemError, problem } from './problem.ts'

/** Why a listing was alerted or not, whatever way people name it. */
export type AnswerWhy = (id: string) => Promise<z.input<typeof whyAnswer>>

export type AnswerWhyOptions = Readonly<{
  log: Log
  codec: Codec
  prefix: string
  store: ObjectStore
  view: Pick<LiveView, 'scored'>
}>

/** From what the page remembers; what is older is looked for in the log, one search at a time. */
export function createAnswerWhy({ log, codec, prefix, store, view }: AnswerWhyOptions): AnswerWhy {
  const rules = createRulesStore(store)
  let before: Promise<unknown> = Promise.resolve()
  const searched = (subject: Subject) => {
    const mine = before.then(() => findScored({ log, codec, prefix }, subject))
    before = mine.catch(() => {})
    return mine
  }
  return async (id) => {
    const subject = subjectOf(id)
    const scored = view.scored(subject) ?? (await searched(subject))
    if (scored === null) {
      const detail = `no listing of ${subject.listingId ?? `axie ${subject.tokenId}`} is in the log of scored ones; flipstream why looks into the archive`
      throw new ProblemError(problem(404, 'not_scored', detail))
    }
    return { simulated: scored.listing.source !== 'live', ...(await explainListing(scored, rules)) }
  }
}

function subjectOf(id: string): Subject {
  try {
    return readSubject(id)
  } catch (error) {
    if (error instanceof RejectedError) throw new ProblemError(problem(400, error.code, error.message))
    throw error
  }
}
