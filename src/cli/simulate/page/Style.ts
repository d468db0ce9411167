/** The style of the page, light and dark. */

/** The style sheet. */
export const css = `
:root {
  color-scheme: light dark;
  --ground: #f4f6f8; --panel: #fff; --line: #dde3ea; --text: #1b2430; --muted: #566373;
  --good: #17734a; --bad: #c2372e; --bad-soft: #fdeeec; --band: #fbe3c4; --fault: #d98a2b; --rest: #8795a8;
  --p50: #2b5d9c; --p95: #7d54b8; --p99: #c0457f;
  --c0: #3d7cc9; --c1: #2a9d7f; --c2: #b07d1c; --c3: #8a63c4; --c4: #c2588f; --c5: #6f8a1f; --c6: #3a9bb0; --c7: #8795a8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #0f141a; --panel: #171e27; --line: #2a3441; --text: #e4eaf2; --muted: #9dabbb;
    --good: #62cf94; --bad: #f0736a; --bad-soft: #361b1b; --band: #3a2c17; --fault: #d9953f; --rest: #7d8da3;
    --p50: #86b5ff; --p95: #b99af0; --p99: #f08fbd;
    --c0: #5b9bea; --c1: #45b896; --c2: #d1a042; --c3: #a883e0; --c4: #e080b1; --c5: #9dba47; --c6: #5cbdd2; --c7: #7d8da3;
  }
}
* { box-sizing: border-box; margin: 0; }
body { padding: 1.5rem 1rem 3rem; background: var(--ground); color: var(--text); font: 15px/1.45 system-ui, sans-serif; }
main { max-width: 76rem; margin: 0 auto; }
h1 { font-size: 1.5rem; line-height: 1.25; font-weight: 650; text-wrap: pretty; }
h2 { font-size: 1.05rem; margin: 0 0 0.6rem; }
h3 { font-size: 1.15rem; margin: 0 0 0.2rem; overflow-wrap: anywhere; }
.muted, .small { color: var(--muted); }
.small { font-size: 13px; }
header p + p, header h1 + p { margin-top: 0.35rem; }
section, figure { margin-top: 1.1rem; padding: 1rem 1.1rem; border: 1px solid var(--line); border-radius: 0.6rem; background: var(--panel); }
.verdict { margin-top: 1.1rem; padding: 0.7rem 1.1rem; border-radius: 0.6rem; border-left: 6px solid var(--good); background: var(--panel); font-weight: 600; }
.verdict.bad { border-left-color: var(--bad); background: var(--bad-soft); }
.differs { margin-top: 1.1rem; font-size: 1.1rem; font-weight: 600; text-wrap: pretty; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: 0.7rem; margin-top: 1.1rem; }
.tiles div { padding: 0.6rem 0.9rem; border: 1px solid var(--line); border-radius: 0.6rem; background: var(--panel); }
.tiles b { display: block; font-size: 1.35rem; font-weight: 650; white-space: nowrap; }
.tiles span { color: var(--muted); font-size: 13px; }
.pair { display: grid; gap: 0 1.5rem; margin-top: 1.5rem; }
.pair > * { min-width: 0; }
@media (min-width: 70rem) { .pair { grid-template-columns: 1fr 1fr; } body:has(.pair) main { max-width: 100rem; } }
figcaption { display: flex; flex-wrap: wrap; justify-content: space-between; gap: 0.2rem 1.2rem; margin-bottom: 0.7rem; }
.legend { display: flex; flex-wrap: wrap; gap: 0.1rem 1rem; color: var(--muted); font-size: 13px; }
.legend i { display: inline-block; width: 0.75rem; height: 0.75rem; margin-right: 0.35rem; border-radius: 2px; vertical-align: -1px; }
.plot { position: relative; padding-left: 3.6rem; }
.plot svg { display: block; width: 100%; height: 10.5rem; overflow: visible; }
.side { position: absolute; left: 0; top: 0; width: 3.2rem; height: 10.5rem; color: var(--muted); font-size: 12px; text-align: right; }
.side span { position: absolute; right: 0; transform: translateY(-50%); white-space: nowrap; }
.times { position: relative; height: 1.3rem; color: var(--muted); font-size: 12px; }
.times span { position: absolute; top: 0.25rem; transform: translateX(-50%); white-space: nowrap; }
.times span.first { transform: none; }
.times span.last { transform: translateX(-100%); }
.grid { stroke: var(--line); stroke-width: 1; vector-effect: non-scaling-stroke; }
.curve { fill: none; stroke-width: 2; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.band { fill: var(--band); }
.hint { fill: transparent; }
.hint:hover { fill: var(--text); fill-opacity: 0.1; }
.lane { display: grid; grid-template-columns: minmax(6rem, 14rem) 1fr; gap: 0.8rem; align-items: center; padding: 0.15rem 0; font-size: 13px; }
.lane > span { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.lane > div { position: relative; height: 1.1rem; border-radius: 3px; background: var(--ground); }
.lane > .axis { background: none; }
.lane > div > i { position: absolute; top: 0; bottom: 0; border-radius: 3px; background: var(--rest); }
.fault > div > i { background: var(--fault); }
.plot rect { shape-rendering: crispEdges; }
@media (max-width: 44rem) {
  .lane { grid-template-columns: 1fr; gap: 0; }
  .lane > span:empty { display: none; }
  .times span:nth-child(even):not(.last) { display: none; }
}
.wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: 14px; }
th { text-align: left; font-weight: 600; color: var(--muted); font-size: 13px; }
th, td { padding: 0.3rem 1rem 0.3rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
tr:last-child td { border-bottom: 0; }
.n { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
ol { list-style: none; padding: 0; font-size: 14px; }
ol li { padding: 0.12rem 0 0.12rem 5.5em; text-indent: -5.5em; white-space: pre-wrap; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
details { margin-top: 0.6rem; } summary { cursor: pointer; color: var(--muted); }
@media print { section, figure { break-inside: avoid; } }
@media (forced-colors: active) { rect, i { forced-color-adjust: none; } }
`
