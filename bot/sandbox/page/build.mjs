// Builds the page into dist: one script, one style sheet, the fonts, the
// licences of what is bundled, and a digest of the sources, by which a test sees
// that dist is current. Run it with `make page`.
import { build } from "esbuild";
import { createHash } from "node:crypto";
import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const out = "dist";
rmSync(out, { recursive: true, force: true });
mkdirSync(out);

const result = await build({
  entryPoints: { page: "src/main.jsx" },
  outdir: out,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  charset: "utf8",
  legalComments: "none",
  metafile: true,
  jsx: "automatic",
  jsxImportSource: "preact",
  define: { "process.env.NODE_ENV": '"production"' },
  loader: { ".woff2": "file" },
  assetNames: "[name]",
  alias: {
    react: "preact/compat",
    "react-dom": "preact/compat",
    "react/jsx-runtime": "preact/jsx-runtime",
    // Only Slack's `markdown` block, which the bot does not send, needs these;
    // slack/parts.jsx shows its text as it is.
    "react-markdown": "./src/slack/absent.js",
    "remark-gfm": "./src/slack/absent.js",
    // Shortcodes such as :wave: stand in no message: emoji are sent as they are.
    "node-emoji": "./src/slack/absent.js",
  },
});

for (const name of ["index.html", "spark.svg", "you.svg"]) cpSync(join("src", name), join(out, name));

// The licences of every package that is in the bundle. One that ships without its
// licence has it in licenses, as its repository has it.
const packages = new Set();
for (const input of Object.keys(result.metafile.inputs)) {
  const found = /^(node_modules\/(?:@[^/]+\/)?[^/]+)/.exec(input);
  if (found) packages.add(found[1]);
}
const parts = [...packages].sort().map((dir) => {
  const about = JSON.parse(readFileSync(join(dir, "package.json")));
  const file = readdirSync(dir).find((f) => /^licen[cs]e/i.test(f));
  const text = file ? readFileSync(join(dir, file), "utf8").trim() : readFileSync(join("licenses", about.name.replace(/^\W+/, "").replace(/\W+/g, "-") + ".txt"), "utf8").trim();
  return `${about.name} ${about.version} (${about.license})\n\n${text}\n`;
});
writeFileSync(join(out, "LICENSES.txt"), "What page.js, page.css and the fonts contain besides our own code.\n\n" + parts.join("\n" + "-".repeat(72) + "\n\n"));

// The digest of what the page is built from.
const sources = (dir) =>
  readdirSync(dir, { withFileTypes: true }).flatMap((f) => (f.isDirectory() ? sources(join(dir, f.name)) : [join(dir, f.name)]));
const digest = createHash("sha256");
for (const file of [...sources("src"), "build.mjs", "package.json", "package-lock.json"].map((f) => f.replaceAll("\\", "/")).sort()) {
  digest.update(file + "\n").update(readFileSync(file)).update("\n");
}
writeFileSync(join(out, "sources.sha256"), digest.digest("hex") + "\n");
