// A list of suggestions above a field, worked by keyboard as in both clients.
import { useEffect, useRef } from "preact/hooks";

export function List({ id, label, items, at, pick, empty }) {
  const here = useRef();
  useEffect(() => here.current?.scrollIntoView({ block: "nearest" }), [at]);
  if (!items.length && !empty) return null;
  return (
    <ul class="suggestions" id={id} role="listbox" aria-label={label}>
      <li class="suggestions-head" role="presentation">{label}</li>
      {items.map((item, i) => (
        <li
          role="option"
          id={`${id}-${i}`}
          ref={i === at ? here : undefined}
          aria-selected={i === at}
          class={i === at ? "at" : ""}
          onPointerDown={(e) => {
            e.preventDefault();
            pick(item);
          }}
        >
          <span class="suggestion-name">{item.name}</span>
          {item.description && <span class="suggestion-about">{item.description}</span>}
        </li>
      ))}
      {!items.length && <li class="suggestions-empty" role="presentation">{empty}</li>}
    </ul>
  );
}

// step moves the place in a list of n by the arrow keys; -1 is no place.
export function step(key, at, n) {
  if (!n) return -1;
  if (key === "ArrowDown") return at + 1 >= n ? 0 : at + 1;
  return at <= 0 ? n - 1 : at - 1;
}
