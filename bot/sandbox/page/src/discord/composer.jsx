// Where a member types in Discord: the list of commands first, then the command
// with a chip for each option, and the bot's own suggestions for the one at hand.
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { act, post, useWorld } from "../feed.js";
import { List, step } from "../list.jsx";
import { chosen, entries, fixed, matching } from "./commands.js";

// useSuggestions gives what may be entered in the option at hand.
function useSuggestions(channel, entry, values, option) {
  const world = useWorld();
  const [found, setFound] = useState([]);
  const typed = option ? values[option.name]?.text || "" : "";
  useEffect(() => {
    if (!option) {
      setFound([]);
      return;
    }
    const ready = fixed(option, world);
    if (ready) {
      setFound(ready.filter((c) => c.name.toLowerCase().includes(typed.toLowerCase())));
      return;
    }
    if (!option.autocomplete) {
      setFound([]);
      return;
    }
    let stale = false;
    const timer = setTimeout(async () => {
      const answer = await post("/page/complete", {
        platform: "discord", channel: channel.id, command: entry.command, sub: entry.sub, options: { ...filled(entry, values), [option.name]: typed }, focused: option.name,
      });
      if (!stale) setFound(answer.choices || []);
    }, 80);
    return () => {
      stale = true;
      clearTimeout(timer);
    };
  }, [channel.id, entry, option, typed, world.news]);
  return found;
}

// filled are the values as they are sent: what was chosen, else what was typed.
function filled(entry, values) {
  const out = {};
  for (const o of entry.options) {
    const v = values[o.name];
    const text = v && (v.value ?? v.text).trim();
    if (text) out[o.name] = text;
  }
  return out;
}

function Chip({ option, value, active, refer, on, list, at }) {
  return (
    <label class={active ? "d-chip active" : "d-chip"}>
      <span class="d-chip-name">{option.name}</span>
      <input
        ref={refer}
        value={value?.label ?? value?.text ?? ""}
        size={Math.max(3, (value?.label ?? value?.text ?? "").length + 1)}
        aria-label={`${option.name}: ${option.description}`}
        role="combobox"
        aria-expanded={active}
        aria-controls={list}
        aria-activedescendant={active && at >= 0 ? `${list}-${at}` : undefined}
        autocomplete="off"
        autocapitalize="off"
        spellcheck={false}
        onFocus={on.focus}
        onInput={(e) => on.input(e.currentTarget.value)}
        onKeyDown={on.key}
      />
    </label>
  );
}

