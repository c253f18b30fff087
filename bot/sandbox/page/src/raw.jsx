// The way to a message's JSON, which has an address of its own.
export function Raw({ channel, message }) {
  if (!channel.id) return null;
  const address = `/raw/${channel.platform}/${encodeURIComponent(message.id)}` + (channel.platform === "slack" ? `?channel=${channel.id}` : "");
  return <a class="raw" href={address} target="_blank" rel="noopener" aria-label="The JSON of this message">{"{ }"}</a>;
}
