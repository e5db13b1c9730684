package io.alidade.report;

import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.function.IntPredicate;
import java.util.regex.Pattern;

/// A self-contained HTML page: nothing is fetched, it prints well, and it follows the reader's
/// light or dark theme. A few lines of script show values under the pointer; without them nothing
/// is lost.
public final class Page {
  private static final String STYLE =
      """
      *{box-sizing:border-box}
      :root{color-scheme:light dark;--back:#f7f6f2;--card:#fff;--line:#e3e0d8;--brass:#8a5a0b;--good:#00734f;--bad:#b3401a}
      @media(prefers-color-scheme:dark){:root{--back:#101214;--card:#16181b;--line:#2b2e33;--brass:#dcae58;--good:#4fd1a5;--bad:#ff8f5a}}
      body{margin:0;background:var(--back);color:var(--ink);font:15px/1.55 ui-sans-serif,system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
      main{max-width:1120px;margin:0 auto;padding:40px 28px 64px}
      header{display:flex;gap:18px;align-items:center;border-bottom:1px solid var(--line);padding-bottom:22px}
      header svg{flex:none;width:46px;height:46px;stroke:var(--brass);fill:none;stroke-width:1.6;stroke-linecap:round}
      header>div{min-width:0}header p{margin:2px 0 0;color:var(--soft);overflow-wrap:anywhere}
      h1{font-size:27px;line-height:1.2;letter-spacing:-.015em;margin:0;font-weight:650;overflow-wrap:anywhere}
      h2{font-size:18px;letter-spacing:-.01em;margin:44px 0 14px;font-weight:650}
      .eyebrow{font-size:11.5px;letter-spacing:.11em;text-transform:uppercase;color:var(--brass);font-weight:650}
      .cards{display:grid;grid-template-columns:repeat(auto-fit,minmax(205px,1fr));gap:14px;margin-top:26px}
      .card,.chart-card,.sample,pre,.table{background:var(--card);border:1px solid var(--line);border-radius:10px}
      .card{padding:16px 18px}.card .name{color:var(--soft);font-size:13px}
      .card .value{font-size:31px;line-height:1.2;font-weight:640;letter-spacing:-.02em;font-variant-numeric:tabular-nums;margin-top:3px}
      .card .was{font-size:13.5px;font-variant-numeric:tabular-nums}.card .note{color:var(--soft);font-size:12.5px;margin-top:7px;line-height:1.4}
      .good{color:var(--good)}.bad{color:var(--bad)}.soft{color:var(--soft)}
      .charts{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(440px,100%),1fr));gap:16px}
      .chart-card{padding:14px 16px 8px;position:relative}
      .sample{margin:0 0 16px;overflow:hidden}
      .sample .prompt{padding:13px 18px;border-bottom:1px solid var(--line)}
      .sample .sides{display:grid;grid-template-columns:1fr 1fr}
      .sample .sides>div{padding:12px 18px 14px;min-width:0}.sample .sides>div+div{border-left:1px solid var(--line)}
      .tag{font-size:11.5px;letter-spacing:.07em;text-transform:uppercase;color:var(--soft);font-weight:600;margin-bottom:4px}
      .text,pre{font:12.8px/1.55 ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono","DejaVu Sans Mono",monospace;white-space:pre-wrap;overflow-wrap:anywhere;tab-size:4}
      pre{padding:14px 18px;margin:0 0 14px;overflow:auto}
      .two{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(440px,100%),1fr));gap:16px;align-items:start}
      .table{overflow-x:auto}
      table{border-collapse:separate;border-spacing:0;width:100%;font-size:13.5px}
      td,th{padding:7px 14px;text-align:left;vertical-align:top;border-top:1px solid var(--line)}
      .facts td{overflow-wrap:anywhere}
      tr:first-child>td,tr:first-child>th{border-top:0}th{font-weight:500;color:var(--soft);white-space:nowrap}
      .number{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}
      code{font:12.8px ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace}
      footer{margin-top:48px;padding-top:16px;border-top:1px solid var(--line);color:var(--soft);font-size:13px}
      .tip{position:absolute;pointer-events:none;background:var(--ink);color:var(--back);border-radius:6px;padding:5px 9px;font-size:12px;line-height:1.45;white-space:nowrap;font-variant-numeric:tabular-nums;display:none;z-index:1}
      @media(max-width:640px){.sample .sides{grid-template-columns:1fr}.sample .sides>div+div{border-left:0;border-top:1px solid var(--line)}}
      @media print{body{background:#fff}main{padding:0;max-width:none}.card,.chart-card,.sample,tr{break-inside:avoid}h2{break-after:avoid}.charts{grid-template-columns:1fr 1fr}}
      """;

  /// Shows the values nearest to the pointer.
  private static final String SCRIPT =
      """
      document.querySelectorAll('.chart-card').forEach(card=>{
        const svg=card.querySelector('svg'),paths=[...svg.querySelectorAll('path[data-points]')];
        if(!paths.length)return;
        const tip=card.appendChild(document.createElement('div'));tip.className='tip';
        const lines=paths.map(p=>({name:p.dataset.name,points:p.dataset.points.split(';').filter(Boolean).map(t=>t.split(','))}));
        svg.addEventListener('pointermove',e=>{
          const box=svg.getBoundingClientRect(),x=(e.clientX-box.left)*svg.viewBox.baseVal.width/box.width;
          const near=lines.map(l=>[l.name,l.points.reduce((a,b)=>Math.abs(b[0]-x)<Math.abs(a[0]-x)?b:a)]);
          tip.textContent='';
          const head=document.createElement('div');head.textContent=svg.dataset.x+' '+near[0][1][2];tip.append(head);
          near.forEach(([n,p])=>{const d=document.createElement('div');d.textContent=n+'  '+p[3];tip.append(d)});
          tip.style.display='block';
          const left=e.clientX-card.getBoundingClientRect().left;
          tip.style.left=Math.min(left+14,card.clientWidth-tip.offsetWidth-6)+'px';
          tip.style.top=(e.clientY-card.getBoundingClientRect().top+14)+'px';
        });
        svg.addEventListener('pointerleave',()=>tip.style.display='none');
      });
      """;

