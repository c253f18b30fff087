// Pictures of a message. Those the bot sent along are served by the sandbox;
// those at an address elsewhere are not fetched, because the demo works without
// a network: a tile with the first letter stands in. Of a preview's pictures only
// the words are known.
import { useState } from "preact/hooks";

// local gives the path of a picture that the sandbox serves, under whatever name
// the page was opened.
export function local(address) {
  const own = /^http:\/\/(?:127\.0\.0\.1|localhost|\[::1\])(?::\d+)?(\/(?:discord\/cdn|slack\/files-pri)\/.*)$/.exec(address || "");
  return own ? own[1] : undefined;
}

export function Picture({ address, alt, class: name }) {
  const [large, enlarge] = useState(false);
  const path = local(address);
  if (!path && address?.startsWith("attachment://")) {
    return <span class={`stand-in ${name || ""}`} role="img" aria-label={alt || "picture"}>{alt || address}</span>;
  }
  if (!path) {
    const letter = (alt || address || "?").trim().slice(0, 1).toUpperCase();
    return <span class={`tile ${name || ""}`} role="img" aria-label={alt || "picture"} title={`${alt || "picture"}: ${address}`}>{letter}</span>;
  }
  return (
    <button type="button" class={`picture ${large ? "large" : ""} ${name || ""}`} onClick={() => enlarge(!large)} aria-label={`${alt || "picture"}, ${large ? "make smaller" : "make larger"}`}>
      <img src={path} alt={alt || ""} />
    </button>
  );
}
