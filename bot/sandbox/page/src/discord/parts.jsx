// Components V2, which the maintained renderer does not draw: containers,
// sections, galleries, rows with buttons and menus.
import { useState } from "preact/hooks";
import { Picture } from "../pictures.jsx";
import { Markdown, web } from "./markdown.jsx";

const styles = { 1: "primary", 2: "secondary", 3: "success", 4: "danger", 5: "link", 6: "secondary" };

export function Button({ c, act }) {
  const [busy, setBusy] = useState(false);
  const look = `d-button ${styles[c.style] || "secondary"}`;
  const label = [c.emoji?.name && <span class="d-emoji">{c.emoji.name}</span>, c.label];
  if (c.url) {
    return (
      <a class={look} href={web(c.url)} target="_blank" rel="noopener noreferrer">
        {label}
        <svg viewBox="0 0 24 24" aria-hidden="true"><path fill="currentColor" d="M15 2a1 1 0 0 1 1-1h6a1 1 0 0 1 1 1v6a1 1 0 1 1-2 0V4.4l-9.3 9.3a1 1 0 0 1-1.4-1.4L19.6 3H16a1 1 0 0 1-1-1M5 2a4 4 0 0 0-4 4v13a4 4 0 0 0 4 4h13a4 4 0 0 0 4-4v-6a1 1 0 1 0-2 0v6a2 2 0 0 1-2 2H5a2 2 0 0 1-2-2V6c0-1.1.9-2 2-2h6a1 1 0 1 0 0-2z" /></svg>
      </a>
    );
  }
  const press = async () => {
    setBusy(true);
    await act({ do: "press", value: c.custom_id });
    setBusy(false);
  };
  return <button type="button" class={look} disabled={c.disabled || busy} aria-busy={busy} onClick={press}>{label}</button>;
}

function Menu({ c, act }) {
  const many = (c.max_values || 1) > 1;
  const choose = (e) => {
    const values = [...e.currentTarget.selectedOptions].map((o) => o.value).filter(Boolean);
    if (values.length >= (c.min_values ?? 1)) act({ do: "select", menu: c.custom_id, values });
  };
  const chosen = (c.options || []).filter((o) => o.default).map((o) => o.value);
  return (
    <select class="d-menu" multiple={many} disabled={c.disabled} onChange={choose} aria-label={c.placeholder || "Choose"}>
      {!many && <option value="" selected={!chosen.length}>{c.placeholder || "Make a selection"}</option>}
      {(c.options || []).map((o) => <option value={o.value} selected={chosen.includes(o.value)} title={o.description}>{o.label}</option>)}
    </select>
  );
}

function Gallery({ c }) {
  return (
    <div class={`d-gallery n${Math.min(4, (c.items || []).length)}`}>
      {(c.items || []).map((i) => <Picture address={i.media?.url} alt={i.description} />)}
    </div>
  );
}

function Container({ c, act }) {
  const colour = Number.isInteger(c.accent_color) ? "#" + c.accent_color.toString(16).padStart(6, "0") : undefined;
  return <div class="d-container" style={{ borderLeftColor: colour }}><Parts list={c.components} act={act} /></div>;
}

function Part({ c, act }) {
  if (!c) return null;
  switch (c.type) {
    case 1:
      return <div class="d-row">{(c.components || []).map((b) => <Part c={b} act={act} />)}</div>;
    case 2:
      return <Button c={c} act={act} />;
    case 3:
      return <Menu c={c} act={act} />;
    case 9:
      return (
        <div class="d-section">
          <div class="d-section-text"><Parts list={c.components} act={act} /></div>
          <Part c={c.accessory} act={act} />
        </div>
      );
    case 10:
      return <Markdown>{c.content || ""}</Markdown>;
    case 11:
      return <Picture class="d-thumbnail" address={c.media?.url} alt={c.description} />;
    case 12:
      return <Gallery c={c} />;
    case 13:
      return <a class="d-link" href={web(c.file?.url)}>{(c.file?.url || "").replace("attachment://", "")}</a>;
    case 14:
      return c.divider === false ? <div class="d-space" /> : <hr class={c.spacing === 2 ? "d-rule wide" : "d-rule"} />;
    case 17:
      return <Container c={c} act={act} />;
    default:
      return <div class="d-small">(a component of type {String(c.type)})</div>;
  }
}

export function Parts({ list, act }) {
  return (list || []).map((c) => <Part c={c} act={act} />);
}
