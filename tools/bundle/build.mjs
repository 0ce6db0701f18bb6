// Bundles the libraries of package.json into kg/serve/static/vendor, with their licences.
import { build } from "esbuild";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = join(here, "..", "..", "kg", "serve", "static", "vendor");
const ALLOWED = ["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0"];

const result = await build({
  entryPoints: [join(here, "editor.js")],
  outfile: join(target, "codemirror.js"),
  bundle: true,
  format: "esm",
  minify: true,
  target: "es2020",
  charset: "utf8",
  legalComments: "none",
  metafile: true,
});

// A library counts if a file of it is in the bundle.
const used = Object.keys(result.metafile.outputs)
  .flatMap((name) => Object.entries(result.metafile.outputs[name].inputs))
  .filter(([, input]) => input.bytesInOutput > 0)
  .map(([path]) => path.match(/node_modules\/((?:@[^/]+\/)?[^/]+)/)?.[1])
  .filter(Boolean);

const texts = [...new Set(used)].sort().map((name) => {
  const folder = join(here, "node_modules", name);
  const { version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  if (!ALLOWED.includes(license)) throw new Error(`${name} has the licence ${license}`);
  const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (!file) throw new Error(`${name} has no text of its licence`);
  return `${name} ${version} (${license})\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
});
const rule = `\n${"-".repeat(80)}\n\n`;
writeFileSync(join(target, "codemirror-licenses.txt"), `codemirror.js contains these libraries:${rule}${texts.join(rule)}`);
console.log(texts.map((text) => text.split("\n")[0]).join("\n"));