export function Composer({ channel, open, say }) {
  const world = useWorld();
  const all = useMemo(() => entries(world.commands), [world.commands]);
  const [text, setText] = useState("");
  const [entry, setEntry] = useState(null);
  const [values, setValues] = useState({});
  const [shown, setShown] = useState([]); // names of the options that have a chip
  const [focus, setFocus] = useState(null);
  const [at, setAt] = useState(0);
  const [busy, setBusy] = useState(false);
  const field = useRef();
  const chips = useRef({});
  const option = entry?.options.find((o) => o.name === focus);
  const found = useSuggestions(channel, entry, values, option);
  const picking = !entry && text.startsWith("/");
  const commands = picking ? matching(all, text) : [];
  const list = `d-list-${channel.id}`;

  useEffect(() => setAt(entry ? -1 : 0), [entry, focus, text]);
  // Before the next key: what is typed on must land in the chip.
  useLayoutEffect(() => {
    const target = focus ? chips.current[focus] : field.current;
    if (entry && target && document.activeElement !== target) target.focus();
  }, [entry, focus]);

  const begin = (e, rest = "") => {
    setEntry(e);
    setText("");
    setValues({});
    const first = e.options.filter((o) => o.required).map((o) => o.name);
    if (!first.length && e.options.length && e.options[0].type === 3) first.push(e.options[0].name);
    setShown(first);
    setFocus(first[0] || null);
    if (rest && first[0]) setValues({ [first[0]]: { text: rest } });
  };
  const reset = () => {
    setEntry(null);
    setText("");
    setValues({});
    setShown([]);
    setFocus(null);
    field.current?.focus();
  };
  const add = (name) => {
    setShown((s) => (s.includes(name) ? s : [...s, name]));
    setFocus(name);
  };
  const remove = (name) => {
    const rest = shown.filter((s) => s !== name);
    setShown(rest);
    setValues(({ [name]: _, ...v }) => v);
    setFocus(rest.at(-1) || null);
    if (!rest.length) field.current?.focus();
  };

  const send = async () => {
    if (busy) return;
    if (!entry) {
      const typed = text.trim();
      if (!typed) return;
      if (!typed.startsWith("/")) return say("Only the bot is here, and it reads commands: begin with /");
      setBusy(true);
      setText("");
      const answer = await act(channel, { do: "say", text: typed });
      setBusy(false);
      return answer.error ? say(answer.error) : open(answer);
    }
    if (text.trim()) return say(`/${entry.name} has no option for “${text.trim()}”.`);
    const missing = entry.options.find((o) => o.required && !filled(entry, values)[o.name]);
    if (missing) {
      add(missing.name);
      return say(`${missing.name}: this option is required.`);
    }
    const what = { do: "run", command: entry.command, sub: entry.sub, options: filled(entry, values) };
    reset();
    setBusy(true);
    const answer = await act(channel, what);
    setBusy(false);
    return answer.error ? say(answer.error) : open(answer);
  };

  const pick = (item) => {
    setValues((v) => ({ ...v, [option.name]: { text: item.name, label: item.name, value: String(item.value) } }));
    setAt(-1);
    const next = entry.options.find((o) => o.required && o.name !== option.name && !values[o.name]);
    if (next) add(next.name);
  };
  const typed = (name, value) => {
    const other = /^([a-z-]+):$/.exec(value.trimStart());
    if (other && entry.options.some((o) => o.name === other[1])) {
      setValues((v) => ({ ...v, [name]: { text: "" } }));
      if (!other[1].includes(name) && !values[name]?.value) setShown((s) => s.filter((n) => n !== name));
      return add(other[1]);
    }
    const next = / ([a-z-]+):$/.exec(value);
    if (next && entry.options.some((o) => o.name === next[1])) {
      setValues((v) => ({ ...v, [name]: { text: value.slice(0, next.index) } }));
      return add(next[1]);
    }
    setValues((v) => ({ ...v, [name]: { text: value } }));
  };
  const key = (e, name) => {
    if ((e.key === "ArrowDown" || e.key === "ArrowUp") && found.length) {
      e.preventDefault();
      setAt(step(e.key, at, found.length));
    } else if (e.key === "Enter" || (e.key === "Tab" && at >= 0)) {
      e.preventDefault();
      if (at >= 0 && found[at]) pick(found[at]);
      else if (e.key === "Enter") send();
    } else if (e.key === "Escape") {
      e.preventDefault();
      reset();
    } else if (e.key === "Backspace" && !e.currentTarget.value) {
      e.preventDefault();
      if (name) remove(name);
      else reset();
    }
  };
  const open_ = entry ? entry.options.filter((o) => !shown.includes(o.name)) : [];

  return (
    <div class="d-composer" role="group" aria-label={`Write to #${channel.name} on Discord`}>
      {picking && (
        <List id={list} label="sparkbot's commands" items={commands.map((e) => ({ ...e, name: "/" + e.name, entry: e }))} at={Math.min(at, commands.length - 1)} pick={(i) => begin(i.entry)} empty="No command of the bot begins like that." />
      )}
      {option && <List id={list} label={`${option.name} – ${option.description}`} items={found} at={at} pick={pick} empty={option.autocomplete ? "No options match your search." : ""} />}
      <div class="d-field">
        {entry && (
          <>
            <span class="d-command">/{entry.name}</span>
            {shown.map((name) => {
              const o = entry.options.find((one) => one.name === name);
              return (
                <Chip key={name} option={o} value={values[name]} active={focus === name} list={list} at={at}
                  refer={(el) => { chips.current[name] = el; }}
                  on={{ focus: () => setFocus(name), input: (v) => typed(name, v), key: (e) => key(e, name) }} />
              );
            })}
          </>
        )}
        <input
          ref={field}
          class="d-input"
          value={text}
          placeholder={entry ? "" : `Message #${channel.name}`}
          aria-label={entry ? "More of the command" : `Message #${channel.name} on Discord; begin with / for a command`}
          role="combobox"
          aria-expanded={picking}
          aria-controls={list}
          aria-activedescendant={picking && commands.length ? `${list}-${Math.min(at, commands.length - 1)}` : undefined}
          autocomplete="off"
          autocapitalize="off"
          spellcheck={false}
          onFocus={() => entry && setFocus(null)}
          onInput={(e) => {
            const v = e.currentTarget.value;
            if (entry) {
              const name = /^\s*([a-z-]+):$/.exec(v)?.[1];
              if (name && entry.options.some((o) => o.name === name)) {
                setText("");
                add(name);
              } else setText(v);
              return;
            }
            const begun = v.startsWith("/") && chosen(all, v);
            if (begun) begin(begun, v.slice(begun.name.length + 2));
            else setText(v);
          }}
          onKeyDown={(e) => {
            if (entry) return key(e, null);
            if (!picking || !commands.length) {
              if (e.key === "Enter") send();
              return;
            }
            if (e.key === "ArrowDown" || e.key === "ArrowUp") {
              e.preventDefault();
              setAt(step(e.key, at, commands.length));
            } else if ((e.key === "Tab" && text.length > 1) || e.key === "Enter") {
              e.preventDefault();
              begin(commands[Math.min(at, commands.length - 1)]);
            } else if (e.key === "Escape") setText("");
          }}
        />
        <button type="button" class="d-send" disabled={busy} onClick={send} aria-label="Send">
          <svg viewBox="0 0 24 24" aria-hidden="true"><path fill="currentColor" d="M6.600 10.020 14 11.400a.6.6 0 0 1 0 1.180L6.600 14l-2.940 5.870a1.480 1.480 0 0 0 1.990 1.980l17.030-8.520a1.480 1.480 0 0 0 0-2.640L5.650 2.160a1.480 1.480 0 0 0-1.990 1.980z" /></svg>
        </button>
      </div>
      {entry && open_.length > 0 && (
        <div class="d-options" role="group" aria-label="Options to add">
          {open_.map((o) => <button type="button" onClick={() => add(o.name)} title={o.description}>+ {o.name}</button>)}
        </div>
      )}
      <p class="d-typing" aria-live="polite">{busy ? <><b>sparkbot</b> is thinking…</> : ""}</p>
    </div>
  );
}