  /// An alidade over its divided arc.
  private static final String MARK =
      "<svg viewBox=\"0 0 48 48\" aria-hidden=\"true\"><path d=\"M5 36a19 19 0 0 1 38 0z\"/>"
          + "<path d=\"M24 17v4M10.6 22.6l2.8 2.8M37.4 22.6l-2.8 2.8M17 19l1.4 3.4M31 19l-1.4 3.4\"/>"
          + "<path d=\"M24 36L41 9\" stroke-width=\"2.6\"/><circle cx=\"24\" cy=\"36\" r=\"2.4\"/></svg>";

  private static final Pattern NUMBER =
      Pattern.compile("[-+]?[0-9][0-9.,]*(e[-+]?[0-9]+)? ?%?( ± [0-9.]+)?");

  /// What stands in place of a number that there is none of.
  private static final Set<String> ABSENT = Set.of("-", "–");

  private final StringBuilder body = new StringBuilder();
  private final String title;

  /// A page with a heading.
  ///
  /// @param eyebrow the small line above the title
  /// @param title what the page is about
  /// @param subtitle the line below it
  public Page(String eyebrow, String title, String subtitle) {
    this.title = title;
    body.append("<header>").append(MARK).append("<div><div class=\"eyebrow\">");
    body.append(Svg.escape(eyebrow)).append("</div><h1>").append(Svg.escape(title));
    body.append("</h1><p>").append(Svg.escape(subtitle)).append("</p></div></header>\n");
  }

  /// A heading for what follows.
  public Page heading(String text) {
    body.append("<h2>").append(Svg.escape(text)).append("</h2>\n");
    return this;
  }

  /// A paragraph of plain text.
  public Page paragraph(String text) {
    body.append("<p>").append(Svg.escape(text)).append("</p>\n");
    return this;
  }

  /// A paragraph in which what stands between backticks is code.
  public Page prose(String text) {
    var pieces = text.split("`", -1);
    body.append("<p>");
    for (int i = 0; i < pieces.length; i++) {
      boolean code = i % 2 == 1 && i < pieces.length - 1;
      body.append(code ? "<code>" : "").append(Svg.escape(pieces[i])).append(code ? "</code>" : "");
    }
    body.append("</p>\n");
    return this;
  }

  /// Figures in two columns.
  public Page charts(Iterable<? extends Chart> charts) {
    body.append("<div class=\"charts\">");
    for (var chart : charts) {
      body.append("<div class=\"chart-card\">").append(chart.svg()).append("</div>\n");
    }
    body.append("</div>\n");
    return this;
  }

  /// Text as it is, in a box.
  Page pre(String text) {
    body.append("<pre>").append(Svg.escape(text.stripTrailing())).append("</pre>\n");
    return this;
  }

  /// A table with a heading row; columns of numbers stand to the right, heading and dashes
  /// included.
  public Page table(Iterable<String> headings, Iterable<? extends Iterable<String>> rows) {
    var names = listed(headings);
    var lines = new ArrayList<List<String>>();
    rows.forEach(row -> lines.add(listed(row)));
    body.append("<div class=\"table\"><table>");
    row("th", names, column -> lines.stream().anyMatch(line -> number(line, column)));
    for (var line : lines) {
      row("td", line, column -> number(line, column) || ABSENT.contains(line.get(column)));
    }
    body.append("</table></div>\n");
    return this;
  }

  private static List<String> listed(Iterable<String> cells) {
    var list = new ArrayList<String>();
    cells.forEach(list::add);
    return list;
  }

  private static boolean number(List<String> line, int column) {
    return column < line.size() && NUMBER.matcher(line.get(column)).matches();
  }

  private void row(String tag, List<String> cells, IntPredicate number) {
    body.append("<tr>");
    for (int column = 0; column < cells.size(); column++) {
      body.append('<').append(tag).append(number.test(column) ? " class=\"number\">" : ">");
      body.append(Svg.escape(cells.get(column))).append("</").append(tag).append('>');
    }
    body.append("</tr>\n");
  }

  /// A table of names and values.
  public Page facts(java.util.Map<String, String> facts) {
    body.append("<div class=\"table facts\"><table>");
    facts.forEach((name, value) ->
        body.append("<tr><th>")
            .append(Svg.escape(name))
            .append("</th><td>")
            .append(Svg.escape(value))
            .append("</td></tr>\n"));
    body.append("</table></div>\n");
    return this;
  }

  /// Markup of this package, whose texts are escaped.
  Page markup(String html) {
    body.append(html);
    return this;
  }

  /// The whole page.
  public String html() {
    return "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">"
        + "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\"><title>"
        + Svg.escape(title)
        + "</title><style>"
        + Chart.STYLE
        + STYLE
        + "</style></head><body><main>\n"
        + body
        + "</main><script>"
        + SCRIPT
        + "</script></body></html>\n";
  }
}
