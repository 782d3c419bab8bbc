import type { Embed, StoredMessage } from './messages.ts'

/**
 * Messages as Discord lays them out (its dark theme, desktop), from the same JSON that is posted: for people to look at. An imitation: the
 * widths, colours and markdown are close to Discord's, its fonts and emoji are not here.
 */
export function messagesPage(messages: readonly Pick<StoredMessage, 'embeds' | 'components'>[]): string {
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>messages</title><style>${css}</style><body>${messages.map(message).join('')}</body></html>`
}

const css = `
body{margin:0;padding:16px;background:#313338;color:#dbdee1;font:16px/1.375 "gg sans","Noto Sans","Helvetica Neue",Helvetica,Arial,sans-serif}
.message{display:grid;grid-template-columns:40px 1fr;gap:0 16px;margin-bottom:18px}
.face{width:40px;height:40px;border-radius:50%;background:#5865f2;color:#fff;display:grid;place-items:center;font-weight:600}
.who b{color:#f2f3f5;font-weight:500}.who i{font-style:normal;background:#5865f2;color:#fff;font-size:10px;padding:1px 4px;border-radius:3px;margin:0 6px}.who span{color:#949ba4;font-size:12px}
.embed{display:grid;grid-template-columns:1fr auto;max-width:516px;background:#2b2d31;border-left:4px solid;border-radius:4px;padding:8px 16px 16px 12px;margin-top:4px;font-size:14px;line-height:1.3}
.embed>*{grid-column:1}.author{font-weight:600;color:#f2f3f5;margin-top:8px}.title{color:#00a8fc;font-weight:600;font-size:16px;margin-top:8px;text-decoration:none}
.description{margin-top:8px;white-space:pre-line}.fields{display:grid;grid-template-columns:repeat(12,1fr);gap:8px;margin-top:8px}.field{white-space:pre-line;overflow-wrap:anywhere}
.field b.name{display:block;color:#f2f3f5;font-weight:600;margin-bottom:2px}.embed img{grid-column:2;grid-row:1/8;width:80px;height:80px;border-radius:4px;margin:8px 0 0 16px;background:#1e1f22;object-fit:cover}
.footer{font-size:12px;color:#dbdee1;margin-top:8px;white-space:pre-line}.row{display:flex;gap:8px;margin-top:8px}
.button{padding:6px 16px;border-radius:3px;color:#fff;font-size:14px;background:#4e5058}.s3{background:#248046}.s4{background:#da373c}`

const harmless = (text: string) => text.replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`)

/** The marks that our messages use: bold, links, escapes. */
function markdown(text: string): string {
  const kept: string[] = []
  const shielded = text.replace(/\\([^0-9A-Za-z\s])/g, (_, character: string) => `\uE000${kept.push(character) - 1}\uE001`)
  return harmless(shielded)
    .replace(/\*\*(.+?)\*\*/g, '<b>$1</b>')
    .replace(/\[([^\]]+)\]\((https:[^)]+)\)/g, '<a style="color:#00a8fc">$1</a>')
    .replace(/\uE000(\d+)\uE001/g, (_, index: string) => harmless(kept[Number(index)]!))
}

const message = ({ embeds, components }: Pick<StoredMessage, 'embeds' | 'components'>): string =>
  `<div class="message"><div class="face">f</div><div><div class="who"><b>flipstream</b><i>APP</i><span>Today at 12:00</span></div>${embeds.map(embed).join('')}${(components as Row[]).map(row).join('')}</div></div>`

type Row = Readonly<{ components: readonly { label: string; style: number }[] }>

const row = ({ components }: Row): string =>
  `<div class="row">${components.map(({ label, style }) => `<div class="button s${style}">${harmless(label)}${style === 5 ? ' ↗' : ''}</div>`).join('')}</div>`

function embed({ author, title, description, color = 0x202225, fields = [], thumbnail, footer }: Embed): string {
  const inline = (index: number) => fields[index]?.inline === true
  // Discord puts up to three inline fields in a line; a line of two has halves.
  const span = (index: number) => {
    if (!inline(index)) return 12
    let first = index
    while (first > 0 && inline(first - 1)) first--
    const lineStart = first + Math.floor((index - first) / 3) * 3
    const inLine = [0, 1, 2].filter((step) => inline(lineStart + step)).length
    return inLine === 2 ? 6 : inLine === 1 ? 12 : 4
  }
  return `<div class="embed" style="border-color:#${color.toString(16).padStart(6, '0')}">
${author === undefined ? '' : `<div class="author">${harmless(author.name)}</div>`}
${title === undefined ? '' : `<a class="title">${markdown(title)}</a>`}
${description === undefined ? '' : `<div class="description">${markdown(description)}</div>`}
<div class="fields">${fields.map(({ name, value }, index) => `<div class="field" style="grid-column:span ${span(index)}"><b class="name">${markdown(name)}</b>${markdown(value)}</div>`).join('')}</div>
${thumbnail === undefined ? '' : `<img alt="" src="${harmless(thumbnail.url)}">`}
${footer === undefined ? '' : `<div class="footer">${harmless(footer.text)}</div>`}</div>`
}
