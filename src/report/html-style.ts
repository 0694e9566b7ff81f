/** The look of `report.html`: light and dark, phone, desk and paper. Colours only repeat what words and shapes say. */
export const REPORT_CSS = `
:root{color-scheme:light dark;--page:#f5f6f7;--card:#fff;--ink:#1b2127;--muted:#59636e;--line:#dfe3e8;--track:#eceff2;
--good:#11724a;--good-soft:#e5f4ec;--bad:#b3261e;--bad-soft:#fcebe9;--unsure:#8a5700;--unsure-soft:#fdf3dd;--calm:#59636e;
--select:#7b8794;--sandbox:#3a8f9c;--isolation:#7d6bb5;--restore:#2f6fb7;--connect:#4aa3c7;--smoke:#b0793a;--integrity:#5a57b8;--cutover:#a3528c;--teardown:#7b8794;
--mono:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
@media (prefers-color-scheme:dark){:root{--page:#121518;--card:#1a1e23;--ink:#e6e9ec;--muted:#98a3ae;--line:#2c333b;--track:#272d34;
--good:#5fd19b;--good-soft:#14291f;--bad:#ff8f85;--bad-soft:#331b1a;--unsure:#f0bf55;--unsure-soft:#2e2513;--calm:#98a3ae;
--select:#8a96a3;--sandbox:#5bb5c2;--isolation:#a394dc;--restore:#5e9de6;--connect:#74c3e2;--smoke:#d8a160;--integrity:#9290ea;--cutover:#d68cc1;--teardown:#8a96a3}}
*{box-sizing:border-box}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;
-webkit-text-size-adjust:100%;overflow-wrap:break-word;font-variant-numeric:tabular-nums}
main{max-width:1040px;margin:0 auto;padding:24px 20px 48px}
h1,h2,h3,h4,p,ul,ol,dl,dd{margin:0}
h2{font-size:1.05rem;margin:36px 0 12px;letter-spacing:.01em}
h3{font-size:1rem}
h4{font-size:.85rem;margin:14px 0 4px;color:var(--muted)}
code{font:.86em/1.4 var(--mono);overflow-wrap:anywhere}
.small{font-size:.86rem}.muted{color:var(--muted)}
.good{--tone:var(--good);--soft:var(--good-soft)}.bad{--tone:var(--bad);--soft:var(--bad-soft)}
.unsure{--tone:var(--unsure);--soft:var(--unsure-soft)}.calm{--tone:var(--calm);--soft:var(--track)}
.icon{flex:none;width:1.15em;height:1.15em;color:var(--tone);vertical-align:-.2em}
.icon .stroke{fill:none;stroke:var(--card);stroke-width:2.6;stroke-linecap:round;stroke-linejoin:round}
.card,.verdict,table,.timeline,.problems,.note{background:var(--card);border:1px solid var(--line);border-radius:10px}
.verdict{padding:22px 24px 20px;border-left:6px solid var(--tone);background:linear-gradient(var(--soft),var(--card) 70%)}
.verdict h1{display:flex;align-items:center;gap:.35em;font-size:2.1rem;line-height:1.2;color:var(--tone);margin:2px 0 8px;letter-spacing:-.01em}
.verdict .why{font-size:1.12rem;font-weight:600;margin-bottom:8px}
.verdict ul{padding-left:1.2em;margin-bottom:8px}
.verdict .small:last-child{margin-top:10px}
.cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,380px),1fr));gap:16px}
.card{padding:16px 18px;min-width:0}
.card header{display:flex;flex-wrap:wrap;justify-content:space-between;align-items:center;gap:4px 12px}
.card h3 .muted{font-weight:400}
.chip{display:inline-flex;align-items:center;gap:.4em;padding:1px 9px 1px 6px;border-radius:99px;background:var(--soft);color:var(--tone);
font-size:.85rem;font-weight:600;white-space:nowrap}
.chip .stroke{stroke:var(--soft)}
.figure{font-size:1.9rem;font-weight:650;line-height:1.3;margin-top:6px;letter-spacing:-.01em}
.figure .error{font-size:.95rem;font-weight:400;color:var(--muted);letter-spacing:0}
.gauge{position:relative;height:12px;margin:10px 0 8px;border-radius:6px;background:var(--track)}
.gauge.empty{background:none;border:1px dashed var(--muted)}
.gauge .fill{position:absolute;inset:0 auto 0 0;min-width:6px;border-radius:6px;background:var(--tone)}
.gauge .target{position:absolute;top:-4px;bottom:-4px;width:3px;margin-left:-3px;border-radius:2px;background:var(--ink)}
.gauge .passed-by{margin-left:-1px;box-shadow:0 0 0 2px var(--card)}
.objective ul{padding-left:1.1em;margin:8px 0}
.because{display:block;color:var(--ink);font-size:.9rem;border-left:3px solid var(--line);padding-left:9px;margin:6px 0}
.note{padding:14px 18px;margin-top:16px}
.note h3{font-size:.9rem}
.note ul{padding-left:1.1em;font-size:.92rem}
table{width:100%;border-collapse:separate;border-spacing:0;font-size:.92rem}
th{padding:9px 12px;text-align:left;font-size:.8rem;font-weight:600;color:var(--muted);border-bottom:1px solid var(--line)}
td{padding:10px 12px;vertical-align:top;border-bottom:1px solid var(--line)}
td:nth-child(n+3){overflow-wrap:anywhere}td:nth-child(2){min-width:10em}
tr:last-child td{border-bottom:0}
td:first-child,.checks td:nth-child(3){white-space:nowrap}
td .small{display:block}
.checks td:last-child{white-space:nowrap}
.facts{margin-top:8px;font-size:.92rem}
.facts div{display:grid;grid-template-columns:6.2rem minmax(0,1fr);gap:10px;padding:4px 0}
.facts dt{color:var(--muted)}
.strip{display:flex;flex-wrap:wrap;align-items:center;gap:5px;margin:10px 0 4px;font-size:.78rem;color:var(--muted)}
.strip i{width:9px;height:9px;border-radius:50%;border:1.5px solid var(--muted)}
.strip .drawn{width:13px;height:13px;background:var(--restore);border-color:var(--restore);margin:0 4px;box-shadow:0 0 0 2px var(--card),0 0 0 3.5px var(--restore)}
details{margin-top:10px}summary{cursor:pointer;font-size:.9rem;font-weight:600}
details ol,details ul{padding-left:1.8em}
.timeline{list-style:none;padding:10px 18px 12px}
.timeline li{display:grid;grid-template-columns:minmax(0,17rem) minmax(0,1fr) 5.2rem;gap:0 14px;align-items:center;padding:2px 0;font-size:.88rem}
.timeline .first{margin-top:6px}
.timeline .part{color:var(--muted);font-size:.82rem}
.timeline .part .what,.timeline .step:not(.first) .what{padding-left:1.4em}
.timeline em{font-style:normal;font-weight:600;color:var(--tone)}
.timeline .took{text-align:right;white-space:nowrap}
.track{position:relative;height:16px;background:linear-gradient(90deg,var(--track) 1px,transparent 1px) 0 0/25% 100%,linear-gradient(var(--track),var(--track)) 0 100%/100% 1px no-repeat;
border-right:1px solid var(--track)}
.bar{position:absolute;top:2px;bottom:2px;min-width:3px;border-radius:3px;background:var(--phase)}
.part .bar{top:5px;bottom:4px;opacity:.62}
.bar.failed{background:repeating-linear-gradient(45deg,var(--bad) 0 5px,transparent 5px 8px);outline:1.5px solid var(--bad);outline-offset:-1.5px}
.bar.interrupted{background:repeating-linear-gradient(45deg,var(--phase) 0 4px,transparent 4px 8px)}
.phase-select{--phase:var(--select)}.phase-sandbox{--phase:var(--sandbox)}.phase-isolation{--phase:var(--isolation)}.phase-restore{--phase:var(--restore)}
.phase-connect{--phase:var(--connect)}.phase-smoke{--phase:var(--smoke)}.phase-integrity{--phase:var(--integrity)}.phase-prove{--phase:var(--smoke)}.phase-cutover{--phase:var(--cutover)}.phase-teardown{--phase:var(--teardown)}
.stop{position:absolute;top:-3px;bottom:-3px;width:0;border-left:1.5px dashed var(--muted)}
.stop.verified{border-left:2px solid var(--ink)}
.gap{position:absolute;top:-3px;bottom:-3px;min-width:2px;background:repeating-linear-gradient(135deg,var(--muted) 0 1px,transparent 1px 6px);opacity:.4}
#timeline+p{margin-bottom:8px}
#cutover~table{margin:10px 0 12px}#cutover~ul{padding-left:1.2em}
.key{white-space:nowrap;margin-left:1em}
.key i{display:inline-block;position:static;height:.9em;margin-right:.45em;vertical-align:-.1em}
.key .gap{width:1.2em}
.axis .track{background:none;border:0;height:20px;color:var(--muted);font-size:.76rem}
.axis .track span{position:absolute;transform:translateX(-50%);white-space:nowrap}
.axis .track span:first-child{transform:none}.axis .track span:last-child{transform:translateX(-100%)}
.lead{display:flex;align-items:center;gap:.6em;margin:6px 0 12px}
.problems{list-style:none;padding:4px 18px}
.problems li{display:flex;gap:12px;padding:12px 0;border-bottom:1px solid var(--line)}
.problems li:last-child{border-bottom:0}
.problems .icon{margin-top:.2em}
@media (max-width:680px){
main{padding:14px 12px 36px}
.verdict{padding:18px 16px 16px}.verdict h1{font-size:1.75rem}.card,.note{padding:14px}
table,tbody,tr,td{display:block}thead{display:none}
tr{padding:8px 0;border-bottom:1px solid var(--line)}tr:last-child{border-bottom:0}
td,tr:last-child td{min-width:0;display:grid;grid-template-columns:5.4rem minmax(0,1fr);gap:8px;padding:3px 14px;border:0}
td:first-child,.checks td:nth-child(3),.checks td:last-child{white-space:normal}
td::before{content:attr(data-column);color:var(--muted);font-size:.82rem;padding-top:.1em}
td>*{grid-column:2}td>.chip{justify-self:start}
.timeline{padding:8px 14px 12px}
.timeline li{grid-template-columns:minmax(0,1fr) auto;gap:1px 10px}
.timeline .track{grid-row:2;grid-column:1/-1}
.timeline .step{margin-top:5px}
.key{display:block;margin:2px 0 0}
.axis:not(.cut) .track span:nth-child(2n){display:none}
.problems{padding:2px 14px}
.facts div{grid-template-columns:5rem minmax(0,1fr)}
}
@media print{
@page{size:A4;margin:14mm}
:root{--page:#fff}
html{font-size:12px}body{font-size:1rem;print-color-adjust:exact;-webkit-print-color-adjust:exact}
main{max-width:none;padding:0}h2{margin-top:24px}
.cards{grid-template-columns:repeat(auto-fit,minmax(280px,1fr))}td,th{padding:6px 8px}
.card,tr,li,.verdict,.note{break-inside:avoid}h2{break-after:avoid}
details::details-content{content-visibility:visible;height:auto}
}
`;
