// The registered commands as a member chooses from them: one entry for each
// command or subcommand, with its options.

const SUB = 1;
const GROUP = 2;

export function entries(commands) {
  const out = [];
  const walk = (command, path, def, restricted) => {
    const subs = (def.options || []).filter((o) => o.type === SUB || o.type === GROUP);
    if (!subs.length) {
      out.push({ command, sub: path, name: [command, ...path].join(" "), description: def.description, options: def.options || [], restricted });
      return;
    }
    for (const sub of subs) walk(command, [...path, sub.name], sub, restricted);
  };
  for (const c of commands || []) walk(c.name, [], c, Boolean(c.default_member_permissions));
  return out;
}

// matching gives the entries whose name begins with what was typed, the nearest
// first.
export function matching(all, typed) {
  const words = typed.replace(/^\//, "").toLowerCase().trimEnd();
  return all.filter((e) => e.name.startsWith(words) || e.name.includes(" " + words)).slice(0, 12);
}

// chosen finds the entry a typed text names, once a space follows its name.
export function chosen(all, typed) {
  const text = typed.replace(/^\//, "").toLowerCase();
  return all
    .filter((e) => text.startsWith(e.name + " "))
    .sort((a, b) => b.name.length - a.name.length)[0];
}

// KINDS of options whose values are chosen from a list.
export const BOOLEAN = 5;
export const CHANNEL = 7;
export const ROLE = 8;

// fixed gives the values an option offers without asking the bot, or undefined.
export function fixed(option, world) {
  if (option.choices?.length) return option.choices.map((c) => ({ name: c.name, value: String(c.value) }));
  if (option.type === BOOLEAN) return [{ name: "True", value: "True" }, { name: "False", value: "False" }];
  if (option.type === CHANNEL) return world.channels.filter((c) => c.platform === "discord").map((c) => ({ name: "# " + c.name, value: c.id }));
  if (option.type === ROLE) return world.roles.map((r) => ({ name: "@" + r.name, value: r.id }));
  return undefined;
}
