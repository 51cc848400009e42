/** Colours of the page and its charts, for a light and a dark screen. Text on every tone reaches a contrast of 4.5 to 1. */
const LIGHT = `
  --page: #ffffff; --surface: #ffffff; --soft: #f5f6f8; --text: #1b1f24; --muted: #58606b; --line: #c5cbd3; --grid: #e8ebef;
  --accent: #1d5fb4; --interval: #1b1f24b3; --up: #1d5fb4; --down: #a84a08; --notice: #fff4dc; --notice-line: #d99a2b;
  --column-0: #d58a3a; --column-1: #a9cbef; --column-2: #5a9be0; --column-3: #2464b0;
  --line-0: #c46a12; --line-1: #1d5fb4; --line-2: #0b8467; --line-3: #b0417e; --line-4: #5b636e; --line-5: #8a6d00; --line-6: #1b93b8; --line-7: #6a4fb3;
  --none: #f0f1f3; --none-text: #58606b;
  --heat-0: #f0f5fb; --heat-0-text: #1b1f24; --heat-1: #d9e7f6; --heat-1-text: #1b1f24; --heat-2: #bcd6f1; --heat-2-text: #1b1f24;
  --heat-3: #93bdea; --heat-3-text: #1b1f24; --heat-4: #5f9ade; --heat-4-text: #10131a; --heat-5: #2c68b4; --heat-5-text: #ffffff; --heat-6: #173f78; --heat-6-text: #ffffff;
  --shift-0: #e39b55; --shift-0-text: #1b1f24; --shift-1: #efbf8f; --shift-1-text: #1b1f24; --shift-2: #f8e1cb; --shift-2-text: #1b1f24;
  --shift-3: #f0f1f3; --shift-3-text: #1b1f24; --shift-4: #d5e5f6; --shift-4-text: #1b1f24; --shift-5: #a5c9ef; --shift-5-text: #1b1f24; --shift-6: #6ba7e6; --shift-6-text: #10131a;`;

const DARK = `
  --page: #14171b; --surface: #14171b; --soft: #1d2127; --text: #e7e9ec; --muted: #a0a8b3; --line: #464d57; --grid: #2a2f37;
  --accent: #79b3f7; --interval: #e7e9ecb3; --up: #79b3f7; --down: #f0a05a; --notice: #33290f; --notice-line: #b8862b;
  --column-0: #c47a2c; --column-1: #2c5179; --column-2: #3f7fc6; --column-3: #7fb5f2;
  --line-0: #ee9f4e; --line-1: #79b3f7; --line-2: #3fc6a3; --line-3: #e888bb; --line-4: #b3bac3; --line-5: #d8bd4b; --line-6: #5fd0ee; --line-7: #b3a0ee;
  --none: #22272e; --none-text: #a0a8b3;
  --heat-0: #1c232c; --heat-0-text: #e7e9ec; --heat-1: #1f3147; --heat-1-text: #e7e9ec; --heat-2: #234365; --heat-2-text: #e7e9ec;
  --heat-3: #275687; --heat-3-text: #ffffff; --heat-4: #2f6bab; --heat-4-text: #ffffff; --heat-5: #6aa6e6; --heat-5-text: #0d1117; --heat-6: #a9d0fa; --heat-6-text: #0d1117;
  --shift-0: #a8641d; --shift-0-text: #ffffff; --shift-1: #74491b; --shift-1-text: #ffffff; --shift-2: #43311f; --shift-2-text: #e7e9ec;
  --shift-3: #262b32; --shift-3-text: #e7e9ec; --shift-4: #21364f; --shift-4-text: #e7e9ec; --shift-5: #274f7d; --shift-5-text: #ffffff; --shift-6: #2f6bab; --shift-6-text: #ffffff;`;

