// Block Kit. The maintained renderer draws what is to be read; what is to be
// pressed, chosen or filled in is drawn here, because it must reach the bot.
import { useMemo, useState } from "preact/hooks";
import { Message as Renderer } from "slack-blocks-to-jsx";
import "slack-blocks-to-jsx/dist/style.css";
import { Ago, full, time } from "../ages.jsx";
import { world } from "../feed.js";
import { Picture } from "../pictures.jsx";
import { useDark } from "../theme.jsx";

const web = (address) => (/^https?:\/\//i.test(address || "") ? address : undefined);

const hooks = {
  link: ({ href, children, className }) => <a class={`s-link ${className || ""}`} href={web(href)} target="_blank" rel="noopener noreferrer">{children}</a>,
  date: ({ timestamp, format, link, fallback }) => {
    const unix = Number(timestamp);
    const shown = !unix ? fallback : /\{ago\}/.test(format) ? <Ago unix={unix} /> : /\{time/.test(format) && !/\{date/.test(format) ? time(unix * 1000) : full(unix * 1000);
    return web(link) ? <a class="s-link" href={web(link)}>{shown}</a> : <span>{shown}</span>;
  },
  channel: ({ id }) => <span class="s-mention">#{world.channels.find((c) => c.platform === "slack" && c.id === id)?.name || "unknown"}</span>,
  user: ({ id, name }) => <span class="s-mention">@{name || id}</span>,
};

// marked takes "verbatim" off: in Slack it only keeps addresses and names from
// becoming links, while the renderer leaves all markup alone for it.
const marked = (v) =>
  Array.isArray(v) ? v.map(marked) : v && typeof v === "object" ? Object.fromEntries(Object.entries(v).filter(([k]) => k !== "verbatim").map(([k, inner]) => [k, marked(inner)])) : v;

function Drawn({ block: given }) {
  const dark = useDark();
  const block = useMemo(() => marked(given), [given]);
  return <Renderer blocks={[block]} withoutWrapper theme={dark ? "dark" : "light"} hooks={hooks} />;
}

export function Button({ e, act }) {
  const [busy, setBusy] = useState(false);
  const look = `s-button ${e.style || ""}`;
  const label = e.text?.text || "";
  if (e.url) return <a class={look} href={web(e.url)} target="_blank" rel="noopener noreferrer">{label}</a>;
  const press = async () => {
    setBusy(true);
    await act({ do: "press", value: e.value || label });
    setBusy(false);
  };
  return <button type="button" class={look} disabled={busy} aria-busy={busy} aria-label={e.accessibility_label} onClick={press}>{label}</button>;
}

function Menu({ e, act }) {
  const placeholder = e.placeholder?.text || "Choose";
  const options = e.options || (e.option_groups || []).flatMap((g) => g.options);
  return (
    <select class="s-menu" aria-label={placeholder} onChange={(ev) => ev.currentTarget.value && act({ do: "select", menu: e.action_id, values: [ev.currentTarget.value] })}>
      <option value="">{placeholder}</option>
      {options.map((o) => <option value={o.value} selected={e.initial_option?.value === o.value}>{o.text.text}</option>)}
    </select>
  );
}

function Element({ e, act }) {
  if (e.type === "button") return <Button e={e} act={act} />;
  if (e.type === "static_select") return <Menu e={e} act={act} />;
  return null;
}

function Block({ block, act }) {
  switch (block.type) {
    case "actions":
      return <div class="s-actions">{block.elements.map((e) => <Element e={e} act={act} />)}</div>;
    case "section": {
      const { accessory, ...rest } = block;
      if (!accessory) return <Drawn block={block} />;
      const beside = accessory.type === "image" ? <Picture class="s-accessory" address={accessory.image_url} alt={accessory.alt_text} /> : <Element e={accessory} act={act} />;
      return <div class="s-section"><div class="s-section-text"><Drawn block={rest} /></div>{beside}</div>;
    }
    case "image":
      return (
        <figure class="s-image">
          {block.title && <figcaption>{block.title.text}</figcaption>}
          <Picture address={block.image_url || "attachment://file"} alt={block.alt_text} />
        </figure>
      );
    case "divider":
      return <hr class="s-rule" />;
    case "markdown":
      return <div class="s-plain">{block.text}</div>;
    case "input":
      return null; // drawn in forms
    default:
      return <Drawn block={block} />;
  }
}

export function Blocks({ list, act }) {
  return (list || []).map((block) => <Block block={block} act={act} />);
}
