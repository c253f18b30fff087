// The parts of the maintained renderer that the page uses.
import "@skyra/discord-components-core/discord-code.js";
import "@skyra/discord-components-core/discord-mention.js";
import "@skyra/discord-components-core/discord-message.js";
import "@skyra/discord-components-core/discord-messages.js";
import "@skyra/discord-components-core/discord-quote.js";
import "@skyra/discord-components-core/discord-spoiler.js";
