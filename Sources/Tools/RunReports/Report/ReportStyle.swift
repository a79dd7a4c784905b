/// The look of the report: light and dark, screen and paper.
enum ReportStyle {
  /// The whole style sheet.
  static let css = """
    :root{--bg:#fbfaf7;--card:#fff;--ink:#1d2128;--soft:#5d6673;--line:#e3e1da;--grid:#ebe9e2;
    --good:#14764b;--mixed:#8a6100;--bad:#b3261e;--band-a:#f3f1ea;--band-b:#e4ecf6;
    --c0:#2f5fd0;--c1:#d2691e;--c2:#11866f;--c3:#a23b72;--c4:#7a8a12;--c5:#6b4fc0;--c6:#c23b3b;--c7:#3d7ea6}
    @media (prefers-color-scheme:dark){:root{--bg:#14171c;--card:#1b1f26;--ink:#e8e6e1;--soft:#9aa3af;
    --line:#2c323c;--grid:#272c35;--good:#58c08c;--mixed:#e0b04a;--bad:#f2847c;--band-a:#1f242c;--band-b:#232e3f;
    --c0:#86a8ff;--c1:#f0a060;--c2:#4fd1b3;--c3:#e887b8;--c4:#c6d65a;--c5:#b09cff;--c6:#ff8f8f;--c7:#7cc3ea}}
    *{box-sizing:border-box}
    body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.55 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif}
    main{max-width:1040px;margin:0 auto;padding:40px 24px 80px}
    header{border-bottom:1px solid var(--line);padding-bottom:20px}
    .kicker{color:var(--soft);font-size:14px;margin:0 0 8px;overflow-wrap:anywhere}
    h1{font-size:34px;line-height:1.2;margin:0 0 16px;letter-spacing:-.01em;text-wrap:balance}
    h1.good{color:var(--good)}h1.mixed{color:var(--mixed)}h1.bad{color:var(--bad)}
    h2{font-size:22px;margin:48px 0 14px}
    h3{font-size:16px;margin:0 0 10px;overflow-wrap:anywhere;white-space:pre-wrap}
    .lead{margin:4px 0;max-width:76ch}
    .small{color:var(--soft);font-size:13.5px;max-width:96ch}
    .tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(148px,1fr));gap:12px;margin-top:24px}
    .tile,.plot,.sample{background:var(--card);border:1px solid var(--line);border-radius:10px}
    .tile{padding:12px 14px}.tile .name{color:var(--soft);font-size:13px}
    .tile .value{font-size:24px;white-space:nowrap;font-weight:650;font-variant-numeric:tabular-nums;line-height:1.3}
    .tile .note{color:var(--soft);font-size:12.5px}
    .grid{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(420px,100%),1fr));gap:14px}
    .plot{margin:0;padding:14px 14px 8px}.plot.wide{padding-right:22px}.plot.wide svg{max-width:760px}
    figcaption{font-weight:600;font-size:15px;margin-bottom:6px}
    svg{display:block;width:100%;height:auto;font-family:inherit}
    svg text{fill:var(--soft);font-size:11px}svg .axis{font-size:11.5px}
    svg .rowlabel{fill:var(--ink);font-size:14px}svg .rowvalue{fill:var(--ink);font-size:13px;font-variant-numeric:tabular-nums}
    svg .strong{font-weight:650}svg .bandlabel{font-size:10.5px}
    svg .grid{stroke:var(--grid);stroke-width:1}
    svg .reference{stroke:var(--soft);stroke-width:1.2;stroke-dasharray:4 3}
    svg .band.even{fill:var(--band-a)}svg .band.odd{fill:var(--band-b)}
    svg .line{fill:none;stroke:currentColor;stroke-width:2.1;stroke-linejoin:round;stroke-linecap:round}
    svg .faint{stroke-width:1;opacity:.32}
    svg .bar{fill:currentColor;opacity:.78}
    svg .dot{fill:currentColor}svg .hollow{fill:var(--card);stroke:var(--ink);stroke-width:1.6}
    svg .whisker{stroke:var(--ink);stroke-width:1.7}
    svg .whisker.better,svg .whisker.worse,svg .whisker.open{stroke:currentColor;stroke-width:2.2}
    .better{color:var(--good)}.worse{color:var(--bad)}.open{color:var(--soft)}
    .c0{color:var(--c0)}.c1{color:var(--c1)}.c2{color:var(--c2)}.c3{color:var(--c3)}
    .c4{color:var(--c4)}.c5{color:var(--c5)}.c6{color:var(--c6)}.c7{color:var(--c7)}
    .legend{display:flex;flex-wrap:wrap;gap:4px 16px;font-size:13px;padding:4px 0 4px 4px}
    .key::before{content:"";display:inline-block;width:16px;height:3px;border-radius:2px;background:currentColor;margin-right:6px;vertical-align:middle}
    .scroll{overflow-x:auto;margin-top:14px}
    table{border-collapse:collapse;font-size:14px;font-variant-numeric:tabular-nums;min-width:min(100%,420px)}
    th{text-align:left;color:var(--soft);font-weight:600;white-space:nowrap}
    th,td{padding:6px 18px 6px 0;border-bottom:1px solid var(--line);vertical-align:top}
    .figures td:not(:first-child),.figures th:not(:first-child){text-align:right}
    .figures td:last-child,.figures th:last-child,.events td:last-child{padding-right:0}
    .events td:first-child{white-space:nowrap;color:var(--soft)}.events td:nth-child(2){white-space:nowrap;font-weight:600}
    .events td:last-child{overflow-wrap:anywhere}
    .halves{display:flex;flex-wrap:wrap;gap:8px 64px}
    .sample{padding:16px 18px;margin-top:14px;break-inside:avoid}
    .pair{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(320px,100%),1fr));gap:12px}
    .answer{border-left:3px solid var(--line);padding:2px 0 2px 12px;min-width:0}
    .answer.tuned{border-left-color:var(--c0)}
    .side{color:var(--soft);font-size:12.5px}
    .text{white-space:pre-wrap;overflow-wrap:anywhere;font-size:14.5px}
    .chips{display:flex;flex-wrap:wrap;gap:6px;margin-top:12px}
    .chip{font-size:12.5px;border:1px solid var(--line);border-radius:20px;padding:1px 10px;font-variant-numeric:tabular-nums;color:var(--soft)}
    .chip.up{color:var(--good)}.chip.down{color:var(--bad)}
    code,pre{font:12.5px/1.5 ui-monospace,"DejaVu Sans Mono",Menlo,monospace}
    pre{white-space:pre-wrap;overflow-wrap:anywhere;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:14px}
    td code{overflow-wrap:anywhere}details{margin-top:16px}summary{cursor:pointer;color:var(--soft)}
    @media print{:root{--bg:#fff;--card:#fff;--ink:#000;--soft:#444;--line:#ccc;--grid:#e4e4e4}
    body{font-size:11pt}main{padding:0;max-width:none}.plot,.tile,tr,figure{break-inside:avoid}h2{break-after:avoid}
    *{-webkit-print-color-adjust:exact;print-color-adjust:exact}}
    """
}
