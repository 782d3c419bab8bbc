import type { Notification } from '#schemas/types.ts'
import { applyWord, isGivenUp, type Story } from './story.ts'

/** What is known of alerts and their stories: by the log, and by what this process recorded and the log has not given back yet. */
export interface IntentBook {
  /** A word of the log, in its order. True where it answers a claim of this process. */
  take(word: Notification): boolean
  /** Recorded by this process: it holds at once. */
  noted(word: Notification): void
  /** A claim of ours is back: what the log says of it holds from here. */
  forgetNoted(alertId: string): void
  /** The newest word about an alert. */
  find(alertId: string): Notification | undefined
  /** This process means to show it, and nothing has become of that yet. */
  owns(alertId: string): boolean
  since(time: number): Notification[]
}

export function createIntentBook(self: string): IntentBook {
  const stories = new Map<string, Story>()
  const noted = new Map<string, Notification>()

  const find = (alertId: string): Notification | undefined => {
    const [own, logged] = [noted.get(alertId), stories.get(alertId)?.newest]
    return own !== undefined && own.at >= (logged?.at ?? Number.NEGATIVE_INFINITY) ? own : logged
  }

  return {
    take(word) {
      stories.set(word.alertId, applyWord(stories.get(word.alertId), word))
      // An intent that was given up is not the claim that was made after it.
      return word.status === 'intended' && word.writer === self && !isGivenUp(word)
    },
    noted: (word) => void noted.set(word.alertId, word),
    forgetNoted: (alertId) => void noted.delete(alertId),
    find,
    owns: (alertId) => stories.get(alertId)?.owner?.writer === self,
    since: (time) =>
      [...new Set([...stories.keys(), ...noted.keys()])]
        .map(find)
        .filter((word) => word !== undefined && word.at >= time) as Notification[],
  }
}
