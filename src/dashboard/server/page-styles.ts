import { STYLES } from "../../eval/report/styles.ts";

/** The page's style sheet: that of reports, and what only a live page has. */
export const PAGE_STYLES: string = `${STYLES}
[hidden] { display: none !important; }
main, .top, footer { max-width: 1400px; }
.top { display: flex; flex-wrap: wrap; align-items: baseline; justify-content: space-between; gap: 0 1.5rem; padding-top: clamp(16px, 3vw, 28px); }
.top h1 { font-size: clamp(1.3rem, 4vw, 1.8rem); overflow-wrap: anywhere; }
.connection { margin: 0; font-size: 0.9rem; color: var(--muted); overflow-wrap: anywhere; }
.connection::before { content: ""; display: inline-block; width: 0.6em; height: 0.6em; border-radius: 50%; margin-right: 0.5em; background: var(--line-5); }
.connection[data-state="live"]::before { background: var(--line-2); }
.connection[data-state="lost"]::before { background: var(--down); }
section { margin-top: 1rem; }
.unseen { position: absolute; width: 1px; height: 1px; margin: -1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.state { display: flex; flex-wrap: wrap; gap: 0.2rem 0.6rem; align-items: baseline; margin: 0 0 0.5rem; max-width: none; font-size: 0.92rem; color: var(--muted); overflow-wrap: anywhere; }
.badge { color: var(--text); font-weight: 600; border: 1px solid var(--line); border-radius: 999px; padding: 0.05rem 0.7rem; background: var(--soft); }
.badge.running, .badge.starting { border-color: var(--line-2); }
.badge.failed, .badge.stopped { border-color: var(--down); color: var(--down); }
progress { width: 100%; height: 8px; border: 0; border-radius: 4px; overflow: hidden; appearance: none; background: var(--grid); accent-color: var(--accent); }
progress::-webkit-progress-bar { background: var(--grid); }
progress::-webkit-progress-value { background: var(--accent); }
progress::-moz-progress-bar { background: var(--accent); }
.cards { grid-template-columns: repeat(auto-fill, minmax(138px, 1fr)); margin: 0.7rem 0 0; }
.card { border-top-width: 2px; padding: 0.55rem 0.8rem; }
.card-value { font-size: 1.4rem; }
.card-note { line-height: 1.35; }
.run { display: inline-flex; align-items: center; gap: 0.5rem; overflow-wrap: anywhere; }
.controls { position: sticky; top: 0; z-index: 5; display: flex; flex-wrap: wrap; align-items: center; gap: 0.4rem 1.4rem; margin: 1.2rem 0 0; padding: 0.6rem 0; background: var(--page); border-bottom: 1px solid var(--grid); font-size: 0.9rem; }
.controls label { display: inline-flex; align-items: center; gap: 0.4rem; }
.controls output { font-variant-numeric: tabular-nums; min-width: 2.2em; }
.controls input, .controls select, .controls button { font: inherit; accent-color: var(--accent); }
.controls select, .controls button { color: var(--text); background: var(--soft); border: 1px solid var(--line); border-radius: 6px; padding: 0.2rem 0.6rem; }
.controls button:disabled { color: var(--muted); opacity: 0.6; }
.gallery { grid-template-columns: repeat(auto-fit, minmax(min(100%, 400px), 1fr)); gap: 1.4rem 2rem; }
figcaption { display: flex; justify-content: space-between; gap: 1rem; }
.place { font-weight: 400; font-size: 0.85rem; color: var(--muted); font-variant-numeric: tabular-nums; }
.plot { min-height: 230px; touch-action: pan-y; border-radius: 4px; }
.plot:focus-visible, button:focus-visible, input:focus-visible, select:focus-visible, summary:focus-visible, pre:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; }
.u-select { background: color-mix(in srgb, var(--accent) 18%, transparent); }
.u-hz .u-cursor-x, .u-hz .u-cursor-y, .u-vt .u-cursor-x, .u-vt .u-cursor-y { border-color: var(--muted); }
.legend { gap: 0.1rem 0.4rem; margin-top: 0.2rem; max-height: 8.5rem; overflow-y: auto; }
.legend button { display: inline-flex; align-items: center; gap: 0.4rem; font: inherit; color: var(--text); background: none; border: 0; border-radius: 6px; padding: 0.15rem 0.4rem; cursor: pointer; }
.legend button:hover { background: var(--soft); }
.legend button[aria-pressed="false"] { opacity: 0.45; text-decoration: line-through; }
.swatch { width: 18px; height: 0; }
.value { color: var(--muted); font-variant-numeric: tabular-nums; min-width: 3.2em; text-align: left; }
figure .note { margin: 0.1rem 0.4rem 0; font-size: 0.8rem; }
.findings li { overflow-wrap: anywhere; }
.findings code { color: var(--muted); }
pre { overflow: auto; max-height: 30rem; margin: 0.5rem 0; padding: 0.8rem; background: var(--soft); border-radius: 8px; font: 0.82rem/1.45 ui-monospace, SFMono-Regular, Menlo, Consolas, monospace; }
@media (prefers-reduced-motion: no-preference) { .badge.running { animation: breathe 3s ease-in-out infinite; } }
@keyframes breathe { 50% { border-color: var(--line); } }
@media (max-width: 700px) { .controls { position: static; } }
@media print { .controls { display: none; } }
`;
