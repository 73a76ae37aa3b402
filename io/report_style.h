#pragma once

#include <string_view>

namespace tessera::io {

// How report.html looks: cards on a quiet ground, one column on telephones and paper.
inline constexpr std::string_view report_style = R"(
:root{color-scheme:light dark;--ground:#f4f5f7;--card:#fff;--ink:#1c2024;--soft:#5b6470;--line:#e2e6ea;
--bar:#d6e8f5;--accent:#0072b2;--warn:#fff4d6;--warn-line:#e6a817}
@media(prefers-color-scheme:dark){:root{--ground:#121417;--card:#1b1e23;--ink:#eceff2;--soft:#a3abb5;
--line:#32373e;--bar:#1d4059;--accent:#4ba3e3;--warn:#3a2f12;--warn-line:#c9962a}}
*{box-sizing:border-box}
body{margin:0;background:var(--ground);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif}
main{max-width:1080px;margin:0 auto;padding:28px 16px 48px}
h1{font-size:26px;line-height:1.2;margin:0;overflow-wrap:anywhere}
h2{font-size:17px;margin:34px 0 10px}
p{margin:6px 0}
.soft{color:var(--soft)}
.card,details{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:14px 16px;margin:0 0 12px}
.warn{background:var(--warn);border-left:4px solid var(--warn-line);border-radius:4px;padding:8px 12px;margin:12px 0}
.tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;margin:20px 0 0}
.tiles .card{margin:0}
.tiles b{display:block;font-size:26px;line-height:1.25;font-variant-numeric:tabular-nums;overflow-wrap:anywhere}
.charts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%,420px),1fr));gap:12px}
.charts svg{width:100%;height:auto;border:1px solid var(--line);border-radius:8px}
.scroll{overflow-x:auto}
table{border-collapse:collapse;width:100%}
th,td{padding:6px 10px;text-align:right;vertical-align:top;border-top:1px solid var(--line);
font-variant-numeric:tabular-nums}
th{font-weight:600;color:var(--soft);border-top:0;white-space:nowrap}
th:first-child,td:first-child{text-align:left;overflow-wrap:anywhere;padding-left:0}
.cases th{cursor:pointer}
.cases td:first-child{width:60%}
.cases .v{white-space:nowrap;min-width:84px;
background:linear-gradient(var(--bar),var(--bar)) left .53em/var(--w,0) 1.27em no-repeat}
.pic{display:block;margin:6px 0 4px}
.pic img{display:block;width:100%;max-width:640px;height:auto;border-radius:4px;background:#171717;cursor:zoom-in}
.pic input{position:absolute;opacity:0;width:1px;height:1px}
.pic input:focus-visible+img{outline:2px solid var(--accent)}
.pic input:checked+img{position:fixed;inset:0;z-index:9;width:100vw;max-width:none;height:100vh;
object-fit:contain;background:#000e;border-radius:0;cursor:zoom-out}
.key span{display:inline-block;margin:0 14px 4px 0;white-space:nowrap}
.key i{display:inline-block;width:12px;height:12px;border-radius:3px;margin-right:6px;vertical-align:-1px;
border:1px solid #0003}
dl{display:grid;grid-template-columns:minmax(90px,max-content) 1fr;gap:2px 18px;margin:0}
dt{color:var(--soft)}
dd{margin:0;overflow-wrap:anywhere}
pre{margin:8px 0 0;overflow-x:auto;font:12.5px/1.45 ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace}
summary{cursor:pointer;font-weight:600}
details[open] summary{margin-bottom:8px}
footer{margin-top:32px;font-size:13px;color:var(--soft)}
@media(max-width:640px){
.tiles b{font-size:21px}
.tiles{grid-template-columns:1fr 1fr}
.cases table,.cases tbody,.cases tr,.cases td{display:block;width:auto!important;padding-left:0;padding-right:0}
.cases thead{display:none}
.cases tr{border-top:1px solid var(--line);padding:8px 0}
.cases td{border:0;padding:1px 6px}
.cases .v{text-align:left;background-position:left .25em}
.cases .v::before{content:attr(data-n) ' ';color:var(--soft)}
}
@media print{
body{background:#fff;font-size:11px}main{max-width:none;padding:0}
.card,details,.charts svg,tr{break-inside:avoid}.card,details{border-color:#ccc}.cases{break-inside:auto}
h2,.key{break-after:avoid}.tiles b{font-size:18px}
details::details-content{content-visibility:visible;block-size:auto}
.charts{grid-template-columns:1fr 1fr}*{print-color-adjust:exact;-webkit-print-color-adjust:exact}
}
)";

// Sorts a table when the head of a column is pressed: numbers by `data-v`, names as they are.
inline constexpr std::string_view report_script = R"(
document.querySelectorAll('.cases th').forEach(function (th) {
  th.addEventListener('click', function () {
    var body = th.closest('table').tBodies[0], i = th.cellIndex;
    var sign = th.dataset.sign = th.dataset.sign === '1' ? '-1' : '1';
    function key(row) { return row.cells[i].dataset.v; }
    Array.from(body.rows).sort(function (a, b) {
      var x = key(a), y = key(b);
      if (i === 0) return sign * x.localeCompare(y, undefined, {numeric: true});
      if (x === '') return 1;
      if (y === '') return -1;
      return sign * (x - y);
    }).forEach(function (row) { body.appendChild(row); });
  });
});
)";

}  // namespace tessera::io
