// Discord's markdown as elements. Every text enters the page as text, never as
// markup, so nothing that a move's title holds can become part of the page.
import { Ago, full, time } from "../ages.jsx";
import { world } from "../feed.js";

export const web = (address) => (/^https?:\/\//i.test(address) ? address : undefined);

function Link({ to, children }) {
  return <a class="d-link" href={web(to)} target="_blank" rel="noopener noreferrer">{children}</a>;
}

function Spoiler({ children }) {
  return <discord-spoiler>{children}</discord-spoiler>;
}

function Time({ unix, style }) {
  const ms = unix * 1000;
  const shown = style === "R" ? <Ago unix={unix} /> : style === "t" || style === "T" ? time(ms) : full(ms);
  return <span class="d-time">{shown}</span>;
}

function Mention({ kind, id }) {
  if (kind === "#") {
    const c = world.channels.find((c) => c.platform === "discord" && c.id === id);
    return <discord-mention type="channel">{c ? c.name : "unknown"}</discord-mention>;
  }
  return <discord-mention type={kind === "@&" ? "role" : "user"}>{kind === "@&" ? "role" : "member"}</discord-mention>;
}

// The rules of a line, tried in order at every place.
const rules = [
  [/^\\([^0-9A-Za-z\s])/, (m) => m[1]],
  [/^```(?:\w*\n)?([\s\S]+?)```/, (m) => <discord-code multiline>{m[1]}</discord-code>],
  [/^``([^`]+)``|^`([^`]+)`/, (m) => <discord-code>{m[1] || m[2]}</discord-code>],
  [/^\*\*((?:\\[\s\S]|[^\\])+?)\*\*(?!\*)/, (m) => <strong>{inline(m[1])}</strong>],
  [/^__((?:\\[\s\S]|[^\\])+?)__(?!_)/, (m) => <u>{inline(m[1])}</u>],
  [/^~~((?:\\[\s\S]|[^\\])+?)~~/, (m) => <s>{inline(m[1])}</s>],
  [/^\|\|((?:\\[\s\S]|[^\\])+?)\|\|/, (m) => <Spoiler>{inline(m[1])}</Spoiler>],
  [/^\*((?:\\[\s\S]|[^\\*])+?)\*/, (m) => <em>{inline(m[1])}</em>],
  [/^_((?:\\[\s\S]|[^\\_])+?)_(?!\w)/, (m) => <em>{inline(m[1])}</em>],
  [/^\[((?:\\[\s\S]|[^\]\\])+)\]\(<?(https?:[^\s)>]+)>?\)/, (m) => <Link to={m[2]}>{inline(m[1])}</Link>],
  [/^<t:(-?\d+)(?::([tTdDfFR]))?>/, (m) => <Time unix={Number(m[1])} style={m[2]} />],
  [/^<(#|@&|@!?)(\d+)>/, (m) => <Mention kind={m[1]} id={m[2]} />],
  [/^<(https?:[^\s>]+)>/, (m) => <Link to={m[1]}>{m[1]}</Link>],
  [/^https?:\/\/[^\s<>]+/, (m) => <Link to={m[0]}>{m[0]}</Link>],
];

export function inline(text) {
  const out = [];
  let plain = "";
  for (let rest = text; rest; ) {
    let hit;
    const rule = rules.find(([pattern]) => (hit = pattern.exec(rest)));
    if (!rule) {
      // Everything up to the next character a rule could begin with is plain.
      const next = rest.slice(1).search(/[\\`*_~|[<h]/);
      const n = next < 0 ? rest.length : next + 1;
      plain += rest.slice(0, n);
      rest = rest.slice(n);
      continue;
    }
    const drawn = rule[1](hit);
    if (typeof drawn === "string") plain += drawn;
    else {
      if (plain) out.push(plain);
      plain = "";
      out.push(drawn);
    }
    rest = rest.slice(hit[0].length);
  }
  if (plain) out.push(plain);
  return out;
}

function lineOf(line) {
  const header = /^(#{1,3}) (.*)$/s.exec(line);
  if (header) return { header: header[1].length, text: header[2] };
  if (line.startsWith("-# ")) return { small: true, text: line.slice(3) };
  if (line.startsWith("> ")) return { quote: true, text: line.slice(2) };
  const item = /^(\s*)[-*] (.*)$/s.exec(line);
  if (item) return { item: true, text: item[2] };
  return { text: line };
}

const header = (level, text) => (level === 1 ? <h3 class="d-h1">{text}</h3> : level === 2 ? <h3 class="d-h2">{text}</h3> : <h4 class="d-h3">{text}</h4>);

// Markdown draws a text: headers, small print, quotes and lists line by line.
export function Markdown({ children: text }) {
  const out = [];
  let quote = [];
  const close = () => {
    if (quote.length) out.push(<discord-quote>{quote.map((q, i) => [i > 0 && <br />, inline(q)])}</discord-quote>);
    quote = [];
  };
  for (const line of text.split("\n")) {
    const l = lineOf(line);
    if (l.quote) {
      quote.push(l.text);
      continue;
    }
    close();
    if (l.header) out.push(header(l.header, inline(l.text)));
    else if (l.small) out.push(<div class="d-small">{inline(l.text)}</div>);
    else if (l.item) out.push(<div class="d-item">{inline(l.text)}</div>);
    else out.push(<div class="d-line">{l.text ? inline(l.text) : "\u00a0"}</div>);
  }
  close();
  return <div class="d-text">{out}</div>;
}
