import type { Notification } from '#schemas/types.ts'

/** What the log says of one alert, word by word in its order. */
export type Story = Readonly<{
  newest: Notification
  /** Whose intent came first and is neither settled nor given up: the only one who may show it. Null: nobody's. */
  owner: Writer | null
  /** Who said what became of it: whoever else means to show it now is too late. Null: it is open. */
  closedBy: Writer | null
}>

/** Null: of a version that named no writer, which counts as one, too. */
type Writer = Readonly<{ writer: string | null }>

/** The detail of an intent that was given up before anything was shown: another may take it over. It names the writer who gives up. */
export const heldDetail = 'not sent: Discord asked us to wait'

export const isGivenUp = ({ status, detail }: Notification): boolean => status === 'intended' && detail === heldDetail

const isBy = (one: Writer | null, { writer }: Notification): boolean => one !== null && one.writer === writer

/** The story after one more word. The first intent wins, whoever is behind it in the log has lost, until its writer gives it up. */
export function applyWord(story: Story | undefined, word: Notification): Story {
  const owner = story?.owner ?? null
  if (word.status !== 'intended') {
    // Somebody who could not know says so; who has shown it knows better.
    if (word.status === 'unknown' && story !== undefined && shown.has(story.newest.status)) return { ...story, owner: null }
    return { newest: word, owner: null, closedBy: { writer: word.writer } }
  }
  const standsInTheWay = owner ?? story?.closedBy ?? null
  if (standsInTheWay !== null && !isBy(standsInTheWay, word)) return story!
  return { newest: word, owner: isGivenUp(word) ? null : { writer: word.writer }, closedBy: null }
}

const shown: ReadonlySet<Notification['status']> = new Set(['sent', 'coalesced', 'edited'])
