// Light and dark: what the system says, or what the visitor chose.
import { useEffect, useState } from "preact/hooks";

const system = matchMedia("(prefers-color-scheme: dark)");
const listeners = new Set();
let choice = read();

function read() {
  try {
    return localStorage.getItem("theme") || "auto";
  } catch {
    return "auto";
  }
}

const dark = () => (choice === "auto" ? system.matches : choice === "dark");

function apply() {
  document.documentElement.dataset.theme = dark() ? "dark" : "light";
  for (const l of listeners) l();
}

export function choose(next) {
  choice = next;
  try {
    localStorage.setItem("theme", next);
  } catch {
    // A browser that keeps nothing forgets the choice.
  }
  apply();
}

export const chosen = () => choice;

export function useDark() {
  const [, draw] = useState(0);
  useEffect(() => {
    const again = () => draw((n) => n + 1);
    listeners.add(again);
    return () => listeners.delete(again);
  }, []);
  return dark();
}

system.addEventListener("change", apply);
apply();
