import { models } from './models.js'
import { money } from './money.js'
import { now } from './now.js'

/**
 * The views of the page, in the order of their tabs: another one is a file of its own and a line here. A view is
 * `{ id, title, create(root, page) }`: `create` fills its root once, and answers with what it wants to hear, by name:
 *
 * - `shown()`, `hidden()`: its tab was chosen, or another one;
 * - `snapshot(all)`: everything there is to know, when the connection begins or begins again;
 * - `status(status)`: how things stand, every few seconds; and any other event of the stream, such as `listings`, `alerts`, `outcomes`.
 *
 * `page` has what views share: `lookup(axieId)` opens the price of an axie, `pictureOrigin()`, `status()`, `redrawn(draw)` asks to be
 * drawn anew when the colours change.
 */
export const views = [now, money, models]