/** The page's style sheet: readable on a phone, light and dark, and on paper. */
export const STYLES: string = `
:root { color-scheme: light dark; ${LIGHT} }
@media (prefers-color-scheme: dark) { :root { ${DARK} } }
@media print { :root { ${LIGHT} } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; scroll-behavior: smooth; scroll-padding-top: 1rem; }
@media (prefers-reduced-motion: reduce) { html { scroll-behavior: auto; } }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.55 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
main, .top, footer { max-width: 1080px; margin: 0 auto; padding: 0 clamp(16px, 4vw, 32px); }
.top { padding-top: clamp(24px, 6vw, 56px); }
h1 { font-size: clamp(1.6rem, 5vw, 2.3rem); line-height: 1.15; letter-spacing: -0.02em; margin: 0 0 0.3rem; text-wrap: balance; }
h2 { font-size: 1.35rem; letter-spacing: -0.01em; margin: 0 0 0.75rem; padding-top: 1.5rem; border-top: 1px solid var(--grid); }
h3 { font-size: 1.02rem; margin: 1.5rem 0 0.4rem; }
p { margin: 0 0 0.9rem; max-width: 72ch; }
a { color: var(--accent); }
code { font: 0.92em ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
small { font-size: 0.8rem; color: var(--muted); }
section { margin-top: 2.25rem; }
.date { color: var(--muted); }
nav ul { display: flex; flex-wrap: wrap; gap: 0.3rem 1.1rem; list-style: none; margin: 1rem 0 0; padding: 0; font-size: 0.92rem; }
.notice { background: var(--notice); border-left: 4px solid var(--notice-line); padding: 0.7rem 1rem; border-radius: 4px; margin: 1.2rem 0 0; max-width: none; }
.lead { font-size: 1.12rem; line-height: 1.5; }
.note { font-size: 0.88rem; color: var(--muted); }
.cards { display: grid; grid-template-columns: repeat(auto-fit, minmax(150px, 1fr)); gap: 12px; margin: 1.2rem 0; }
.card { background: var(--soft); border-radius: 8px; border-top: 4px solid var(--line); padding: 0.7rem 0.9rem; }
.card p { margin: 0; }
.card-label { font-size: 0.86rem; color: var(--muted); overflow-wrap: anywhere; }
.card-value { font-size: 1.65rem; font-weight: 600; letter-spacing: -0.02em; font-variant-numeric: tabular-nums; }
.card-value small { font-weight: 400; letter-spacing: 0; }
.card-note { font-size: 0.8rem; color: var(--muted); font-variant-numeric: tabular-nums; }
.findings { padding-left: 1.1rem; margin: 0; }
.findings li { margin-bottom: 0.45rem; max-width: 76ch; }
.gallery { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 330px), 1fr)); gap: 1.5rem 2rem; align-items: start; margin: 1rem 0 1.25rem; }
.gallery.narrow { grid-template-columns: repeat(auto-fit, minmax(min(100%, 250px), 1fr)); }
figure { margin: 0; min-width: 0; }
figcaption { font-weight: 600; font-size: 0.95rem; margin-bottom: 0.35rem; }
figure svg[role="img"] { display: block; width: 100%; height: auto; }
svg text { font-family: inherit; font-variant-numeric: tabular-nums; }
.legend { display: flex; flex-wrap: wrap; gap: 0.25rem 1.1rem; list-style: none; margin: 0.4rem 0 0; padding: 0; font-size: 0.85rem; color: var(--muted); }
.legend li { display: inline-flex; align-items: center; gap: 0.4rem; }
.swatch { flex: none; }
.scroll { overflow-x: auto; margin: 1rem 0; border: 1px solid var(--grid); border-radius: 8px; }
.scroll:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
table { border-collapse: collapse; width: 100%; font-size: 0.9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; font-weight: 600; padding: 0.7rem 0.85rem 0.3rem; font-size: 0.95rem; }
th, td { padding: 0.42rem 0.85rem; text-align: right; vertical-align: top; white-space: nowrap; }
thead th { font-weight: 500; color: var(--muted); font-size: 0.82rem; border-bottom: 1px solid var(--line); vertical-align: bottom; white-space: normal; min-width: 5.2rem; overflow-wrap: anywhere; }
tbody tr + tr > * { border-top: 1px solid var(--grid); }
th:first-child { text-align: left; font-weight: 500; position: sticky; left: 0; background: var(--page); white-space: normal; min-width: 8.5rem; max-width: 15rem; }
td small, th small { display: block; font-weight: 400; }
tr.strong > * { font-weight: 650; background: var(--soft); }
tr.strong small { font-weight: 400; }
.up { color: var(--up); } .down { color: var(--down); }
details { margin: 0.5rem 0 1rem; } summary { cursor: pointer; color: var(--accent); font-size: 0.95rem; }
.search { border: 1px solid var(--grid); border-radius: 8px; padding: 0.9rem; margin: 0.9rem 0; }
.search header { display: flex; gap: 0.8rem; align-items: center; }
.search h3 { margin: 0; } .search header p { margin: 0; font-size: 0.86rem; color: var(--muted); }
.search img, .no-picture { object-fit: contain; background: #ffffff; border: 1px solid var(--grid); border-radius: 6px; padding: 3px; }
.no-picture { width: 72px; height: 72px; background: var(--soft); }
.hits { display: grid; grid-template-columns: repeat(auto-fill, minmax(104px, 1fr)); gap: 0.9rem 0.6rem; list-style: none; margin: 0.9rem 0 0; padding: 0; }
.hits p { margin: 0.25rem 0 0; font-size: 0.86rem; line-height: 1.25; overflow-wrap: anywhere; } .hits small { display: block; }
.hits b { font-weight: 600; }
.case header p { font-size: 0.82rem; } .case header small, .case th small { display: block; } .case .scroll { margin-bottom: 0; }
.case td { vertical-align: middle; } .candidate { display: flex; gap: 0.6rem; align-items: center; min-width: 11rem; } .candidate > div { overflow-wrap: anywhere; }
.case .candidate img, .case .candidate .no-picture { width: 48px; height: 48px; flex: none; } .candidate span { font-weight: 500; }
.facts { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 240px), 1fr)); gap: 0.7rem 1.5rem; margin: 0; }
.facts div { min-width: 0; } dt { font-size: 0.82rem; color: var(--muted); } dd { margin: 0; overflow-wrap: anywhere; }
footer { padding-top: 2.5rem; padding-bottom: 3rem; font-size: 0.85rem; color: var(--muted); }
@media print { nav { display: none; } figure, .search, tr { break-inside: avoid; } .scroll { overflow: visible; } }
`;
