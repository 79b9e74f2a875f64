// Bundles the page into ../thirdeye/ui/static, or into the folder that is named. The same sources give the same bytes.
import { build } from "esbuild";
import { copyFileSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";

const here = dirname(fileURLToPath(import.meta.url));
const target = resolve(process.argv[2] ?? join(here, "../thirdeye/ui/static"));
// What is in the bundle, each with the file of its licence.
const vendored = {
  preact: "LICENSE",
  "@preact/signals": "LICENSE",
  "@preact/signals-core": "LICENSE",
  uplot: "LICENSE",
  "@fontsource-variable/inter": "LICENSE",
};

rmSync(target, { recursive: true, force: true });
mkdirSync(target, { recursive: true });
await build({
  absWorkingDir: here,
  entryPoints: { page: "src/main.tsx" },
  outdir: target,
  bundle: true,
  minify: true,
  format: "esm",
  target: "es2022",
  jsx: "automatic",
  jsxImportSource: "preact",
  legalComments: "none",
  external: ["./inter.woff2"],
  logLevel: "warning",
});
copyFileSync(
  join(here, "node_modules/@fontsource-variable/inter/files/inter-latin-wght-normal.woff2"),
  join(target, "inter.woff2"),
);
const licences = Object.entries(vendored).map(([name, file]) => {
  const folder = join(here, "node_modules", name);
  const { version } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"));
  return `${name} ${version}\n\n${readFileSync(join(folder, file), "utf8").trim()}\n`;
});
writeFileSync(join(target, "LICENSES"), licences.join(`\n${"-".repeat(80)}\n\n`));
