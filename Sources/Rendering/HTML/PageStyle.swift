/// The page's style: system fonts, colours for light and dark whose contrast is at least 4.5 to 1 (WCAG 2.2, AA), nothing
/// that is loaded, everything open on paper.
enum PageStyle {
    static let css: StaticString = """
        :root{color-scheme:light dark;--page:#f4f5f7;--card:#fff;--line:#d8dde4;--ink:#1a212b;--dim:#57616f;
        --own:#0a4f96;--own-bar:#2f7dd1;--alarm:#b02318;--alarm-bg:#fdf0ee;--code:#f6f8fa;--target:#fff4d6;--mark:#ffd24d;
        --mark-ink:#1a1400;--badge:#e9edf2;--link:#0a4f96;--ok:#17693a;
        --mono:ui-monospace,SFMono-Regular,"SF Mono",Menlo,Consolas,"DejaVu Sans Mono","Liberation Mono",monospace}
        @media(prefers-color-scheme:dark){:root{--page:#0e1217;--card:#161b22;--line:#2c3440;--ink:#e3e8ef;--dim:#9aa6b5;
        --own:#86c5ff;--own-bar:#3f8fe0;--alarm:#ff9a8f;--alarm-bg:#2a1716;--code:#10151b;--target:#352c10;--mark:#e9b62f;
        --mark-ink:#1a1400;--badge:#252d38;--link:#86c5ff;--ok:#7ad9a0}}
        *{box-sizing:border-box}
        html{-webkit-text-size-adjust:100%}
        body{margin:0;background:var(--page);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,
        "Noto Sans","DejaVu Sans",sans-serif;overflow-wrap:anywhere}
        main,footer{max-width:70rem;margin:0 auto;padding:0 1.25rem}
        header{padding-top:2rem}
        article+article{border-top:1px solid var(--line);margin-top:2.5rem}
        h1{font-size:1.6rem;line-height:1.25;margin:0 0 .4rem;color:var(--alarm);font-weight:650;text-wrap:pretty}
        h2{font-size:1.05rem;margin:2rem 0 .6rem;font-weight:650}
        h3{font-size:.95rem;margin:1.2rem 0 .4rem;font-weight:650}
        p{margin:.2rem 0}
        code,pre,.src,.mono{font-family:var(--mono);font-size:.86rem;unicode-bidi:isolate}
        pre{white-space:pre-wrap;margin:0}
        .dim{color:var(--dim)}
        .more{margin:.3rem 0 0;color:var(--dim);white-space:pre-wrap}
        dl.facts{display:flex;flex-wrap:wrap;gap:.35rem 1.6rem;margin:1rem 0 0}
        dl.facts div{min-width:0}
        dl.facts dt{font-size:.75rem;color:var(--dim);line-height:1.3}
        dl.facts dd{margin:0;font-size:.9rem}
        .card{background:var(--card);border:1px solid var(--line);border-radius:8px;overflow:hidden}
        .card.pad{padding:.6rem .9rem}
        ol.stack{list-style:none;margin:0;padding:0}
        ol.stack>li{border-top:1px solid var(--line)}
        ol.stack>li:first-child{border-top:0}
        .row,summary{display:flex;align-items:baseline;gap:.6rem;padding:.38rem .9rem}
        .w{flex:1;min-width:0}
        .w>*+*{margin-left:.15rem}
        summary{cursor:pointer;list-style:none}
        summary::-webkit-details-marker{display:none}
        summary::before{content:"\\25B8";color:var(--dim);width:.8rem;flex:none;font-size:.8rem}
        details[open]>summary::before{content:"\\25BE"}
        .row::before{content:"";width:.8rem;flex:none}
        summary:focus-visible{outline:2px solid var(--own-bar);outline-offset:-2px}
        .no{color:var(--dim);font-family:var(--mono);font-size:.78rem;min-width:1.7rem;text-align:right;flex:none}
        .app>details>summary .fn,.app>.row .fn{color:var(--own);font-weight:650}
        .app{box-shadow:inset 3px 0 0 var(--own-bar)}
        .lib .fn{color:var(--dim)}
        .fail .fn{color:var(--alarm);font-weight:650}
        .fail{background:var(--alarm-bg)}
        .at{color:var(--dim);font-family:var(--mono);font-size:.78rem;unicode-bidi:isolate}
        .b{background:var(--badge);color:var(--ink);border-radius:4px;padding:.05rem .4rem;font-size:.72rem;line-height:1.5}
        .b.bad{background:var(--alarm-bg);color:var(--alarm)}
        .b.ok{color:var(--ok)}
        .note{color:var(--dim);font-size:.85rem}
        .card>.fold{border-top:1px solid var(--line)}
        .fold ol.stack,.fold table{border-top:1px solid var(--line)}
        .src{display:block;background:var(--code);border-top:1px solid var(--line);padding:.35rem 0;tab-size:4}
        .l{display:grid;grid-template-columns:4rem minmax(0,1fr);line-height:1.55}
        .l.t{background:var(--target)}
        .n{color:var(--dim);text-align:right;padding-right:.9rem;user-select:none;overflow:hidden;
        text-overflow:ellipsis;white-space:nowrap}
        .c{white-space:pre-wrap;padding-right:.9rem}
        mark{background:var(--mark);color:var(--mark-ink);border-radius:2px;box-shadow:0 0 0 1px var(--mark)}
        .regs{display:grid;grid-template-columns:repeat(auto-fill,minmax(13.5rem,1fr));gap:.1rem 1.2rem;padding:.6rem .9rem;
        margin:0;border-top:1px solid var(--line)}
        .regs div{display:flex;gap:.6rem}
        .regs dt{color:var(--dim);min-width:3.6rem}
        .regs dd{margin:0}
        table{border-collapse:collapse;width:100%;font-size:.88rem}
        th,td{text-align:left;vertical-align:top;padding:.4rem .9rem;border-top:1px solid var(--line)}
        td:last-child{min-width:6.5rem}
        thead th{border-top:0;font-size:.75rem;color:var(--dim);font-weight:500}
        tbody th{font-weight:500}
        @media(min-width:64rem){.id{min-width:25.5rem}}
        .cmd{background:var(--code);border-top:1px solid var(--line);padding:.6rem .9rem;user-select:all}
        .err{background:var(--code);border-top:1px solid var(--line);padding:.6rem .9rem}
        footer{padding:2rem 1.25rem 2.5rem;color:var(--dim);font-size:.8rem}
        .between{padding:.3rem .9rem;background:var(--badge)}
        @media(max-width:40rem){main,footer{padding-left:.75rem;padding-right:.75rem}h1{font-size:1.3rem}
        .row,summary{padding-left:.6rem;padding-right:.6rem;column-gap:.45rem}.no{min-width:1.1rem}
        .l{grid-template-columns:2.8rem minmax(0,1fr)}.n{padding-right:.6rem}
        table,tbody,tr,th,td{display:block}thead{position:absolute;clip-path:inset(50%);width:1px;height:1px;overflow:hidden}
        td,th{border-top:0;padding:.1rem .6rem}tbody tr{border-top:1px solid var(--line);padding:.4rem 0}
        tbody tr:first-child{border-top:0}}
        @media print{:root{color-scheme:light;--page:#fff;--card:#fff;--line:#bbb;--ink:#000;--dim:#444;--own:#000;--own-bar:#000;
        --alarm:#000;--alarm-bg:#fff;--code:#fff;--target:#eee;--mark:#ddd;--mark-ink:#000;--badge:#eee;--ok:#000}
        body{font-size:10pt}mark{font-weight:700;text-decoration:underline}main,footer{max-width:none;padding-left:0;padding-right:0}
        .l,.row,summary{break-inside:avoid}h2,h3{break-after:avoid}
        details:not([open])::details-content{content-visibility:visible;block-size:auto}}
        """
}
