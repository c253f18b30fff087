"use strict";
// Draws what stands in the channels. Every text enters the page as text, never
// as markup, so nothing that a move's title holds can become part of the page.

const el = (tag, className, ...children) => {
  const e = document.createElement(tag);
  if (className) e.className = className;
  e.append(...children);
  return e;
};
const web = (address) => /^https?:\/\//.test(address);
const anchor = (address, ...children) => {
  const a = el("a", "", ...children);
  if (web(address)) { a.href = address; a.target = "_blank"; a.rel = "noopener noreferrer"; }
  return a;
};
const ago = (unix) => {
  const s = Math.max(0, Date.now() / 1000 - unix), day = 86400;
  const [n, unit] = s < 60 ? [0, ""] : s < 3600 ? [s / 60, "minute"] : s < day ? [s / 3600, "hour"] : s < 30 * day ? [s / day, "day"] : s < 365 * day ? [s / 30 / day, "month"] : [s / 365 / day, "year"];
  const whole = Math.floor(n);
  return unit ? `${whole} ${unit}${whole === 1 ? "" : "s"} ago` : "just now";
};

// inline draws one line; rules are tried in order at every place.
function inline(text, rules) {
  const out = [];
  let plain = "";
  const flush = () => { if (plain) { out.push(plain); plain = ""; } };
  for (let rest = text; rest;) {
    const hit = rules.map(([pattern, draw]) => [pattern.exec(rest), draw]).find(([m]) => m);
    if (!hit) { const c = String.fromCodePoint(rest.codePointAt(0)); plain += c; rest = rest.slice(c.length); continue; }
    const [match, draw] = hit, drawn = draw(match);
    if (typeof drawn === "string") plain += drawn; else { flush(); out.push(drawn); }
    rest = rest.slice(match[0].length);
  }
  flush();
  return out;
}

