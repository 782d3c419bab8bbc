import type { Html } from './html.ts'

/**
 * Colours of series are told apart by people who see red and green alike (after Okabe and Ito 2008), at 3:1 or more against the page in
 * light and dark; nothing is told by colour alone.
 */
export const pageStyle: Html = {
  markup: `
:root { color-scheme: light dark; --page: #fdfdfc; --ink: #1c2024; --faint: #5d666f; --line: #d9dde1; --card: #f3f4f5; --warn: #9a5b00;
  --series-1: #0067a8; --series-2: #b84a00; --series-3: #007a58; --series-4: #a03f7d; --series-5: #6b6f00; --series-6: #5d666f; }
@media (prefers-color-scheme: dark) {
  :root { --page: #14171a; --ink: #e6e8ea; --faint: #a0a8b0; --line: #363c42; --card: #1e2327; --warn: #f0b35a;
    --series-1: #5cb8f0; --series-2: #f58a4b; --series-3: #38c79a; --series-4: #e08fc0; --series-5: #d4cb45; --series-6: #a0a8b0; }
}
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 60rem; padding: 1.5rem 1rem 4rem; background: var(--page); color: var(--ink);
  font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", sans-serif; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .5rem; } h2 { font-size: 1.25rem; margin: 2.5rem 0 .75rem; } h3 { font-size: 1.05rem; margin: 1.75rem 0 .5rem; }
p, ul, ol { max-width: 46rem; } a { color: var(--series-1); } code { font-size: .9em; overflow-wrap: anywhere; } th code { overflow-wrap: normal; white-space: nowrap; }
.summary { color: var(--faint); } .summary p { margin: .25rem 0; }
nav { margin: 1.25rem 0; } nav ol { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; margin: 0; padding: 0; max-width: none; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 1rem 0; }
.tiles > div { background: var(--card); border-radius: .5rem; padding: .7rem .9rem; }
dt { color: var(--faint); font-size: .85rem; } .tiles dd { margin: 0; font-size: 1.45rem; font-weight: 600; font-variant-numeric: tabular-nums; }
.tiles dd.detail { font-size: .85rem; font-weight: 400; color: var(--faint); }
.note { border-left: .25rem solid var(--warn); background: var(--card); padding: .6rem 1rem; margin: 1rem 0; border-radius: 0 .5rem .5rem 0; max-width: 46rem; }
.note ul { padding-left: 1.1rem; } .note > :first-child { margin-top: 0; } .note > :last-child { margin-bottom: 0; }
.wide { overflow-x: auto; margin: 1rem 0; container-type: inline-size; } .wide:focus-visible { outline: 2px solid var(--series-1); }
table { border-collapse: collapse; min-width: min(100%, 34rem); font-size: .92rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--faint); padding-bottom: .4rem; font-size: .9rem; }
/* Read whole where the table scrolls. */
caption { position: sticky; left: 0; max-width: min(46rem, 100cqi); }
th, td { padding: .3rem .8rem .3rem 0; text-align: left; vertical-align: top; border-bottom: 1px solid var(--line); }
thead th { color: var(--faint); font-weight: 600; white-space: nowrap; } tbody th { font-weight: 500; white-space: nowrap; }
details { margin: 1rem 0; } summary { cursor: pointer; }
.number { text-align: right; white-space: nowrap; }
figure { margin: 1.25rem 0; } figcaption { font-size: .92rem; color: var(--faint); max-width: 46rem; } figcaption b { color: var(--ink); }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1rem; list-style: none; padding: 0; margin: .4rem 0; font-size: .88rem; }
.legend svg { vertical-align: middle; margin-right: .35rem; }
.plot { display: block; width: 100%; height: auto; } .plot.narrow { display: none; }
@media (max-width: 34rem) { body { padding: 1rem .8rem 3rem; } .plot.wide-screen { display: none; } .plot.narrow { display: block; } }
footer { margin-top: 3rem; padding-top: 1rem; border-top: 1px solid var(--line); color: var(--faint); font-size: .88rem; }
@media print { :root { color-scheme: light; } body { max-width: none; font-size: 11pt; } nav { display: none; } figure, tr, .tiles > div, .note { break-inside: avoid; }
  .plot.wide-screen { display: block; } .plot.narrow { display: none; } .wide { overflow: visible; } }
`,
}
