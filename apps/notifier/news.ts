/**
 * What people are told beside alerts: that an axie they bought was sold again, what a day or a week came to, what was decided of models and
 * rules. It goes through the same protocol as an alert (delivery/delivery.ts).
 */
export type News = Readonly<{
  /** A function of what it is about: whoever tells it again, after a restart or in another process, tells the same. */
  id: string
  type: 'resale' | 'summary' | 'notice'
  title: string
  /** In Discord's markdown; whatever the market says in it does nothing. */
  text: string
  /** The same for programs. */
  data: Readonly<Record<string, unknown>>
  expiresAt: number
}>

export type Announce = (news: News) => void