const markdown = [
  [/^\\([^0-9A-Za-z\s])/, (m) => m[1]],
  [/^`([^`]+)`/, (m) => el("code", "", m[1])],
  [/^\*\*((?:\\.|[^\\])+?)\*\*/s, (m) => el("strong", "", ...inline(m[1], markdown))],
  [/^~~((?:\\.|[^\\])+?)~~/s, (m) => el("s", "", ...inline(m[1], markdown))],
  [/^\*((?:\\.|[^\\*])+?)\*/s, (m) => el("em", "", ...inline(m[1], markdown))],
  [/^\[((?:\\.|[^\]\\])+)\]\((https?:[^\s)]+)\)/, (m) => anchor(m[2], ...inline(m[1], markdown))],
  [/^<t:(\d+):R>/, (m) => ago(Number(m[1]))],
  [/^<#\d+>/, () => el("strong", "", "#this-channel")],
];
const styles = [[/^## /, "title"], [/^### /, "heading"], [/^-# /, "small"], [/^> /, "quote"]];

function discordLine(line) {
  const style = styles.find(([prefix]) => prefix.test(line));
  const e = el("div", "line" + (style ? " " + style[1] : ""), ...inline(style ? line.replace(style[0], "") : line, markdown));
  if (!e.textContent) e.append("\u00a0");
  return e;
}

function discordPart(c, press) {
  const all = (list) => (list || []).map((one) => discordPart(one, press));
  switch (c.type) {
    case 17: {
      const box = el("div", "container", ...all(c.components));
      if (Number.isInteger(c.accent_color)) box.style.borderLeftColor = "#" + c.accent_color.toString(16).padStart(6, "0");
      return box;
    }
    case 10: return el("div", "", ...c.content.split("\n").map(discordLine));
    case 9: return el("div", "section", el("div", "", ...all(c.components)), discordPart(c.accessory, press));
    case 14: return el("hr");
    case 1: return el("div", "row", ...all(c.components));
    case 2: return c.url ? linkButton(c.url, c.label) : pressable(c.label, () => press(c.custom_id));
    default: return el("span");
  }
}

const linkButton = (address, label) => { const a = anchor(address, label + " ↗"); a.className = "button"; return a; };
const pressable = (label, act) => { const b = el("button", "", label); b.type = "button"; b.addEventListener("click", act); return b; };

const entities = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };
const mrkdwn = [
  [/^&(amp|lt|gt);/, (m) => entities[m[0]]],
  [/^`([^`]+)`/, (m) => el("code", "", ...inline(m[1], mrkdwn))],
  [/^<!date\^(\d+)\^[^|>]*\|[^>]*>/, (m) => ago(Number(m[1]))],
  [/^<(https?:[^|>]+)\|([^>]*)>/, (m) => anchor(m[1].replace(/&amp;/g, "&"), ...inline(m[2], mrkdwn))],
  [/^<(https?:[^>]+)>/, (m) => anchor(m[1].replace(/&amp;/g, "&"), m[1])],
  [/^<#\w+(\|[^>]*)?>/, () => el("strong", "", "#this-channel")],
  [/^\*([^*\n]+)\*/, (m) => el("strong", "", ...inline(m[1], mrkdwn))],
  [/^_([^_\n]+)_/, (m) => el("em", "", ...inline(m[1], mrkdwn))],
  [/^~([^~\n]+)~/, (m) => el("s", "", ...inline(m[1], mrkdwn))],
];

const slackText = (t) => {
  if (t.type === "plain_text") return el("div", "", t.text);
  return el("div", "", ...t.text.split("\n").map((l) => {
    const quote = /^(&gt;|>) ?/;
    return el("div", "line" + (quote.test(l) ? " quote" : ""), ...(l ? inline(l.replace(quote, ""), mrkdwn) : ["\u00a0"]));
  }));
};

function richPiece(e) {
  const style = e.style || {};
  let drawn = e.type === "link" ? anchor(e.url, e.text || e.url)
    : e.type === "date" ? document.createTextNode(ago(e.timestamp))
    : e.type === "channel" ? el("strong", "", "#this-channel")
    : document.createTextNode(e.text || "");
  for (const [name, tag] of [["bold", "strong"], ["italic", "em"], ["strike", "s"], ["code", "code"]]) if (style[name]) drawn = el(tag, "", drawn);
  return drawn;
}

function slackRich(block) {
  return el("div", "", ...block.elements.map((part) => {
    const e = el("div", part.type === "rich_text_quote" ? "line quote" : "line");
    e.style.whiteSpace = "pre-wrap";
    e.append(...(part.elements || []).map(richPiece));
    return e;
  }));
}

function slackPart(b, press) {
  switch (b.type) {
    case "header": return el("div", "line title", b.text.text);
    case "section": {
      const text = slackText(b.text);
      return b.accessory ? el("div", "section", text, slackPart(b.accessory, press)) : text;
    }
    case "context": return el("div", "context", ...b.elements.map((e) => e.type === "image" ? el("span") : slackText(e)));
    case "divider": return el("hr");
    case "actions": return el("div", "row", ...b.elements.map((e) => slackPart(e, press)));
    case "button": return b.url ? linkButton(b.url, b.text.text) : pressable(b.text.text, () => press(b.value));
    case "rich_text": return slackRich(b);
    default: return el("span");
  }
}

function draw(platform, message, press) {
  const body = el("div", "body");
  const parts = platform === "discord" ? (message.body.components || []).map((c) => discordPart(c, press)) : (message.body.blocks || []).map((b) => slackPart(b, press));
  body.append(...(parts.length ? parts : [message.body.text || message.body.content || ""]));
  const time = el("time", "", new Date(message.at).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" }));
  const row = el("div", "message", el("div", "face", "⚡"), el("div", "", el("div", "who", "sparkbot", el("span", "app", "APP"), time), body));
  row.dataset.id = message.id;
  row.firstChild.setAttribute("aria-hidden", "true");
  return row;
}

async function send(path, what) {
  const response = await fetch(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(what) });
  return response.json();
}

class Channel {
  constructor(c) {
    Object.assign(this, { id: c.id, platform: c.platform });
    const hint = c.platform === "discord" ? "/spark project:session" : "/spark session";
    this.log = el("div", "log");
    this.log.tabIndex = 0;
    this.input = el("input");
    this.input.setAttribute("aria-label", `A slash command for #${c.name} on ${c.platform}`);
    this.input.placeholder = `Try ${hint}`;
    this.input.autocomplete = "off";
    const form = el("form", "", this.input, el("button", "", "Send"));
    form.addEventListener("submit", (event) => { event.preventDefault(); this.say(this.input.value); this.input.value = ""; });
    this.node = el("section", `channel ${c.platform}`, el("h2", "", `# ${c.name}`, el("small", "", c.platform === "discord" ? "Discord" : "Slack")), this.log, form);
    this.show(c.messages);
  }
  show(messages) {
    const near = this.log.scrollHeight - this.log.scrollTop - this.log.clientHeight < 80;
    for (const m of messages) {
      const old = this.log.querySelector(`[data-id="${CSS.escape(m.id)}"]`);
      const text = JSON.stringify(m.body);
      if (old && old.dataset.body === text) continue;
      const drawn = draw(this.platform, m, (value) => this.press(m.id, value));
      drawn.dataset.body = text;
      if (old) old.replaceWith(drawn); else this.log.append(drawn);
    }
    if (near) this.log.scrollTop = this.log.scrollHeight;
  }
  async say(text) {
    if (!text.trim()) return;
    this.log.append(el("div", "typed", "you: " + text));
    this.answered(await send("/page/say", { platform: this.platform, channel: this.id, text }));
  }
  async press(message, value) {
    this.answered(await send("/page/press", { platform: this.platform, channel: this.id, message, value }));
  }
  answered(a) {
    if (a.error) this.log.append(el("div", "typed error", a.error));
    else if (a.private && !a.updated) {
      const drawn = draw(this.platform, a.message, (value) => this.press(a.message.id, value));
      drawn.lastChild.className = "private box";
      drawn.lastChild.prepend(el("div", "private", "Only visible to you"));
      this.log.append(drawn);
    } else if (a.updated) {
      const old = this.log.querySelector(`[data-id="${CSS.escape(a.message.id)}"]`);
      const drawn = draw(this.platform, a.message, (value) => this.press(a.message.id, value));
      if (old) old.replaceWith(drawn); else this.log.append(drawn);
    }
    this.log.scrollTop = this.log.scrollHeight;
  }
}

const channels = new Map();
async function refresh() {
  const state = await (await fetch("/page/state")).json();
  for (const c of state || []) {
    const key = c.platform + c.id;
    if (channels.has(key)) { channels.get(key).show(c.messages); continue; }
    const made = new Channel(c);
    channels.set(key, made);
    document.getElementById("channels").append(made.node);
    made.log.scrollTop = made.log.scrollHeight;
  }
}
let due = false;
function soon() {
  if (due) return;
  due = true;
  setTimeout(() => { due = false; refresh(); }, 30);
}
new EventSource("/page/events").onmessage = soon;
refresh();
